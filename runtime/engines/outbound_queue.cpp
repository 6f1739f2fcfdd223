#include "runtime/engines/outbound_queue.hpp"

#include <cassert>

namespace penstock {

void outbound_queue::add(handle request, const std::string& name) {
  auto& h = hosts_[name];
  if (h.name.empty()) h.name = name;
  h.waiting.insert(h.waiting.end(), request);
  requests_.emplace(request, &h);
  give_turn(h);
}

void outbound_queue::give_turn(host& h) {
  if (h.has_turn || h.waiting.empty() || h.under_way >= per_host_max_) return;
  h.has_turn = true;
  turns_.push_back(&h);
}

std::optional<outbound_queue::handle> outbound_queue::next() {
  while (under_way_ < under_way_max_ && !turns_.empty()) {
    auto& h = *turns_.front();
    turns_.pop_front();
    h.has_turn = false;
    // What waited may have been removed since.
    if (h.waiting.empty()) continue;
    const handle request = *h.waiting.begin();
    h.waiting.erase(h.waiting.begin());
    ++h.under_way;
    ++under_way_;
    give_turn(h);
    return request;
  }
  return std::nullopt;
}

void outbound_queue::remove(handle request) {
  const auto at = requests_.find(request);
  if (at == requests_.end()) return;
  auto& h = *at->second;
  requests_.erase(at);
  if (h.waiting.erase(request) == 0) {
    assert(h.under_way > 0 && under_way_ > 0);
    --h.under_way;
    --under_way_;
    give_turn(h);
  }
  if (h.under_way > 0 || !h.waiting.empty()) return;
  if (h.has_turn) turns_.remove(&h);
  hosts_.erase(std::string(h.name));
}

} // namespace penstock
