#include "runtime/model/nearest_name.hpp"
#include "runtime/plan/common_fields.hpp"
#include "runtime/plan/dialects.hpp"
#include "runtime/plan/field_checks.hpp"
#include "runtime/plan/secret_texts.hpp"
#include "runtime/plan/task_fields.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

namespace {

void take_version(const value& v, const field_path& path, compile_context& ctx) {
  const auto* number = v.as_int();
  if (!number || *number != 1) ctx.problems.add(path, v.at, "must be 1");
}

using member = value::object::value_type;

/// The field `name`, which every task needs, or the one that was meant for it, with a problem; null without either.
member* find_needed(value::object& members, std::string_view name, const field_path& task, compile_context& ctx) {
  for (member& m : members)
    if (m.first == name) return &m;
  if (!ctx.problems.few()) return nullptr;
  const auto& known = common_field_names();
  for (member& m : members) {
    if (std::find(known.begin(), known.end(), m.first) != known.end() || nearest_name(m.first, {name}).empty())
      continue;
    ctx.problems.add(task.member(m.first), m.second.at, "is not a field of a task" + did_you_mean(std::string{name}));
    return &m;
  }
  return nullptr;
}

void take_id(task_draft& draft, const member* field, const field_path& task, compile_context& ctx) {
  const field_path path = task.member(field ? std::string_view{field->first} : "id");
  if (!field) return ctx.problems.add(path, draft.at, "is missing; every task needs one");
  const value* v = &field->second;
  const auto* id = expect_text(*v, path, ctx);
  if (!id) return;
  draft.spec.id = *id; // A wrong one too, so that what refers to it is not reported as well.
  if (!is_identifier(*id))
    ctx.problems.add(path, v->at,
                     "must be a letter or _ followed by up to 99 letters, digits, _ or -, not " + quoted(*id));
}

/// @returns false if the type is not known, and so the task's own fields are neither.
bool take_type(task_draft& draft, const member* field, const field_path& task, compile_context& ctx) {
  const field_path path = task.member(field ? std::string_view{field->first} : "type");
  if (!field) {
    ctx.problems.add(path, draft.at, "is missing; it is " + any_of(task_type_names()));
    return false;
  }
  const auto* name = expect_text(field->second, path, ctx);
  if (!name) return false;
  const auto type = parse_task_type(*name);
  if (type) {
    draft.spec.type = *type;
    return true;
  }
  draft.spec.type = task_type::sql; // So that what reads its table is not reported as well.
  const std::string near = nearest_name(*name, task_type_names());
  ctx.problems.add(path, field->second.at,
                   quoted(*name) + " is no task type" +
                     (near.empty() ? "; there are " + any_of(task_type_names()) : did_you_mean(near)));
  return false;
}

void take_task(value& v, const field_path& path, compile_context& ctx) {
  auto* members = expect_object(v, path, ctx);
  if (!members) return;
  task_draft draft;
  draft.field = path.text();
  draft.at = v.at;
  draft.spec.retry = ctx.defaults.retry;
  draft.spec.timeout_ms = ctx.defaults.timeout_ms;
  const member* id = find_needed(*members, "id", path, ctx);
  const member* type = find_needed(*members, "type", path, ctx);
  take_id(draft, id, path, ctx);
  const bool type_known = take_type(draft, type, path, ctx);
  draft.spec.secrets = secret_texts(v);
  std::vector<written_field> own;
  for (member& m : *members) {
    if (&m == id || &m == type) continue;
    auto& [name, field] = m;
    if (!take_common_field(draft, name, field, path.member(name), ctx)) own.push_back({name, &field, &path});
  }
  if (type_known) take_type_fields(draft, own, path, ctx);
  ctx.drafts.push_back(std::move(draft));
}

void take_tasks(value& v, const field_path& path, compile_context& ctx) {
  auto* tasks = expect_list(v, path, ctx);
  if (!tasks) return;
  if (tasks->empty()) return ctx.problems.add(path, v.at, "must have at least one task");
  if (tasks->size() > ctx.options.tasks_max)
    return ctx.problems.add(path, v.at,
                            "has " + std::to_string(tasks->size()) + " tasks; at most " +
                              std::to_string(ctx.options.tasks_max) + " are taken");
  ctx.drafts.reserve(tasks->size());
  for (std::size_t i = 0; i < tasks->size(); ++i) take_task((*tasks)[i], path.element(i), ctx);
}

} // namespace

void compile_native(value& root, compile_context& ctx, std::string_view tasks_name) {
  const field_path top;
  value* tasks = nullptr;
  // The head first, wherever it stands: tasks take its defaults.
  for (auto& [name, field] : *root.as_object()) {
    const field_path path = top.member(name);
    if (name == tasks_name) tasks = &field;
    else if (name == "version") take_version(field, path, ctx);
    else if (!take_head_field(name, field, path, ctx)) {
      std::vector<std::string_view> known = head_field_names();
      known.insert(known.end(), {"version", "tasks"});
      refuse_head_field(name, field, known, ctx);
    }
  }
  take_tasks(*tasks, top.member(tasks_name), ctx);
}

} // namespace penstock
