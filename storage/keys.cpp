#include "storage/keys.hpp"

#include <algorithm>
#include <cassert>

namespace penstock::keys {

namespace {

template <class T>
void put_int(std::string& out, T v) {
  for (int shift = static_cast<int>(sizeof v) * 8 - 8; shift >= 0; shift -= 8)
    out += static_cast<char>(static_cast<std::uint64_t>(v) >> shift & 0xff);
}

template <class T>
bool take_int(std::string_view& in, T& v) noexcept {
  if (in.size() < sizeof v) return false;
  std::uint64_t raw = 0;
  for (std::size_t i = 0; i < sizeof v; ++i) raw = raw << 8 | static_cast<std::uint8_t>(in[i]);
  in.remove_prefix(sizeof v);
  v = static_cast<T>(raw);
  return true;
}

bool take_id(std::string_view& in, uuid& id) noexcept {
  if (in.size() < id.bytes.size()) return false;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] = static_cast<std::uint8_t>(in[i]);
  in.remove_prefix(id.bytes.size());
  return true;
}

/// Times before the epoch do not occur: they are held to it, so that the order of bytes stays the order of time.
std::uint64_t order_ms(timestamp t) noexcept { return to_ms(t) < 0 ? 0 : static_cast<std::uint64_t>(to_ms(t)); }

std::string state_key(slot_number slot, state_kind kind) {
  std::string out;
  out.reserve(48);
  put_int(out, slot);
  put_int(out, static_cast<std::uint8_t>(kind));
  return out;
}

void put_turned(std::string& out, const uuid& id) {
  for (const auto byte : id.bytes) out += static_cast<char>(~byte);
}

std::string with_partition(partition_id p) {
  std::string out;
  out.reserve(56);
  put_int(out, p);
  return out;
}

std::string counter(partition_id p, counter_kind kind, const uuid& owner) {
  auto out = with_partition(p);
  put_int(out, static_cast<std::uint8_t>(kind));
  out += owner.view();
  return out;
}

constexpr std::size_t task_key_size = 2 + 1 + 16 + 4;

} // namespace

std::string pipeline(pipeline_id id) { return state_key(id.slot(), state_kind::pipeline).append(id.view()); }

std::string revisions_prefix(pipeline_id id) { return state_key(id.slot(), state_kind::revision).append(id.view()); }

std::string revision(pipeline_id id, std::uint32_t number) {
  auto out = revisions_prefix(id);
  put_int(out, number);
  return out;
}

std::string run(run_id id) { return state_key(id.slot(), state_kind::run).append(id.view()); }

std::string tasks_prefix(run_id id) { return state_key(id.slot(), state_kind::task).append(id.view()); }

std::string task(run_id id, std::uint32_t number) {
  auto out = tasks_prefix(id);
  put_int(out, number);
  return out;
}

std::string item(run_id id, std::uint32_t number, std::uint32_t item) {
  auto out = task(id, number);
  put_int(out, item);
  return out;
}

result<task_key> decode_task(std::string_view key) {
  task_key out;
  const bool with_item = key.size() == task_key_size + 4;
  if (key.size() != task_key_size && !with_item) return fail(errc::corrupt_record, "a task's key has a wrong size");
  key.remove_prefix(task_key_size - 4);
  bool ok = take_int(key, out.task);
  if (with_item) ok = ok && take_int(key, out.item);
  assert(ok);
  return out;
}

std::string schedule(schedule_id id) { return state_key(id.slot(), state_kind::schedule).append(id.view()); }

std::string backfill(backfill_id id) { return state_key(id.slot(), state_kind::backfill).append(id.view()); }

std::string leases_prefix(pipeline_id owner) { return state_key(owner.slot(), state_kind::lease).append(owner.view()); }

std::string lease(pipeline_id owner, run_id id) { return leases_prefix(owner).append(id.view()); }

std::string pool_leases_prefix(const uuid& pool) {
  return state_key(slot_of(pool), state_kind::pool_lease).append(pool.view());
}

std::string pool_lease(const uuid& pool, run_id id, std::uint32_t task, std::uint32_t item) {
  auto out = pool_leases_prefix(pool).append(id.view());
  put_int(out, task);
  put_int(out, item);
  return out;
}

result<lease_key> decode_pool_lease(std::string_view key) {
  lease_key out;
  std::uint16_t slot = 0;
  std::uint8_t kind = 0;
  uuid pool;
  const bool ok = take_int(key, slot) && take_int(key, kind) && take_id(key, pool) && take_id(key, out.run.raw) &&
                  take_int(key, out.task) && take_int(key, out.item) && key.empty();
  if (!ok || kind != static_cast<std::uint8_t>(state_kind::pool_lease))
    return fail(errc::corrupt_record, "a lease's key has a wrong size");
  return out;
}

std::string upstream_marks_prefix(pipeline_id owner) {
  return state_key(owner.slot(), state_kind::upstream_mark).append(owner.view());
}

std::string upstream_mark(pipeline_id owner, pipeline_id upstream) {
  return upstream_marks_prefix(owner).append(upstream.view());
}

std::string heard_runs_prefix(pipeline_id owner) {
  return state_key(owner.slot(), state_kind::heard_run).append(owner.view());
}

std::string heard_run(pipeline_id owner, run_id id) { return heard_runs_prefix(owner).append(id.view()); }

std::string open_intervals_prefix(backfill_id owner) {
  return state_key(owner.slot(), state_kind::open_interval).append(owner.view());
}

std::string open_interval(backfill_id owner, std::uint32_t number) {
  auto out = open_intervals_prefix(owner);
  put_int(out, number);
  return out;
}

std::uint32_t interval_number(std::string_view key) noexcept {
  std::uint32_t number = 0;
  key.remove_prefix(key.size() - std::min(key.size(), sizeof number));
  take_int(key, number);
  return number;
}

std::string system_prefix(state_kind kind) { return state_key(system_slot, kind); }

std::string system_record(state_kind kind, const uuid& id) { return system_prefix(kind).append(id.view()); }

std::string named_record(state_kind kind, workspace_id owner, std::string_view name) {
  return system_prefix(kind).append(owner.view()).append(name);
}

std::string api_keys_prefix() { return state_key(system_slot, state_kind::api_key); }
std::string api_key(api_key_id id) { return api_keys_prefix().append(id.view()); }

std::string history_prefix(run_id id) {
  std::string out;
  put_int(out, id.slot());
  out += id.view();
  return out;
}

std::string archived_attempt(run_id id, std::uint32_t task, std::uint32_t item, std::uint32_t attempt) {
  auto out = history_prefix(id);
  put_int(out, task);
  put_int(out, item);
  put_int(out, attempt);
  return out;
}

result<attempt_key> decode_archived_attempt(std::string_view key) {
  attempt_key out;
  std::uint16_t slot = 0;
  uuid run;
  const bool ok = take_int(key, slot) && take_id(key, run) && take_int(key, out.task) && take_int(key, out.item) &&
                  take_int(key, out.attempt) && key.empty();
  if (!ok) return fail(errc::corrupt_record, "an attempt's key has a wrong size");
  return out;
}

std::string index_prefix(partition_id p, index_kind kind, const uuid& owner) {
  auto out = with_partition(p);
  put_int(out, static_cast<std::uint8_t>(kind));
  out += owner.view();
  return out;
}

std::string index_entry(partition_id p, index_kind kind, const uuid& owner, const uuid& id) {
  auto out = index_prefix(p, kind, owner);
  put_turned(out, id);
  return out;
}

std::string ended_run_prefix(partition_id p, pipeline_id owner, run_status status) {
  auto out = index_prefix(p, index_kind::ended_runs, owner.raw);
  put_int(out, static_cast<std::uint8_t>(status));
  return out;
}

std::string ended_run(partition_id p, pipeline_id owner, run_status status, run_id id) {
  auto out = ended_run_prefix(p, owner, status);
  put_turned(out, id.raw);
  return out;
}

std::string index_of_partition(partition_id p, index_kind kind) {
  auto out = with_partition(p);
  put_int(out, static_cast<std::uint8_t>(kind));
  return out;
}

std::string active_runs_prefix(partition_id p) { return index_of_partition(p, index_kind::active_runs); }

std::string queued_run(partition_id p, pipeline_id owner, std::uint8_t priority, run_id id) {
  auto out = index_prefix(p, index_kind::queued_runs, owner.raw);
  put_int(out, static_cast<std::uint8_t>(255 - priority));
  return out.append(id.view());
}

uuid index_owner(std::string_view key) noexcept {
  uuid id;
  if (key.size() < 3 + id.bytes.size()) return id;
  auto rest = key.substr(3);
  (void)take_id(rest, id);
  return id;
}

std::string pipeline_name_prefix(partition_id p, workspace_id owner, std::string_view name) {
  auto out = index_prefix(p, index_kind::pipeline_names, owner.raw);
  out += name;
  out += '\0';
  return out;
}

std::string pipeline_name(partition_id p, workspace_id owner, std::string_view name, pipeline_id id) {
  return pipeline_name_prefix(p, owner, name).append(id.view());
}

uuid plain_id(std::string_view key) noexcept {
  uuid id;
  if (key.size() < id.bytes.size()) return id;
  auto tail = key.substr(key.size() - id.bytes.size());
  (void)take_id(tail, id);
  return id;
}

uuid turned_id(std::string_view key) noexcept {
  auto id = plain_id(key);
  for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(~byte);
  return id;
}

std::string pipelines_of_workspace(partition_id p, workspace_id owner) {
  return counter(p, counter_kind::pipelines_of_workspace, owner.raw);
}

std::string runs_of_pipeline(partition_id p, pipeline_id owner, run_status status) {
  auto out = counter(p, counter_kind::runs_of_pipeline, owner.raw);
  put_int(out, static_cast<std::uint8_t>(status));
  return out;
}

std::string runs_of_workspace(partition_id p, workspace_id owner, run_status status) {
  auto out = counter(p, counter_kind::runs_of_workspace, owner.raw);
  put_int(out, static_cast<std::uint8_t>(status));
  return out;
}

std::string counter_of(partition_id p, counter_kind kind, const uuid& owner) { return counter(p, kind, owner); }

std::string timer::encode() const {
  auto out = with_partition(partition);
  put_int(out, order_ms(due));
  put_int(out, kind);
  out += id.view();
  put_int(out, task);
  put_int(out, item);
  put_int(out, attempt);
  return out;
}

result<timer> timer::decode(std::string_view key, std::string_view stored) {
  timer t;
  std::uint64_t ms = 0;
  const bool ok = take_int(key, t.partition) && take_int(key, ms) && take_int(key, t.kind) && take_id(key, t.id) &&
                  take_int(key, t.task) && take_int(key, t.item) && take_int(key, t.attempt) && key.empty();
  if (stored.size() == t.owner.bytes.size()) (void)take_id(stored, t.owner);
  if (!ok) return fail(errc::corrupt_record, "a timer's key has a wrong size");
  t.due = from_ms(static_cast<std::int64_t>(ms));
  return t;
}

std::string timers_prefix(partition_id p) { return with_partition(p); }

std::string timers_until(partition_id p, timestamp due) {
  auto out = with_partition(p);
  put_int(out, order_ms(due) + 1);
  return out;
}

std::string messages_prefix(partition_id p) { return with_partition(p); }

std::string messages_of_run(partition_id p, std::uint8_t kind, run_id source) {
  auto out = with_partition(p);
  put_int(out, kind);
  return out.append(source.view());
}

std::string message(partition_id p, std::uint8_t kind, run_id source, std::uint32_t task, std::uint32_t item) {
  auto out = messages_of_run(p, kind, source);
  put_int(out, task);
  put_int(out, item);
  return out;
}

std::string pool_message(partition_id p, std::uint8_t kind, const uuid& source, std::uint32_t task, std::uint32_t item,
                         std::uint64_t number) {
  auto out = with_partition(p);
  put_int(out, kind);
  out += source.view();
  put_int(out, task);
  put_int(out, item);
  put_int(out, number);
  return out;
}

std::string request(partition_id p, std::string_view hash) { return with_partition(p).append(hash); }

namespace {

std::string event_key(partition_id p, event_kind kind) {
  auto out = with_partition(p);
  put_int(out, static_cast<std::uint8_t>(kind));
  return out;
}

} // namespace

std::string events_prefix(partition_id p) { return event_key(p, event_kind::event); }

std::string event(partition_id p, event_id id) { return events_prefix(p).append(id.view()); }

std::string events_before(partition_id p, timestamp t) {
  // The first 48 bits of a version 7 id are its time.
  std::string time;
  put_int(time, order_ms(t));
  return events_prefix(p).append(time, 2);
}

std::string delivery(partition_id p, delivery_id id) { return event_key(p, event_kind::delivery).append(id.view()); }

std::string deliveries_of_endpoint(partition_id p, const uuid& endpoint) {
  return event_key(p, event_kind::deliveries_of_endpoint).append(endpoint.view());
}

std::string delivery_of_endpoint(partition_id p, const uuid& endpoint, delivery_id id) {
  auto out = deliveries_of_endpoint(p, endpoint);
  put_turned(out, id.raw);
  return out;
}

std::string pending_prefix(partition_id p) { return event_key(p, event_kind::pending_deliveries); }

std::string pending_prefix(partition_id p, const uuid& endpoint) { return pending_prefix(p).append(endpoint.view()); }

std::string pending_from(partition_id p, const uuid& endpoint, timestamp due) {
  auto out = pending_prefix(p, endpoint);
  put_int(out, order_ms(due));
  return out;
}

std::string pending_delivery::encode() const { return pending_from(partition, endpoint, due).append(id.view()); }

result<pending_delivery> pending_delivery::decode(std::string_view bytes) {
  pending_delivery out;
  std::uint8_t kind = 0;
  std::uint64_t ms = 0;
  const bool ok = take_int(bytes, out.partition) && take_int(bytes, kind) && take_id(bytes, out.endpoint) &&
                  take_int(bytes, ms) && take_id(bytes, out.id.raw) && bytes.empty();
  if (!ok || kind != static_cast<std::uint8_t>(event_kind::pending_deliveries))
    return fail(errc::corrupt_record, "a pending delivery's key has a wrong size");
  out.due = from_ms(static_cast<std::int64_t>(ms));
  return out;
}

std::string audit_prefix(partition_id p) { return with_partition(p); }

std::string audit_prefix(partition_id p, workspace_id owner) { return with_partition(p).append(owner.view()); }

std::string audit_until(partition_id p, workspace_id owner, timestamp t) {
  auto out = audit_prefix(p, owner);
  put_int(out, ~order_ms(t));
  return out;
}

std::string audit_place::encode() const {
  auto out = audit_until(partition, workspace, at);
  put_int(out, ~number);
  return out;
}

result<audit_place> audit_place::decode(std::string_view bytes) {
  audit_place out;
  std::uint64_t turned_ms = 0;
  std::uint64_t turned_number = 0;
  const bool ok = take_int(bytes, out.partition) && take_id(bytes, out.workspace.raw) && take_int(bytes, turned_ms) &&
                  take_int(bytes, turned_number) && bytes.empty();
  if (!ok) return fail(errc::corrupt_record, "the key of an audit entry has a wrong size");
  out.at = from_ms(static_cast<std::int64_t>(~turned_ms));
  out.number = ~turned_number;
  return out;
}

std::string behind(std::string prefix) {
  while (!prefix.empty() && static_cast<std::uint8_t>(prefix.back()) == 0xff) prefix.pop_back();
  assert(!prefix.empty());
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<std::uint8_t>(prefix.back()) + 1);
  return prefix;
}

} // namespace penstock::keys
