#include "actors/core/lease_book.hpp"

#include "storage/keys.hpp"

namespace penstock {

void lease_book::load(proposal& out) {
  if (loaded_) return;
  loaded_ = true;
  load_held(out);
  load_queue();
}

/// A crash may come between a lease that was put too late and its removal.
void lease_book::load_held(proposal& out) {
  const auto leases = keys::leases_prefix(owner_);
  around_.state.scan(family::state, leases, keys::behind(leases), [&](std::string_view key, std::string_view) {
    held_.insert(run_id{keys::plain_id(key)});
    return true;
  });
  if (held_.empty()) return;
  const auto under_way = runs_under_way();
  for (auto it = held_.begin(); it != held_.end();) {
    if (under_way.contains(*it)) {
      ++it;
      continue;
    }
    out.mutations.remove(family::state, keys::lease(owner_, *it));
    it = held_.erase(it);
  }
}

std::unordered_set<run_id> lease_book::runs_under_way() const {
  std::unordered_set<run_id> out;
  const auto p = partition_of(owner_.slot(), around_.partition_count);
  const auto look = [&](keys::index_kind kind, auto id) {
    const auto prefix = keys::index_prefix(p, kind, owner_.raw);
    around_.state.scan(family::index, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view) {
      out.insert(run_id{id(key)});
      return true;
    });
  };
  look(keys::index_kind::active_runs, keys::turned_id);
  look(keys::index_kind::queued_runs, keys::plain_id);
  return out;
}

void lease_book::load_queue() {
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

bool lease_book::take(run_id run, std::uint8_t priority, std::uint32_t limit, proposal& out) {
  if (limit == 0) return true;
  load(out);
  if (queue_.empty() && held_.size() < limit) {
    held_.insert(run);
    return true;
  }
  queue_.insert(place_of_run(run, priority));
  priorities_[run] = priority;
  return false;
}

void lease_book::give_back(run_id run, proposal& out) {
  load(out);
  held_.erase(run);
  if (let_.erase(run) > 0) out.mutations.remove(family::state, keys::lease(owner_, run));
  if (const auto it = priorities_.find(run); it != priorities_.end()) {
    queue_.erase(place_of_run(run, it->second));
    priorities_.erase(it);
  }
}

void lease_book::change_priority(run_id run, std::uint8_t before, std::uint8_t after, proposal& out) {
  load(out);
  if (queue_.erase(place_of_run(run, before)) == 0) return;
  queue_.insert(place_of_run(run, after));
  priorities_[run] = after;
}

void lease_book::admit(std::uint32_t limit, proposal& out) {
  load(out);
  while (!queue_.empty() && (limit == 0 || held_.size() < limit)) {
    const auto run = queue_.begin()->second;
    queue_.erase(queue_.begin());
    priorities_.erase(run);
    held_.insert(run);
    let_.insert(run);
    out.mutations.put(family::state, keys::lease(owner_, run), {});
    out.effects.push_back(tell_run{run, let_run{}});
  }
}

void lease_book::let_again(proposal& out) {
  load(out);
  for (const auto run : let_) out.effects.push_back(tell_run{run, let_run{}});
}

} // namespace penstock
