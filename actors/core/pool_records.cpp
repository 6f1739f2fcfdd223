#include "actors/core/pool_records.hpp"

#include "actors/core/entity_core.hpp"
#include "runtime/model/codec.hpp"
#include "storage/keys.hpp"

#include <algorithm>

namespace penstock {

namespace {

struct pool_message_record {
  uuid pool;
  run_id run;
  std::uint32_t task = 0;
  std::uint32_t item = 0;
  std::uint64_t number = 0;
  workspace_id workspace;
  std::string name;

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "pool", s.pool);
    v(2, "run", s.run);
    v(3, "task", s.task);
    v(4, "item", s.item);
    v(5, "number", s.number);
    v(6, "workspace", s.workspace);
    v(7, "name", s.name);
  }
};

std::uint8_t kind_of(std::string_view key) noexcept {
  return key.size() > 2 ? static_cast<std::uint8_t>(key[2]) : std::uint8_t{0};
}

pool_command command_of(std::uint8_t kind, const pool_message_record& r) {
  if (kind == message_lease_released) return release_lease{{r.run, r.task, r.item}, r.number, {}};
  if (kind == message_pool_left) return leave_pool{r.run, {}};
  return pool_changed{{r.workspace, r.name}, {}};
}

void leave(partition_id p, std::uint8_t kind, const uuid& source, const pool_message_record& r, proposal& out) {
  auto key = keys::pool_message(p, kind, source, r.task, r.item, r.number);
  out.mutations.put(family::outbox, key, codec::encode(r));
  out.effects.push_back(send_message{std::move(key), r.pool, command_of(kind, r)});
}

} // namespace

std::optional<std::uint32_t> limit_of(const entity_surroundings& around, const pool_name& pool) {
  return around.registry->read([&](const system_tables& t) -> std::optional<std::uint32_t> {
    const auto found = t.pools().find({pool.workspace, pool.name});
    if (found == t.pools().end()) return std::nullopt;
    return found->second.limit;
  });
}

uuid pool_entity(const sealer& seals, const pool_name& pool) {
  std::string text{"pool"};
  text.append(pool.workspace.view()).append(pool.name);
  const auto hash = seals.keyed_hash(text);
  uuid id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] = static_cast<std::uint8_t>(hash[i]);
  return id;
}

void leave_release(partition_id p, const uuid& pool, const lease_holder& who, std::uint64_t number, proposal& out) {
  leave(p, message_lease_released, who.run.raw, {pool, who.run, who.task, who.item, number, {}, {}}, out);
}

void leave_all(partition_id p, const uuid& pool, run_id run, std::uint64_t number, proposal& out) {
  leave(p, message_pool_left, run.raw, {pool, run, 0, 0, number, {}, {}}, out);
}

void leave_change(partition_id p, const uuid& pool, const pool_name& name, std::uint64_t number, proposal& out) {
  leave(p, message_pool_changed, pool, {pool, {}, 0, 0, number, name.workspace, name.name}, out);
}

bool is_for_pool(std::string_view key) noexcept {
  const auto kind = kind_of(key);
  return kind >= message_lease_released && kind <= message_pool_changed;
}

result<send_message> read_pool_message(std::string_view key, std::string_view bytes) {
  const auto record = codec::decode<pool_message_record>(bytes);
  if (!record) return unexpected(record.error());
  return send_message{std::string{key}, record->pool, command_of(kind_of(key), *record)};
}

} // namespace penstock
