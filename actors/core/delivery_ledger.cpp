#include "actors/core/delivery_ledger.hpp"

#include "actors/core/delivery_target.hpp"
#include "actors/core/sealed_records.hpp"
#include "runtime/lifecycle/retry.hpp"

#include <algorithm>

namespace penstock {

namespace {

constexpr std::size_t dropped_at_once = 200;
constexpr std::size_t events_cleared_at_once = 200;
constexpr std::size_t attempts_kept_max = 30;
constexpr std::size_t forget_changed_at = 4'096;

/// After attempt number `tries`.
milliseconds delay_before_next(const webhook_settings& settings, const delivery_target& target, std::uint32_t tries,
                               std::optional<milliseconds> asked_for, std::uint64_t random) {
  const auto cap = settings.retry_delay_max;
  const retry_policy policy{.attempts_max = UINT32_MAX,
                            .backoff = backoff_kind::exponential,
                            .delay_ms = static_cast<std::uint64_t>(target.retry_delay.count()),
                            .delay_max_ms = static_cast<std::uint64_t>(cap.count()),
                            .jitter_percent = 10};
  const milliseconds own{static_cast<std::int64_t>(retry_delay_ms(policy, tries, random))};
  return std::max(own, std::min(asked_for.value_or(milliseconds{0}), cap));
}

} // namespace

uuid ledger_of(partition_id p, partition_id partition_count) noexcept {
  slot_number slot = 0;
  while (partition_of(slot, partition_count) != p) ++slot;
  return make_uuid7(timestamp{}, slot, 0);
}

delivery_ledger::delivery_ledger(const entity_surroundings& around, const uuid& id)
    : around_(around), id_(id), partition_(partition_of(slot_of(id), around.partition_count)),
      forget_at_(forget_changed_at) {}

std::unique_ptr<proposal> delivery_ledger::handle(entity_command command, timestamp now) {
  auto& what = std::get<delivery_command>(command);
  auto out = std::make_unique<proposal>();
  out->entity = id_;
  if (changed_.size() >= forget_at_) forget_stored();
  if (auto* settled = std::get_if<settle_deliveries>(&what)) {
    for (const auto& ended : settled->ended) settle(ended, now, *out);
    out->answer(settled->done, {});
  } else if (auto* again = std::get_if<redeliver>(&what)) {
    auto done = make_pending(*again, now, *out);
    out->answer(again->done, std::move(done));
  } else if (auto* dropped = std::get_if<drop_deliveries>(&what)) {
    const bool more = drop(dropped->endpoint, *out);
    out->answer(dropped->done, result<bool>{more});
  } else {
    auto& cleared = std::get<clear_events>(what);
    auto next = clear(cleared, *out);
    out->answer(cleared.done, result<std::string>{std::move(next)});
  }
  return out;
}

void delivery_ledger::settle(const delivery_outcome& ended, timestamp now, proposal& out) {
  auto record = find(ended.id);
  if (!record) return;
  record->attempts.push_back(ended.attempt);
  if (record->attempts.size() > attempts_kept_max) record->attempts.erase(record->attempts.begin());
  ++record->tries;
  const bool pending = record->status == delivery_status::pending;
  if (ended.attempt.error.empty()) {
    // Also of one that was given up while it was under way.
    end_pending(*record, delivery_status::delivered, out);
  } else if (pending) {
    const auto target = target_of(around_, record->endpoint, now);
    if (!target) end_pending(*record, delivery_status::dropped, out);
    else if (ended.final || record->tries > target->retries_max) end_pending(*record, delivery_status::failed, out);
    else
      set_pending(
        *record,
        now + delay_before_next(around_.webhooks, *target, record->tries, ended.retry_after, around_.random.next()),
        out);
  }
  store(*record, out);
}

result<delivery_record> delivery_ledger::make_pending(const redeliver& command, timestamp now, proposal& out) {
  auto record = find(command.id);
  if (!record || record->workspace != command.workspace)
    return fail(errc::not_found, "there is no delivery " + to_text(command.id));
  if (!target_of(around_, record->endpoint, now))
    return fail(errc::invalid_transition, "its endpoint is disabled or was deleted; enable it before delivering again");
  record->tries = 0;
  set_pending(*record, now, out);
  store(*record, out);
  return *record;
}

bool delivery_ledger::drop(const uuid& endpoint, proposal& out) {
  std::vector<delivery_id> ids;
  bool more = false;
  const auto prefix = keys::pending_prefix(partition_, endpoint);
  around_.state.scan(family::events, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view) {
    more = ids.size() == dropped_at_once;
    if (!more) ids.push_back(delivery_id{keys::plain_id(key)});
    return !more;
  });
  for (const auto id : ids) {
    auto record = find(id);
    if (!record || record->status != delivery_status::pending) continue;
    end_pending(*record, delivery_status::dropped, out);
    store(*record, out);
  }
  return more;
}

std::string delivery_ledger::clear(const clear_events& command, proposal& out) {
  std::string next;
  std::size_t seen = 0;
  const auto begin = std::max(command.from, keys::events_prefix(partition_));
  around_.state.scan(family::events, begin, keys::events_before(partition_, command.before),
                     [&](std::string_view key, std::string_view bytes) {
                       if (++seen > events_cleared_at_once) {
                         next = key;
                         return false;
                       }
                       if (const auto event = codec::decode<event_record>(bytes)) clear_event(*event, out);
                       return true;
                     });
  return next;
}

void delivery_ledger::clear_event(const event_record& event, proposal& out) {
  std::vector<delivery_record> deliveries;
  for (const auto id : event.deliveries) {
    auto record = find(id);
    if (!record) continue;
    if (record->status == delivery_status::pending) return;
    deliveries.push_back(std::move(*record));
  }
  for (const auto& record : deliveries) {
    out.mutations.remove(family::events, keys::delivery(partition_, record.id));
    out.mutations.remove(family::events, keys::delivery_of_endpoint(partition_, record.endpoint, record.id));
    out.mutations.add(family::counters,
                      keys::counter_of(partition_, keys::counter_kind::deliveries_of_endpoint, record.endpoint), -1);
    changed_[record.id] = std::nullopt;
  }
  out.mutations.remove(family::events, keys::event(partition_, event.id));
}

delivery_ledger::found delivery_ledger::find(delivery_id id) const {
  if (const auto it = changed_.find(id); it != changed_.end()) return it->second;
  std::string bytes;
  if (!around_.state.get(family::events, keys::delivery(partition_, id), bytes)) return std::nullopt;
  auto record = codec::decode<delivery_record>(bytes);
  if (!record) return std::nullopt;
  return std::move(*record);
}

void delivery_ledger::store(const delivery_record& record, proposal& out) {
  out.mutations.put(family::events, keys::delivery(partition_, record.id), codec::encode(record));
  changed_[record.id] = record;
}

void delivery_ledger::set_pending(delivery_record& record, timestamp due, proposal& out) {
  if (record.status == delivery_status::pending) end_pending(record, delivery_status::pending, out);
  record.status = delivery_status::pending;
  record.next_at = due;
  const keys::pending_delivery pending{partition_, record.endpoint, due, record.id};
  out.mutations.put(family::events, pending.encode(), {});
  out.mutations.add(family::counters, keys::counter_of(partition_, keys::counter_kind::pending_deliveries, {}), 1);
  out.effects.push_back(deliver{pending});
}

void delivery_ledger::end_pending(delivery_record& record, delivery_status as, proposal& out) {
  if (record.status == delivery_status::pending && record.next_at) {
    const keys::pending_delivery pending{partition_, record.endpoint, *record.next_at, record.id};
    out.mutations.remove(family::events, pending.encode());
    out.mutations.add(family::counters, keys::counter_of(partition_, keys::counter_kind::pending_deliveries, {}), -1);
  }
  record.status = as;
  record.next_at.reset();
}

void delivery_ledger::forget_stored() {
  std::string bytes;
  std::erase_if(changed_, [&](const auto& entry) {
    const bool there = around_.state.get(family::events, keys::delivery(partition_, entry.first), bytes);
    return entry.second ? there && bytes == codec::encode(*entry.second) : !there;
  });
  // Twice what is left, so that each is looked at a bounded number of times.
  forget_at_ = std::max(forget_changed_at, 2 * changed_.size());
}

} // namespace penstock
