#include "actors/core/pool_records.hpp"
#include "actors/core/run_core.hpp"
#include "actors/core/sealed_records.hpp"

namespace penstock {

run_view open_run(const sealer& seals, run_record record) {
  run_view view;
  if (auto parameters = open_value(seals, place_of(record, sealed_kind::parameters), record.sealed_parameters))
    view.parameters = std::move(*parameters);
  view.error = open_text(seals, place_of(record, sealed_kind::error), record.sealed_error);
  record.sealed_parameters.clear();
  record.sealed_error.clear();
  record.sealed_plan.clear();
  view.record = std::move(record);
  return view;
}

result<std::vector<stored_task>> read_tasks(const state_reader& state, const sealer& seals, const run_record& run) {
  std::vector<stored_task> out;
  std::optional<error> failed;
  const auto prefix = keys::tasks_prefix(run.id);
  state.scan(family::state, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view bytes) {
    const auto where = keys::decode_task(key);
    auto record = codec::decode<task_record>(bytes);
    if (!where || !record) {
      failed = !where ? where.error() : record.error();
      return false;
    }
    stored_task task{where->task, where->item, std::move(*record), {}, {}};
    task.error_text = open_text(seals, place_of(run, sealed_kind::error, task.task), task.record.sealed_error);
    auto items = open_value(seals, place_of(run, sealed_kind::items, task.task), task.record.sealed_items);
    if (!items) {
      failed = std::move(items).error();
      return false;
    }
    task.items = std::move(*items);
    task.record.sealed_error.clear();
    task.record.sealed_items.clear();
    out.push_back(std::move(task));
    return true;
  });
  if (failed) return unexpected(std::move(*failed));
  return out;
}

result<void> read_attempts(const state_reader& state, const sealer& seals, const run_record& run,
                           const std::function<bool(task_index, attempt_view)>& take) {
  result<void> read;
  const auto prefix = keys::history_prefix(run.id);
  state.scan(family::history, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view bytes) {
    const auto where = keys::decode_archived_attempt(key);
    const auto record = codec::decode<archived_attempt_record>(bytes);
    if (!where || !record) {
      read = unexpected(!where ? where.error() : record.error());
      return false;
    }
    attempt_view view{{}, where->attempt, record->started_at, record->ended_at, {}};
    if (where->item != no_item) view.item = where->item;
    view.error = open_text(seals, place_of(run, sealed_kind::error, where->task), record->sealed_error);
    return take(where->task, std::move(view));
  });
  return read;
}

result<std::shared_ptr<const bound_plan>> plan_of(const entity_surroundings& around, const run_record& run) {
  if (run.sealed_plan.empty())
    return around.plans.get(around.state, around.seals, run.workspace, run.pipeline, run.revision);
  auto own = open_record<plan>(around.seals, place_of(run, sealed_kind::plan), run.sealed_plan);
  if (!own) return unexpected(std::move(own).error());
  return bind_plan(std::move(*own));
}

result<send_message> read_message(const sealer& seals, std::string_view key, std::string_view bytes) {
  if (is_for_pool(key)) return read_pool_message(key, bytes);
  auto record = codec::decode<message_record>(bytes);
  if (!record) return unexpected(std::move(record).error());
  const sealed_place place{record->workspace, record->from.raw, record->task,
                           static_cast<std::uint8_t>(sealed_kind::message)};
  auto text = open_text(seals, place, record->sealed_text);
  if (record->kind == message_upstream_ended)
    return send_message{
      std::string{key}, record->to.raw,
      pipeline_command{upstream_ended{std::move(record->dependency), record->from, record->status, {}}}};
  if (record->kind == message_stop_child && record->through)
    return send_message{std::string{key}, record->through->raw,
                        pipeline_command{stop_child{record->to, std::move(text), {}}}};
  const auto to_run = [&](run_command command) {
    return send_message{std::string{key}, record->to.raw, run_message{std::move(command), {}, {}, {}}};
  };
  if (record->kind == message_child_ended)
    return to_run(child_ended{record->task, record->item, record->from, record->status, std::move(text)});
  return to_run(cancel_run{std::move(text)});
}

} // namespace penstock
