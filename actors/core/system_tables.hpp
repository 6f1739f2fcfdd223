#pragma once

#include "runtime/calendar/working_days.hpp"
#include "runtime/model/schedule.hpp"
#include "runtime/model/webhook.hpp"
#include "storage/store.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock {

/// What the system partition knows beside API keys: few, small, rarely changed, and looked at by decisions of every
/// partition. Plain data; see `system_registry` for the shared copy.
class system_tables {
public:
  using name_in_workspace = std::pair<workspace_id, std::string>;

  void put(const endpoint_record& r);
  void put(const trigger_record& r) { triggers_.insert_or_assign(r.id, r); }
  void put(const dependency_record& r);
  void put(const calendar_record& r);
  void put(const pool_record& r) { pools_.insert_or_assign({r.workspace, r.name}, r); }
  void erase(endpoint_id id);
  void erase(trigger_id id) { triggers_.erase(id); }
  void erase(dependency_id id);
  void erase_calendar(const name_in_workspace& which);
  void erase_pool(const name_in_workspace& which) { pools_.erase(which); }

  [[nodiscard]] const std::map<endpoint_id, endpoint_record>& endpoints() const noexcept { return endpoints_; }
  /// Of a workspace, oldest first.
  [[nodiscard]] std::vector<const endpoint_record*> endpoints_of(workspace_id workspace) const;
  [[nodiscard]] const std::map<trigger_id, trigger_record>& triggers() const noexcept { return triggers_; }
  [[nodiscard]] const std::map<dependency_id, dependency_record>& dependencies() const noexcept {
    return dependencies_;
  }
  [[nodiscard]] const std::map<name_in_workspace, calendar_record>& calendars() const noexcept { return calendars_; }
  [[nodiscard]] const std::map<name_in_workspace, pool_record>& pools() const noexcept { return pools_; }
  /// The days of a calendar, ready to be asked; null: there is no such calendar.
  [[nodiscard]] std::shared_ptr<const holiday_calendar> holidays(workspace_id workspace, const std::string& name) const;
  /// Dependencies that a pipeline's end may satisfy.
  [[nodiscard]] std::vector<dependency_record> downstream_of(pipeline_id id) const;
  /// Dependencies that a pipeline waits for.
  [[nodiscard]] std::vector<dependency_record> upstream_of(pipeline_id id) const;

private:
  std::map<endpoint_id, endpoint_record> endpoints_;
  std::set<std::pair<workspace_id, endpoint_id>> endpoints_by_workspace_;
  std::map<trigger_id, trigger_record> triggers_;
  std::map<dependency_id, dependency_record> dependencies_;
  std::multimap<pipeline_id, dependency_id> by_upstream_;
  std::multimap<pipeline_id, dependency_id> by_downstream_;
  std::map<name_in_workspace, calendar_record> calendars_;
  std::map<name_in_workspace, std::shared_ptr<const holiday_calendar>> holidays_; ///< The same, read.
  std::map<name_in_workspace, pool_record> pools_;
};

/// Reads the tables. @returns `errc::corrupt_record` if a record does not decode.
[[nodiscard]] result<system_tables> load_system_tables(const state_reader& state);

/// The durable tables, shared by all threads of a node.
class system_registry {
public:
  template <class F>
  [[nodiscard]] auto read(F look) const {
    const std::shared_lock lock{mutex_};
    return look(tables_);
  }
  template <class F>
  void update(F change) {
    const std::unique_lock lock{mutex_};
    change(tables_);
  }

private:
  mutable std::shared_mutex mutex_;
  system_tables tables_;
};

} // namespace penstock
