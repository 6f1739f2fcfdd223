#include "actors/core/lease_book.hpp"

#include "storage/keys.hpp"

namespace penstock {

void lease_book::load() {
  if (loaded_) return;
  loaded_ = true;
  const auto leases = keys::leases_prefix(owner_);
  around_.state.scan(family::state, leases, keys::behind(leases), [&](std::string_view key, std::string_view) {
    held_.insert(run_id{keys::plain_id(key)});
    return true;
  });
  const auto p = partition_of(owner_.slot(), around_.partition_count);
  const auto queued = keys::index_prefix(p, keys::index_kind::queued_runs, owner_.raw);
  around_.state.scan(family::index, queued, keys::behind(queued), [&](std::string_view key, std::string_view) {
    const run_id run{keys::plain_id(key)};
    const auto priority = static_cast<std::uint8_t>(255 - static_cast<std::uint8_t>(key[queued.size()]));
    if (held_.contains(run)) {
      let_.insert(run);
    } else {
      queue_.insert(place_of_run(run, priority));
      priorities_[run] = priority;
    }
    return true;
  });
}

bool lease_book::take(run_id run, std::uint8_t priority, std::uint32_t limit) {
  if (limit == 0) return true;
  load();
  if (queue_.empty() && held_.size() < limit) {
    held_.insert(run);
    return true;
  }
  queue_.insert(place_of_run(run, priority));
  priorities_[run] = priority;
  return false;
}

void lease_book::give_back(run_id run) {
  load();
  held_.erase(run);
  if (const auto it = priorities_.find(run); it != priorities_.end()) {
    queue_.erase(place_of_run(run, it->second));
    priorities_.erase(it);
  }
}

void lease_book::change_priority(run_id run, std::uint8_t before, std::uint8_t after) {
  load();
  if (queue_.erase(place_of_run(run, before)) == 0) return;
  queue_.insert(place_of_run(run, after));
  priorities_[run] = after;
}

void lease_book::admit(std::uint32_t limit, proposal& out) {
  load();
  while (!queue_.empty() && (limit == 0 || held_.size() < limit)) {
    const auto run = queue_.begin()->second;
    queue_.erase(queue_.begin());
    priorities_.erase(run);
    held_.insert(run);
    out.mutations.put(family::state, keys::lease(owner_, run), {});
    out.effects.push_back(tell_run{run, let_run{}});
  }
}

void lease_book::let_again(proposal& out) {
  load();
  for (const auto run : let_)
    if (held_.contains(run)) out.effects.push_back(tell_run{run, let_run{}});
  let_.clear();
}

} // namespace penstock
