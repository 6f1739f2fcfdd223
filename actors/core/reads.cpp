#include "actors/core/reads.hpp"

#include "actors/core/pipeline_records.hpp"
#include "actors/core/pool_records.hpp"
#include "actors/core/run_core.hpp"
#include "actors/core/run_lists.hpp"
#include "actors/core/schedule_book.hpp"
#include "actors/core/sealed_records.hpp"
#include "storage/run_keys.hpp"

#include <algorithm>
#include <cctype>

namespace penstock {

namespace {

constexpr std::size_t attempts_max = 1'000; ///< Shown of a run's earlier attempts.

/// How many items a definition gives by itself; nothing where a parameter or a table does.
std::optional<std::uint32_t> written_items(const for_each_spec& spec) {
  if (spec.kind == for_each_kind::count) return spec.count;
  const auto* list = spec.kind == for_each_kind::list ? spec.items.as_list() : nullptr;
  if (!list) return std::nullopt;
  return static_cast<std::uint32_t>(list->size());
}

bool contains_ignoring_case(const std::string& text, const std::string& part) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

/// Ids of all entries below `prefix`, newest first, at most `limit`.
std::vector<uuid> take_ids(const state_reader& state, const std::string& prefix, std::uint64_t limit) {
  std::vector<uuid> out;
  if (limit == 0) return out;
  state.scan(family::index, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view) {
    out.push_back(keys::turned_id(key));
    return out.size() < limit;
  });
  return out;
}

/// One page of several lists of ids put in one order, newest first.
std::vector<uuid> page_of(std::vector<uuid> ids, page which) {
  std::sort(ids.begin(), ids.end(), std::greater<>{});
  const auto begin = std::min<std::uint64_t>(which.offset, ids.size());
  const auto end = std::min<std::uint64_t>(begin + which.limit, ids.size());
  return {ids.begin() + static_cast<std::ptrdiff_t>(begin), ids.begin() + static_cast<std::ptrdiff_t>(end)};
}

/// When the pipeline's own schedule starts it next.
std::optional<timestamp> next_run_at(const state_reader& state, const pipeline_record& pipeline) {
  if (!pipeline.schedule) return std::nullopt;
  const auto own = read_record<schedule_record>(state, keys::schedule(own_schedule_id(pipeline.id)));
  return own ? own->next_at : std::nullopt;
}

} // namespace

result<pipeline_view> reads::pipeline(workspace_id workspace, pipeline_id id) const {
  auto record = read_record<pipeline_record>(around_.state, keys::pipeline(id));
  if (!record && record.error().code != errc::not_found) return unexpected(std::move(record).error());
  if (!record || record->workspace != workspace || record->deleted)
    return fail(errc::not_found, "there is no pipeline " + to_text(id));
  auto revision = open_revision(around_, *record);
  if (!revision) return unexpected(std::move(revision).error());
  auto view = pipeline_view{std::move(*record), std::move(revision->source), std::move(revision->warnings), {}};
  add_runs(around_, view);
  view.next_run_at = next_run_at(around_.state, view.record);
  return view;
}

std::vector<uuid> reads::pipelines_in(partition_id p, workspace_id workspace, const pipeline_filter& filter,
                                      std::uint64_t limit, std::uint64_t& total) const {
  const auto count = [&](const std::string& key) {
    total += static_cast<std::uint64_t>(std::max<std::int64_t>(around_.state.counter(family::counters, key), 0));
  };
  if (!filter.type && !filter.standing) {
    count(keys::pipelines_of_workspace(p, workspace));
    return take_ids(around_.state, keys::index_prefix(p, keys::index_kind::pipelines, workspace.raw), limit);
  }
  std::vector<uuid> out;
  for (const auto type : {pipeline_type::etl, pipeline_type::automation, pipeline_type::saas})
    for (const auto standing : {pipeline_standing::active, pipeline_standing::paused, pipeline_standing::error}) {
      if (filter.type.value_or(type) != type || filter.standing.value_or(standing) != standing) continue;
      const auto which = keys::pipeline_class(type, standing);
      count(keys::pipelines_of_class(p, workspace, which));
      const auto found = take_ids(around_.state, keys::pipeline_by_class_prefix(p, workspace, which), limit);
      out.insert(out.end(), found.begin(), found.end());
    }
  return out;
}

listing<pipeline_view> reads::pipelines(workspace_id workspace, const pipeline_filter& filter, page which) const {
  const bool filtered = filter.domain || !filter.search.empty();
  std::vector<uuid> ids;
  listing<pipeline_view> out;
  for (partition_id p = 1; p <= around_.partition_count; ++p) {
    const auto found =
      pipelines_in(p, workspace, filter, filtered ? UINT64_MAX : which.offset + which.limit, out.total);
    ids.insert(ids.end(), found.begin(), found.end());
  }
  if (filtered) {
    std::erase_if(ids, [&](const uuid& id) {
      const auto record = read_record<pipeline_record>(around_.state, keys::pipeline(pipeline_id{id}));
      return !record || (filter.domain && record->domain != filter.domain) ||
             !contains_ignoring_case(record->name, filter.search);
    });
    out.total = ids.size();
  }
  for (const auto& id : page_of(std::move(ids), which)) {
    auto record = read_record<pipeline_record>(around_.state, keys::pipeline(pipeline_id{id}));
    if (!record) continue;
    auto& entry = out.entries.emplace_back(pipeline_view{std::move(*record), std::nullopt, {}, {}});
    add_runs(around_, entry);
    entry.next_run_at = next_run_at(around_.state, entry.record);
  }
  return out;
}

bool reads::is_there(pipeline_id id) const {
  const auto record = read_record<pipeline_record>(around_.state, keys::pipeline(id));
  return record && !record->deleted;
}

result<run_record> reads::header(workspace_id workspace, run_id id) const {
  auto record = read_record<run_record>(around_.state, keys::run(id));
  if (!record && record.error().code != errc::not_found) return record;
  // Runs go with their pipeline at once for clients, and in steps in the store.
  if (!record || record->workspace != workspace || !is_there(record->pipeline))
    return fail(errc::not_found, "there is no run " + to_text(id));
  return record;
}

result<run_view> reads::run(workspace_id workspace, run_id id) const {
  auto record = header(workspace, id);
  if (!record) return unexpected(std::move(record).error());
  auto tasks_of_run = tasks(*record);
  if (!tasks_of_run) return unexpected(std::move(tasks_of_run).error());
  auto view = open_run(around_.seals, std::move(*record));
  view.tasks = std::move(*tasks_of_run);
  return view;
}

result<std::vector<task_view>> reads::tasks(const run_record& record) const {
  auto graph = plan_of(around_, record);
  if (!graph) return unexpected(std::move(graph).error());
  auto stored = read_tasks(around_.state, around_.seals, record);
  if (!stored) return unexpected(std::move(stored).error());
  std::vector<task_view> out((*graph)->size());
  std::vector<std::optional<task_status>> recorded(out.size());
  std::vector<std::optional<timestamp>> items_began(out.size());
  for (auto& task : *stored) {
    if (task.task >= out.size()) continue;
    auto& view = out[task.task];
    if (task.item != no_item) {
      // A task whose items have begun runs, though it has no record of its own yet.
      if (!recorded[task.task]) recorded[task.task] = task_status::running;
      if (!is_terminal(task.record.status)) continue;
      ++view.items_done;
      items_began[task.task] = earlier(items_began[task.task], task.record.started_at);
      continue;
    }
    recorded[task.task] = task.record.status;
    view.record = std::move(task.record);
    view.error = std::move(task.error_text);
  }
  const auto is_limited = [&](const std::string& pool) {
    return limit_of(around_, {record.workspace, pool}).has_value();
  };
  std::size_t attempts = 0;
  const auto history = read_attempts(around_.state, around_.seals, record, [&](task_index task, attempt_view attempt) {
    if (task < out.size()) out[task].earlier_attempts.push_back(std::move(attempt));
    return ++attempts < attempts_max;
  });
  if (!history) return unexpected(history.error());
  const auto statuses = derive_statuses(**graph, record.status, recorded, is_limited);
  for (task_index i = 0; i < out.size(); ++i) {
    const auto& spec = (*graph)->task(i);
    out[i].id = spec.id;
    out[i].type = spec.type;
    out[i].status = statuses[i];
    // One that has not ended, or never will, has no time of its own yet.
    if (!out[i].record.started_at) out[i].record.started_at = items_began[i];
    if (!out[i].record.items_total) out[i].record.items_total = written_items(spec.for_each);
    for (const auto need : spec.needs) out[i].needs.push_back((*graph)->task(need).id);
  }
  return out;
}

result<listing<run_view>> reads::runs(workspace_id workspace, const run_filter& filter, page which) const {
  if (filter.pipeline) {
    const auto pipeline = read_record<pipeline_record>(around_.state, keys::pipeline(*filter.pipeline));
    const bool there = pipeline && pipeline->workspace == workspace && !pipeline->deleted &&
                       (!filter.type || pipeline->type == *filter.type);
    if (!there) return fail(errc::not_found, "there is no pipeline " + to_text(*filter.pipeline));
  }
  const auto found = filter.pipeline ? runs_of_pipeline(around_.state, partition_of_id(filter.pipeline->raw), filter)
                                     : runs_of_workspace(around_.state, around_.partition_count, workspace, filter);
  listing<run_view> out;
  out.total = found.total();
  for (const auto id : found.page_of(which)) {
    auto record = read_record<run_record>(around_.state, keys::run(id));
    if (record) out.entries.push_back(open_run(around_.seals, std::move(*record)));
  }
  return out;
}

} // namespace penstock
