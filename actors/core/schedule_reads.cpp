#include "actors/core/schedule_reads.hpp"

#include "actors/core/dependency_book.hpp"
#include "actors/core/schedule_records.hpp"
#include "actors/core/sealed_records.hpp"

#include <algorithm>

namespace penstock {

namespace {

constexpr std::size_t failed_intervals_max = 100;

/// Those that failed and are not to be run again.
std::vector<backfill_view::interval> failed_intervals(const state_reader& state, const backfill_record& record) {
  std::vector<backfill_view::interval> out;
  const auto intervals = intervals_of(record);
  if (!intervals) return out;
  const auto prefix = keys::open_intervals_prefix(record.id);
  state.scan(family::state, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view bytes) {
    const auto open = codec::decode<open_interval_record>(bytes);
    const auto number = keys::interval_number(key);
    if (open && open->round >= record.round && number < intervals->size()) out.push_back(shown((*intervals)[number]));
    return out.size() < failed_intervals_max;
  });
  return out;
}

} // namespace

bool schedule_reads::is_there(workspace_id workspace, pipeline_id id) const {
  const auto record = read_record<pipeline_record>(around_.state, keys::pipeline(id));
  return record && record->workspace == workspace && !record->deleted;
}

result<schedule_view> schedule_reads::schedule(workspace_id workspace, schedule_id id) const {
  auto record = read_record<schedule_record>(around_.state, keys::schedule(id));
  if (!record || record->workspace != workspace || !is_there(workspace, record->pipeline))
    return fail(errc::not_found, "there is no schedule " + to_text(id));
  return open_schedule(around_, std::move(*record));
}

result<backfill_view> schedule_reads::backfill(workspace_id workspace, backfill_id id) const {
  auto record = read_record<backfill_record>(around_.state, keys::backfill(id));
  if (!record || record->workspace != workspace || !is_there(workspace, record->pipeline))
    return fail(errc::not_found, "there is no backfill " + to_text(id));
  auto failed = failed_intervals(around_.state, *record);
  auto view = open_backfill(around_.seals, std::move(*record));
  view.failed = std::move(failed);
  return view;
}

schedule_reads::found_ids schedule_reads::find(const listed& what, std::optional<partition_id> only, page which) const {
  found_ids out;
  std::vector<uuid> ids;
  const auto wanted = which.offset + which.limit;
  for (partition_id p = only.value_or(1); p <= only.value_or(around_.partition_count); ++p) {
    std::uint64_t taken = 0;
    const auto prefix = keys::index_prefix(p, what.index, what.owner);
    if (wanted > 0)
      around_.state.scan(family::index, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view) {
        ids.push_back(keys::turned_id(key));
        return ++taken < wanted;
      });
    const auto count = around_.state.counter(family::counters, keys::counter_of(p, what.counter, what.owner));
    out.total += static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0));
  }
  std::sort(ids.begin(), ids.end(), std::greater<>{});
  for (auto i = which.offset; i < ids.size() && i < wanted; ++i) out.ids.push_back(ids[i]);
  return out;
}

result<listing<schedule_view>> schedule_reads::schedules(workspace_id workspace, const schedule_filter& filter,
                                                         page which) const {
  listed what{keys::index_kind::schedules_of_workspace, keys::counter_kind::schedules_of_workspace, workspace.raw};
  std::optional<partition_id> only;
  if (filter.pipeline) {
    if (!is_there(workspace, *filter.pipeline))
      return fail(errc::not_found, "there is no pipeline " + to_text(*filter.pipeline));
    what = {keys::index_kind::schedules_of_pipeline, keys::counter_kind::schedules_of_pipeline, filter.pipeline->raw};
    only = partition_of(filter.pipeline->slot(), around_.partition_count);
  }
  const auto found = find(what, only, which);
  listing<schedule_view> out;
  out.total = found.total;
  for (const auto& id : found.ids)
    if (auto record = read_record<schedule_record>(around_.state, keys::schedule(schedule_id{id})))
      out.entries.push_back(open_schedule(around_, std::move(*record)));
  return out;
}

result<listing<backfill_view>> schedule_reads::backfills(workspace_id workspace, std::optional<pipeline_id> pipeline,
                                                         page which) const {
  listed what{keys::index_kind::backfills_of_workspace, keys::counter_kind::backfills_of_workspace, workspace.raw};
  std::optional<partition_id> only;
  if (pipeline) {
    if (!is_there(workspace, *pipeline)) return fail(errc::not_found, "there is no pipeline " + to_text(*pipeline));
    what = {keys::index_kind::backfills_of_pipeline, keys::counter_kind::backfills_of_pipeline, pipeline->raw};
    only = partition_of(pipeline->slot(), around_.partition_count);
  }
  const auto found = find(what, only, which);
  listing<backfill_view> out;
  out.total = found.total;
  for (const auto& id : found.ids)
    if (auto record = read_record<backfill_record>(around_.state, keys::backfill(backfill_id{id})))
      out.entries.push_back(open_backfill(around_.seals, std::move(*record)));
  return out;
}

std::string schedule_reads::name_of(pipeline_id id) const {
  const auto record = read_record<pipeline_record>(around_.state, keys::pipeline(id));
  return record ? record->name + " (" + to_text(id) + ")" : to_text(id);
}

result<void> schedule_reads::may_depend(workspace_id workspace, pipeline_id id) const {
  const auto record = read_record<pipeline_record>(around_.state, keys::pipeline(id));
  if (!record || record->deleted) return fail(errc::not_found, "there is no pipeline " + to_text(id));
  if (record->workspace != workspace)
    return fail(errc::forbidden, "pipeline " + to_text(id) + " belongs to another workspace");
  return {};
}

result<dependency_graph> schedule_reads::dependencies(workspace_id workspace, pipeline_id id) const {
  if (!is_there(workspace, id)) return fail(errc::not_found, "there is no pipeline " + to_text(id));
  dependency_graph out;
  const auto upstream = around_.registry->read([&](const system_tables& t) {
    out.downstream = t.downstream_of(id);
    return t.upstream_of(id);
  });
  for (const auto& record : upstream) {
    const auto mark = read_record<upstream_mark_record>(around_.state, keys::upstream_mark(id, record.upstream));
    out.upstream.push_back({record, mark && mark->satisfied});
    if (mark && !mark->sealed_error.empty())
      out.error = open_text(around_.seals, error_place(workspace, id), mark->sealed_error);
  }
  return out;
}

} // namespace penstock
