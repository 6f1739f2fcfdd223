#pragma once

#include "actors/core/entity_core.hpp"
#include "actors/core/requests.hpp"
#include "actors/core/system_tables.hpp"
#include "runtime/model/codec.hpp"

#include <unordered_map>

namespace penstock {

/// A change of the system tables on its way: what `decide` of a `system_change` writes with.
class system_draft {
public:
  /// What was made by requests with an `Idempotency-Key`, by key of family `requests`, and is not in the store yet.
  using request_map = std::unordered_map<std::string, request_record>;

  system_draft(const entity_surroundings& around, system_tables& tables, request_map& asked, timestamp now,
               proposal& out)
      : around_(around), tables_(tables), asked_(asked), now_(now), out_(out) {}

  /// As they will be once everything decided so far is durable.
  [[nodiscard]] const system_tables& tables() const noexcept { return tables_; }

  void put(const endpoint_record& r) { store(keys::system_record(keys::state_kind::endpoint, r.id.raw), r); }
  void put(const trigger_record& r) { store(keys::system_record(keys::state_kind::trigger, r.id.raw), r); }
  void put(const dependency_record& r) { store(keys::system_record(keys::state_kind::dependency, r.id.raw), r); }
  void put(const calendar_record& r) { store(keys::named_record(keys::state_kind::calendar, r.workspace, r.name), r); }
  void put(const pool_record& r) { store(keys::named_record(keys::state_kind::pool, r.workspace, r.name), r); }
  void erase(endpoint_id id);
  void erase(trigger_id id);
  void erase(dependency_id id);
  void erase_calendar(workspace_id workspace, const std::string& name);
  void erase_pool(workspace_id workspace, const std::string& name);
  /// Lets a pool know that its limit has changed; kept until it has taken it.
  /// @param number random: tells messages to one pool apart.
  void tell_pool(const uuid& entity, const pool_name& pool, std::uint64_t number);

  /// What an earlier request with this key made; nothing for a new key or none.
  /// @returns `errc::key_reused` if it asked for something else.
  [[nodiscard]] result<std::optional<uuid>> earlier(workspace_id workspace, const request_key& once) const;
  void remember(workspace_id workspace, const request_key& once, const uuid& made);

private:
  template <class Record>
  void store(const std::string& key, const Record& r) {
    out_.mutations.put(family::state, key, codec::encode(r));
    apply([r](system_tables& t) { t.put(r); });
  }
  void apply(std::function<void(system_tables&)> change);

  const entity_surroundings& around_;
  system_tables& tables_;
  request_map& asked_;
  timestamp now_;
  proposal& out_;
};

/// The system tables' entity, in the system partition: decides one change after the other, each on what the one before
/// decided.
class system_core final : public entity_core {
public:
  explicit system_core(const entity_surroundings& around) : around_(around) {}

  [[nodiscard]] std::unique_ptr<proposal> handle(entity_command command, timestamp now) override;

private:
  const entity_surroundings& around_;
  std::optional<system_tables> tables_;
  system_draft::request_map asked_;
};

} // namespace penstock
