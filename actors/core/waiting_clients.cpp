#include "actors/core/waiting_clients.hpp"

#include "actors/core/run_core.hpp"
#include "actors/core/sealed_records.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace penstock {

start_run* start_that_waits(entity_command& command) {
  auto* p = std::get_if<pipeline_command>(&command);
  auto* start = p ? std::get_if<start_run>(p) : nullptr;
  return start && start->wait && start->done ? start : nullptr;
}

void release_at_start(start_run& start, std::function<void()> release) {
  auto once = [release = std::move(release), due = std::make_shared<bool>(true)] {
    if (std::exchange(*due, false)) release();
  };
  start.begun = [once, inner = std::move(start.begun)] {
    once();
    if (inner) inner();
  };
  start.done = [once, inner = std::move(start.done)](result<started_run> with) {
    once();
    inner(std::move(with));
  };
}

void waiting_clients::add(run_id run, timestamp until, reply<started_run> done) {
  clients_[run].push_back({until, std::move(done)});
}

void waiting_clients::finished(const run_view& run) {
  auto node = clients_.extract(run.record.id);
  if (node.empty()) return;
  for (auto& client : node.mapped()) client.done(started_run{run, true, false});
}

void waiting_clients::expire(timestamp at) {
  for (auto it = clients_.begin(); it != clients_.end();) {
    auto& clients = it->second;
    const auto over = std::partition(clients.begin(), clients.end(), [&](const auto& c) { return c.until > at; });
    if (over != clients.end()) {
      auto record = read_record<run_record>(state_, keys::run(it->first));
      for (auto client = over; client != clients.end(); ++client) {
        if (!record) client->done(unexpected(record.error()));
        else client->done(started_run{open_run(seals_, *record), false, false});
      }
      clients.erase(over, clients.end());
    }
    it = clients.empty() ? clients_.erase(it) : std::next(it);
  }
}

} // namespace penstock
