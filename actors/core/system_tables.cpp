#include "actors/core/system_tables.hpp"

#include "runtime/model/codec.hpp"
#include "storage/keys.hpp"

namespace penstock {

namespace {

template <class Record>
result<void> load_kind(const state_reader& state, keys::state_kind kind, system_tables& into) {
  std::optional<error> failed;
  const auto prefix = keys::system_prefix(kind);
  state.scan(family::state, prefix, keys::behind(prefix), [&](std::string_view, std::string_view bytes) {
    auto record = codec::decode<Record>(bytes);
    if (record) into.put(*record);
    else failed = std::move(record).error();
    return !failed;
  });
  if (failed) return unexpected(std::move(*failed));
  return {};
}

void erase_pair(std::multimap<pipeline_id, dependency_id>& index, pipeline_id from, dependency_id id) {
  const auto [begin, end] = index.equal_range(from);
  for (auto it = begin; it != end; ++it)
    if (it->second == id) {
      index.erase(it);
      return;
    }
}

} // namespace

void system_tables::put(const endpoint_record& r) {
  endpoints_.insert_or_assign(r.id, r);
  endpoints_by_workspace_.emplace(r.workspace, r.id);
}

void system_tables::erase(endpoint_id id) {
  const auto it = endpoints_.find(id);
  if (it == endpoints_.end()) return;
  endpoints_by_workspace_.erase({it->second.workspace, id});
  endpoints_.erase(it);
}

std::vector<const endpoint_record*> system_tables::endpoints_of(workspace_id workspace) const {
  std::vector<const endpoint_record*> out;
  for (auto it = endpoints_by_workspace_.lower_bound({workspace, endpoint_id{}});
       it != endpoints_by_workspace_.end() && it->first == workspace; ++it)
    out.push_back(&endpoints_.at(it->second));
  return out;
}

void system_tables::put(const dependency_record& r) {
  erase(r.id);
  dependencies_.emplace(r.id, r);
  by_upstream_.emplace(r.upstream, r.id);
  by_downstream_.emplace(r.downstream, r.id);
}

void system_tables::erase(dependency_id id) {
  const auto it = dependencies_.find(id);
  if (it == dependencies_.end()) return;
  erase_pair(by_upstream_, it->second.upstream, id);
  erase_pair(by_downstream_, it->second.downstream, id);
  dependencies_.erase(it);
}

void system_tables::put(const calendar_record& r) {
  std::vector<holiday> days;
  for (std::size_t i = 0; i < r.days.size(); ++i)
    if (const auto date = parse_date(r.days[i]))
      days.push_back({*date, i < r.names.size() ? r.names[i] : std::string{}});
  holidays_[{r.workspace, r.name}] = std::make_shared<const holiday_calendar>(std::move(days));
  calendars_.insert_or_assign({r.workspace, r.name}, r);
}

void system_tables::erase_calendar(const name_in_workspace& which) {
  calendars_.erase(which);
  holidays_.erase(which);
}

std::shared_ptr<const holiday_calendar> system_tables::holidays(workspace_id workspace, const std::string& name) const {
  const auto it = holidays_.find({workspace, name});
  return it == holidays_.end() ? nullptr : it->second;
}

std::vector<dependency_record> system_tables::downstream_of(pipeline_id id) const {
  std::vector<dependency_record> out;
  const auto [begin, end] = by_upstream_.equal_range(id);
  for (auto it = begin; it != end; ++it) out.push_back(dependencies_.at(it->second));
  return out;
}

std::vector<dependency_record> system_tables::upstream_of(pipeline_id id) const {
  std::vector<dependency_record> out;
  const auto [begin, end] = by_downstream_.equal_range(id);
  for (auto it = begin; it != end; ++it) out.push_back(dependencies_.at(it->second));
  return out;
}

result<system_tables> load_system_tables(const state_reader& state) {
  system_tables out;
  using kind = keys::state_kind;
  for (auto loaded :
       {load_kind<endpoint_record>(state, kind::endpoint, out), load_kind<trigger_record>(state, kind::trigger, out),
        load_kind<dependency_record>(state, kind::dependency, out),
        load_kind<calendar_record>(state, kind::calendar, out), load_kind<pool_record>(state, kind::pool, out)})
    if (!loaded) return unexpected(std::move(loaded).error());
  return out;
}

} // namespace penstock
