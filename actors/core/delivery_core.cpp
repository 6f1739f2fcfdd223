#include "actors/core/delivery_core.hpp"

#include "actors/core/events.hpp"
#include "runtime/model/codec.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace penstock {

namespace {

constexpr std::size_t batch_max = 256;
constexpr milliseconds try_again{500};

} // namespace

delivery_core::delivery_core(const entity_surroundings& around, delivery_ports& ports)
    : around_(around), limits_(around.webhooks), ports_(ports), settling_(around.partition_count + std::size_t{1}) {}

void delivery_core::start(timestamp now) {
  for (partition_id p = 1; p <= around_.partition_count; ++p) {
    // From endpoint to endpoint: how many deliveries lie between does not matter.
    auto from = keys::pending_prefix(p);
    const auto end = keys::behind(from);
    while (true) {
      std::optional<keys::pending_delivery> first;
      around_.state.scan(family::events, from, end, [&](std::string_view key, std::string_view) {
        if (auto decoded = keys::pending_delivery::decode(key)) first = *decoded;
        return false;
      });
      if (!first) break;
      note_unread(lanes_[first->endpoint], p, first->due);
      from = keys::behind(keys::pending_prefix(p, first->endpoint));
    }
  }
  for (auto& [endpoint, l] : lanes_) {
    if (has_target(around_, endpoint)) refill(endpoint, l, now);
    else begin_drop(endpoint, l);
  }
  pump(now);
}

void delivery_core::noticed(const keys::pending_delivery& delivery, timestamp now) {
  auto& l = lanes_[delivery.endpoint];
  const auto unread = l.unread.find(delivery.partition);
  // Behind others that are in the store alone it waits there, too: they come first.
  const bool behind_others = unread != l.unread.end() && unread->second <= delivery.due;
  if (held_.contains(delivery.id) || delivery.due > now || behind_others || is_full(l))
    note_unread(l, delivery.partition, delivery.due);
  else make_ready(delivery.endpoint, l, {delivery.partition, delivery.id});
  if (!has_target(around_, delivery.endpoint)) {
    begin_drop(delivery.endpoint, l);
    return;
  }
  refill(delivery.endpoint, l, now);
  pump(now);
}

// --- what is in memory --------------------------------------------------------------------------

void delivery_core::note_unread(lane& l, partition_id p, timestamp due) {
  const auto [it, fresh] = l.unread.try_emplace(p, due);
  if (!fresh) it->second = std::min(it->second, due);
}

void delivery_core::make_ready(const uuid& endpoint, lane& l, waiting_delivery d) {
  held_.emplace(d.id, held_delivery{endpoint, d.partition});
  l.ready.push_back(d);
  ++figures_.ready;
  queue(endpoint, l);
}

bool delivery_core::is_full(const lane& l) const noexcept {
  return l.ready.size() >= limits_.ready_per_endpoint || figures_.ready >= limits_.ready_max;
}

void delivery_core::refill(const uuid& endpoint, lane& l, timestamp now) {
  // Not one by one: a scan costs the same for many.
  bool room = l.ready.size() <= limits_.ready_per_endpoint / 2 && !is_full(l) && !l.closing;
  std::optional<timestamp> next;
  for (auto it = l.unread.begin(); it != l.unread.end();) {
    const auto p = it->first;
    ++it;
    if (room && l.unread.at(p) <= now) room = refill_from(endpoint, l, p, now);
    if (const auto left = l.unread.find(p); left != l.unread.end())
      next = std::min(next.value_or(left->second), left->second);
  }
  // Without room there is something to send, whose end comes here again.
  if (next && *next <= now && l.ready.empty() && l.in_flight == 0) next = now + try_again;
  set_alarm(endpoint, l, next && *next > now ? next : std::nullopt);
}

bool delivery_core::refill_from(const uuid& endpoint, lane& l, partition_id p, timestamp now) {
  bool whole = true;
  std::optional<timestamp> next;
  const auto from = keys::pending_from(p, endpoint, l.unread.at(p));
  around_.state.scan(family::events, from, keys::behind(keys::pending_prefix(p, endpoint)),
                     [&](std::string_view key, std::string_view) {
                       const auto delivery = keys::pending_delivery::decode(key);
                       if (!delivery || held_.contains(delivery->id)) return true;
                       if (delivery->due > now || is_full(l)) {
                         whole = delivery->due > now;
                         next = delivery->due;
                         return false;
                       }
                       make_ready(endpoint, l, {p, delivery->id});
                       return true;
                     });
  if (next) l.unread[p] = *next;
  else l.unread.erase(p);
  return whole;
}

void delivery_core::set_alarm(const uuid& endpoint, lane& l, std::optional<timestamp> at) {
  if (l.alarm == at) return;
  if (l.alarm) alarms_.erase({*l.alarm, endpoint});
  if (at) alarms_.emplace(*at, endpoint);
  l.alarm = at;
}

std::optional<timestamp> delivery_core::next_wake() const {
  std::optional<timestamp> next;
  if (!alarms_.empty()) next = alarms_.begin()->first;
  for (const auto& s : settling_)
    if (s.retry_at) next = std::min(next.value_or(*s.retry_at), *s.retry_at);
  return next;
}

void delivery_core::wake(timestamp now) {
  while (!alarms_.empty() && alarms_.begin()->first <= now) {
    const auto endpoint = alarms_.begin()->second;
    auto& l = lanes_.at(endpoint);
    set_alarm(endpoint, l, std::nullopt);
    if (!has_target(around_, endpoint)) begin_drop(endpoint, l);
    else refill(endpoint, l, now);
  }
  for (partition_id p = 1; p <= around_.partition_count; ++p)
    if (auto& s = settling_[p]; s.retry_at && *s.retry_at <= now) {
      s.retry_at.reset();
      flush(p, now);
    }
  pump(now);
}

// --- sending ------------------------------------------------------------------------------------

bool delivery_core::may_send(const lane& l) const noexcept {
  return !l.ready.empty() && !l.closing && l.in_flight < std::min(l.window, limits_.in_flight_per_endpoint);
}

void delivery_core::queue(const uuid& endpoint, lane& l) {
  if (l.queued || !may_send(l)) return;
  l.queued = true;
  (l.in_flight == 0 ? first_turns_ : turns_).push_back(endpoint);
}

void delivery_core::pump(timestamp now) {
  const auto turn = [&](std::deque<uuid>& from, std::size_t in_flight_max) {
    while (!from.empty() && figures_.in_flight < in_flight_max && outcomes_ < limits_.settling_max) {
      const auto endpoint = from.front();
      from.pop_front();
      auto& l = lanes_.at(endpoint);
      l.queued = false;
      if (may_send(l)) send_next(endpoint, l, now);
      queue(endpoint, l);
    }
  };
  turn(first_turns_, limits_.in_flight_hard_max);
  turn(turns_, limits_.in_flight_max);
}

void delivery_core::send_next(const uuid& endpoint, lane& l, timestamp now) {
  const auto target = target_of(around_, endpoint, now);
  if (!target) {
    begin_drop(endpoint, l);
    return;
  }
  const auto next = l.ready.front();
  l.ready.pop_front();
  --figures_.ready;
  auto content = read_content(next.partition, next.id);
  if (!content) {
    delivery_outcome lost;
    lost.id = next.id;
    lost.attempt.at = now;
    lost.attempt.error = content.error().message;
    lost.final = true;
    settle_later(next.partition, std::move(lost));
    flush(next.partition, now);
  } else {
    auto& held = held_.at(next.id);
    held.in_flight = true;
    held.sent_at = now;
    ++l.in_flight;
    ++figures_.in_flight;
    ports_.post(next.id, delivery_request(limits_, *target, *content, now));
  }
  refill(endpoint, l, now);
}

result<delivery_content> delivery_core::read_content(partition_id p, delivery_id id) const {
  const auto lost = [] { return fail(errc::corrupt_record, "the event is not in the store any more"); };
  std::string bytes;
  if (!around_.state.get(family::events, keys::delivery(p, id), bytes)) return lost();
  const auto delivery = codec::decode<delivery_record>(bytes);
  if (!delivery || !around_.state.get(family::events, keys::event(p, delivery->event), bytes)) return lost();
  auto event = codec::decode<event_record>(bytes);
  if (!event) return lost();
  auto body = around_.seals.open(place_of(*event), event->sealed_body);
  if (!body) return unexpected(std::move(body).error());
  return delivery_content{event->id, event->type, std::move(*body), std::move(event->traceparent), delivery->tries};
}

void delivery_core::answered(delivery_id id, const result<outbound_response>& response, timestamp now) {
  if (!response && response.error().code == errc::cancelled) return;
  const auto it = held_.find(id);
  if (it == held_.end() || !it->second.in_flight) return;
  const auto [endpoint, p, sent_at, was_in_flight] = it->second;
  it->second.in_flight = false;
  auto& l = lanes_.at(endpoint);
  --l.in_flight;
  --figures_.in_flight;
  // One that does not answer gets fewer at a time, down to one, so that its backlog takes up little.
  l.window = response ? std::min(l.window + 1, limits_.in_flight_per_endpoint) : std::max<std::size_t>(l.window / 2, 1);
  auto outcome = delivery_outcome_of(id, response, sent_at, now);
  count(outcome.attempt);
  const auto target = target_of(around_, endpoint, now);
  if (says_gone(outcome.attempt) && target && !target->is_trigger) {
    l.closing = true;
    auto& waiting = parting_[endpoint];
    waiting.push_back(std::move(outcome));
    if (waiting.size() == 1)
      ports_.disable(endpoint_id{endpoint}, "the receiver answered 410 (Gone) at " + to_rfc3339(now));
  } else {
    settle_later(p, std::move(outcome));
    flush(p, now);
  }
  queue(endpoint, l);
  refill(endpoint, l, now);
  pump(now);
}

void delivery_core::count(const delivery_attempt& attempt) {
  figures_.latency_ms += attempt.latency_ms;
  if (attempt.error.empty()) ++figures_.delivered;
  else if (attempt.response_status != 0) ++figures_.refused;
  else ++figures_.unanswered;
}

// --- making outcomes durable --------------------------------------------------------------------

void delivery_core::settle_later(partition_id p, delivery_outcome outcome) {
  settling_[p].waiting.push_back(std::move(outcome));
  ++outcomes_;
}

void delivery_core::flush(partition_id p, timestamp now) {
  auto& s = settling_[p];
  if (s.busy || s.retry_at.value_or(now) > now) return;
  if (s.under_way.empty()) {
    const auto size = std::min(s.waiting.size(), batch_max);
    const auto end = s.waiting.begin() + static_cast<std::ptrdiff_t>(size);
    s.under_way.assign(std::move_iterator{s.waiting.begin()}, std::move_iterator{end});
    s.waiting.erase(s.waiting.begin(), end);
  }
  if (s.under_way.empty()) return;
  s.busy = true;
  ports_.settle(p, s.under_way);
}

void delivery_core::settled(partition_id p, const result<void>& stored, timestamp now) {
  auto& s = settling_[p];
  s.busy = false;
  if (!stored) {
    s.retry_at = now + try_again;
    return;
  }
  outcomes_ -= s.under_way.size();
  for (const auto& outcome : s.under_way) held_.erase(outcome.id);
  s.under_way.clear();
  flush(p, now);
  pump(now);
}

// --- endpoints that are gone --------------------------------------------------------------------

void delivery_core::begin_drop(const uuid& endpoint, lane& l) {
  for (const auto& d : l.ready) {
    held_.erase(d.id);
    note_unread(l, d.partition, timestamp{});
  }
  figures_.ready -= l.ready.size();
  l.ready.clear();
  for (const auto& [p, due] : l.unread) l.drop_next.insert(p);
  set_alarm(endpoint, l, std::nullopt);
  drop_more(endpoint, l);
}

void delivery_core::drop_more(const uuid& endpoint, lane& l) {
  for (const auto p : std::exchange(l.drop_next, {})) {
    // A step under way may not see what was noticed since it began.
    if (l.dropping.insert(p).second) ports_.drop(p, endpoint);
    else l.drop_next.insert(p);
  }
}

void delivery_core::dropped(partition_id p, const uuid& endpoint, const result<bool>& more, timestamp now) {
  const auto it = lanes_.find(endpoint);
  if (it == lanes_.end()) return;
  auto& l = it->second;
  l.dropping.erase(p);
  if (!more) {
    set_alarm(endpoint, l, now + try_again);
    return;
  }
  if (!*more && !l.drop_next.contains(p)) l.unread.erase(p);
  if (has_target(around_, endpoint)) {
    l.drop_next.clear();
    refill(endpoint, l, now);
    pump(now);
    return;
  }
  if (*more) l.drop_next.insert(p);
  drop_more(endpoint, l);
  forget_if_idle(endpoint);
}

void delivery_core::forget_if_idle(const uuid& endpoint) {
  const auto it = lanes_.find(endpoint);
  if (it == lanes_.end()) return;
  const auto& l = it->second;
  if (l.ready.empty() && l.unread.empty() && l.in_flight == 0 && !l.queued && !l.closing && !l.alarm &&
      l.dropping.empty())
    lanes_.erase(it);
}

void delivery_core::disabled(endpoint_id id, timestamp now) {
  const auto it = parting_.find(id.raw);
  if (it == parting_.end()) return;
  auto outcomes = std::move(it->second);
  parting_.erase(it);
  auto& l = lanes_.at(id.raw);
  l.closing = false;
  for (auto& outcome : outcomes) {
    const auto p = held_.at(outcome.id).partition;
    settle_later(p, std::move(outcome));
    flush(p, now);
  }
  // Whether it is disabled now, or could not be.
  if (has_target(around_, id.raw)) refill(id.raw, l, now);
  else begin_drop(id.raw, l);
  queue(id.raw, l);
  pump(now);
}

void delivery_core::registry_changed(timestamp now) {
  for (auto& [endpoint, l] : lanes_)
    if ((!l.ready.empty() || !l.unread.empty()) && !has_target(around_, endpoint)) begin_drop(endpoint, l);
  pump(now);
}

} // namespace penstock
