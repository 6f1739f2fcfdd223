#include "actors/core/dependencies.hpp"

#include <algorithm>
#include <map>

namespace penstock {

namespace {

/// The way from `from` down to `to`, both included; empty if there is none.
std::vector<pipeline_id> way_down(const system_tables& tables, pipeline_id from, pipeline_id to) {
  std::map<pipeline_id, pipeline_id> came_from{{from, from}};
  std::vector<pipeline_id> open{from};
  while (!open.empty() && !came_from.contains(to)) {
    const auto at = open.back();
    open.pop_back();
    for (const auto& next : tables.downstream_of(at))
      if (came_from.emplace(next.downstream, at).second) open.push_back(next.downstream);
  }
  std::vector<pipeline_id> way;
  if (!came_from.contains(to)) return way;
  for (auto at = to; at != from; at = came_from.at(at)) way.push_back(at);
  way.push_back(from);
  std::reverse(way.begin(), way.end());
  return way;
}

} // namespace

result<void> add_dependency(system_draft& draft, const dependency_record& record,
                            const std::function<std::string(pipeline_id)>& name_of) {
  if (record.upstream == record.downstream) return fail(errc::invalid_argument, "a pipeline cannot depend on itself");
  const auto known = draft.tables().upstream_of(record.downstream);
  if (known.size() >= upstreams_max)
    return fail(errc::invalid_argument,
                "a pipeline may depend on at most " + std::to_string(upstreams_max) + " others");
  for (const auto& d : known)
    if (d.upstream == record.upstream)
      return fail(errc::already_exists,
                  "the two pipelines have a " + std::string{to_text(d.type)} + " dependency already: " + to_text(d.id));
  if (const auto way = way_down(draft.tables(), record.downstream, record.upstream); !way.empty()) {
    const auto called = [&](pipeline_id id) { return name_of ? name_of(id) : to_text(id); };
    auto cycle = called(record.upstream);
    for (const auto id : way) cycle += " -> " + called(id);
    return fail(errc::invalid_argument, "the dependency would close a cycle: " + cycle);
  }
  draft.put(record);
  return {};
}

result<void> remove_dependency(system_draft& draft, workspace_id workspace, dependency_id id) {
  const auto& all = draft.tables().dependencies();
  const auto it = all.find(id);
  if (it == all.end() || it->second.workspace != workspace)
    return fail(errc::not_found, "there is no dependency " + to_text(id));
  draft.erase(id);
  return {};
}

} // namespace penstock
