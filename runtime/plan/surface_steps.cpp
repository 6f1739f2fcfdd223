#include "runtime/plan/surface_steps.hpp"

#include "runtime/model/nearest_name.hpp"
#include "runtime/plan/common_fields.hpp"
#include "runtime/plan/field_checks.hpp"
#include "runtime/plan/secret_texts.hpp"
#include "runtime/plan/task_fields.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace penstock {

namespace {

constexpr std::size_t steps_max = 500; // Each can read all before it, so references grow with the square.

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_connector(std::string_view name) {
  const auto& known = connector_names();
  return std::find(known.begin(), known.end(), name) != known.end();
}

/// A stranger's name as a task id: what an id cannot hold becomes `_`.
std::string as_identifier(std::string_view name) {
  std::string id;
  for (const char c : name.substr(0, 99)) {
    const bool digit = c >= '0' && c <= '9';
    const bool fits = digit || c == '-' || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (id.empty() && (digit || c == '-')) id = "_";
    id += fits ? c : '_';
  }
  return id;
}

/// The field that names the connector; empty: none does. Of several it is the one that names a connector of ours, for
/// `name` may be a mere label, else the first.
std::string_view connector_field(const value& v) {
  static constexpr std::array<std::string_view, 3> candidates{"connector", "type", "name"};
  std::string_view first;
  for (const std::string_view name : candidates) {
    const value* member = v.find(name);
    const auto* text = member ? member->as_string() : nullptr;
    if (!text) continue;
    if (is_connector(*text)) return name;
    if (first.empty()) first = name;
  }
  return first;
}

bool is_sql_type(const std::string& type) {
  static constexpr std::array<std::string_view, 3> names{"sql", "sql_transform", "query"};
  return contains(names, type);
}

/// Fields that have no effect of their own: they describe a step, or are seen to by whoever reads it.
bool is_label(std::string_view name) {
  static constexpr std::array<std::string_view, 7> names{"connector", "type",           "name", "id",
                                                         "stream",    "authentication", "from"};
  return contains(names, name);
}

/// The fields of a step that belong to its type, wherever they stand in it.
struct step_fields {
  explicit step_fields(const field_path& path) : in_config(path.member("config")), in_params(path.member("params")) {}
  step_fields(const step_fields&) = delete; // `own` points into it.

  field_path in_config;
  field_path in_params;
  std::vector<written_field> own;
};

/// What a step calls a field that tasks call otherwise.
struct renamed_field {
  std::string_view from;
  std::string_view to;
};

void read_fields(step_fields& fields, task_draft& draft, value& step, const renamed_field& renamed,
                 const field_path& path, compile_context& ctx) {
  for (auto& [name, field] : *step.as_object()) {
    auto* inner = name == "config" || name == "params" ? field.as_object() : nullptr;
    if (name == renamed.from) {
      fields.own.push_back({renamed.to, &field, &path, name});
    } else if (inner) {
      const field_path* around = name == "config" ? &fields.in_config : &fields.in_params;
      for (auto& [inner_name, inner_field] : *inner) {
        const bool rename = inner_name == renamed.from && !is_label(inner_name);
        fields.own.push_back({rename ? renamed.to : std::string_view{inner_name}, &inner_field, around, inner_name});
      }
    } else if (!is_label(name) && !take_common_field(draft, name, field, path.member(name), ctx)) {
      fields.own.push_back({name, &field, &path});
    }
  }
  std::vector<written_field> sorted = fields.own;
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& x, const auto& y) { return x.name < y.name; });
  for (std::size_t i = 1; i < sorted.size(); ++i)
    if (sorted[i].name == sorted[i - 1].name) ctx.problems.add(sorted[i].path(), sorted[i].v->at, "is given twice");
}

} // namespace

task_draft surface_steps::new_draft(const value& v, const field_path& path, task_type type, std::string id) const {
  task_draft draft;
  draft.spec.id = std::move(id);
  draft.spec.type = type;
  draft.spec.retry = ctx_.defaults.retry;
  draft.spec.timeout_ms = ctx_.defaults.timeout_ms;
  draft.spec.secrets = secret_texts(v);
  draft.field = path.text();
  draft.at = v.at;
  return draft;
}

void surface_steps::add_source(value& v, const field_path& path, std::string id) {
  tables_.push_back(id);
  add_endpoint(v, path, new_draft(v, path, task_type::source, std::move(id)));
}

void surface_steps::add_sink(value& v, const field_path& path, std::string id) {
  task_draft draft = new_draft(v, path, task_type::sink, std::move(id));
  const value* from = v.find("from");
  const auto* named = from ? from->as_string() : nullptr;
  if (named) draft.needs.push_back({as_identifier(*named), path.member("from").text(), from->at});
  else if (!tables_.empty()) draft.needs.push_back({tables_.back(), draft.field, draft.at});
  add_endpoint(v, path, std::move(draft));
}

void surface_steps::add_endpoint(value& v, const field_path& path, task_draft draft) {
  const std::string_view names_connector = connector_field(v);
  const std::string connector = names_connector.empty() ? std::string{} : *v.find(names_connector)->as_string();
  if (!v.as_object()) {
    wrong_kind(v, "an object", path, ctx_);
  } else if (!is_connector(connector)) {
    keep_unread(v, path, draft, connector);
  } else {
    step_fields fields(path);
    read_fields(fields, draft, v, {names_connector, "connector"}, path, ctx_);
    take_type_fields(draft, fields.own, path, ctx_);
  }
  ctx_.drafts.push_back(std::move(draft));
}

/// A connector or connection that this server does not have.
void surface_steps::keep_unread(value& v, const field_path& path, task_draft& draft, const std::string& connector) {
  const value* connection = v.find("connection");
  if (const auto* name = connection ? connection->as_string() : nullptr)
    mark_unavailable(draft, "connection " + quoted(*name) + " is not known on this server", ctx_);
  else if (!connector.empty())
    mark_unavailable(draft,
                     "connector " + quoted(connector) + " is not on this server, which has inline and file" +
                       did_you_mean(nearest_name(connector, connector_names())),
                     ctx_);
  else ctx_.problems.add(path, v.at, "must name its connector in type or name; it is " + any_of(connector_names()));
  draft.spec.config = std::move(v);
  if (!connector.empty()) draft.spec.config.set("connector", value{connector});
}

void surface_steps::add_transformation(value& v, const field_path& path, std::string id) {
  task_draft draft = new_draft(v, path, task_type::sql, std::move(id));
  for (const std::string& table : tables_) draft.needs.push_back({table, draft.field, draft.at});
  tables_.push_back(draft.spec.id);
  read_transformation(v, path, draft);
  if (draft.spec.unavailable.empty() && !draft.needs.empty()) draft.spec.config.set("input_alias", value{"input"});
  ctx_.drafts.push_back(std::move(draft));
}

void surface_steps::read_transformation(value& v, const field_path& path, task_draft& draft) {
  const value* type = v.find("type");
  const auto* type_name = type ? type->as_string() : nullptr;
  if (v.as_string()) {
    // Nothing but its SQL, so the step's path is the text's.
    const field_path top;
    const std::string whole = path.text();
    take_type_fields(draft, {{"sql", &v, &top, whole}}, path, ctx_);
  } else if (!v.as_object()) {
    wrong_kind(v, "a SQL text or an object with sql", path, ctx_);
  } else if (type && !type_name) {
    wrong_kind(*type, "text", path.member("type"), ctx_);
  } else if (type_name && !is_sql_type(*type_name)) {
    mark_unavailable(draft, "transformation type " + quoted(*type_name) + " is not on this server, which has sql",
                     ctx_);
    draft.spec.config = std::move(v);
  } else {
    step_fields fields(path);
    read_fields(fields, draft, v, {"query", "sql"}, path, ctx_);
    take_type_fields(draft, fields.own, path, ctx_);
  }
}

void surface_steps::add_one(value& v, const field_path& path, task_type type, std::string id) {
  if (type == task_type::source) add_source(v, path, std::move(id));
  else if (type == task_type::sink) add_sink(v, path, std::move(id));
  else add_transformation(v, path, std::move(id));
}

void surface_steps::add_all(value& v, const field_path& path, task_type type, std::string_view prefix) {
  auto* items = v.as_list();
  auto* members = v.as_object();
  if (!items && !members) return wrong_kind(v, "a list or an object of steps", path, ctx_);
  const std::size_t count = items ? items->size() : members->size();
  if (count == 0 && type != task_type::sql) ctx_.problems.add(path, v.at, "must have at least one entry");
  if (ctx_.drafts.size() + count > steps_max)
    return ctx_.problems.add(path, v.at, "makes more than 500 steps; write the definition with tasks instead");
  const auto id_of = [&](std::string_view name, std::size_t i) {
    return name.empty() ? std::string{prefix} + "_" + std::to_string(i + 1) : as_identifier(name);
  };
  for (std::size_t i = 0; items && i < count; ++i) {
    value& item = (*items)[i];
    const value* name = item.find("id");
    if (!name) name = item.find("name");
    const auto* text = name ? name->as_string() : nullptr;
    add_one(item, path.element(i), type, id_of(text ? std::string_view{*text} : std::string_view{}, i));
  }
  for (std::size_t i = 0; members && i < count; ++i) {
    auto& [name, item] = (*members)[i];
    add_one(item, path.member(name), type, id_of(name, i));
  }
}

task_draft* surface_steps::find_step(std::string_view id) {
  for (task_draft& draft : ctx_.drafts)
    if (draft.spec.id == id) return &draft;
  return nullptr;
}

void surface_steps::add_checks(value& v, const field_path& path) {
  auto* items = expect_list(v, path, ctx_);
  if (!items) return;
  for (std::size_t i = 0; i < items->size(); ++i) add_check((*items)[i], path.element(i));
}

void surface_steps::add_check(value& v, const field_path& path) {
  if (tables_.empty()) return; // That there is no step is reported already.
  task_draft* step = find_step(tables_.back());
  value* sql = nullptr;
  std::string sql_name = "sql";
  check_spec check{"check " + std::to_string(step->spec.checks.size() + 1), {}};
  if (v.as_string()) sql = &v;
  else if (!v.as_object()) return wrong_kind(v, "a SQL text or an object with name and sql", path, ctx_);
  std::string type;
  value::object none;
  for (auto& [name, field] : v.as_object() ? *v.as_object() : none) {
    const auto* text = field.as_string();
    if (name == "sql" || name == "query") sql = &field, sql_name = name;
    else if (name == "name" && text) check.name = *text;
    else if (name == "type" && text) type = *text;
    else if (name == "table" && text) {
      step = find_step(as_identifier(*text));
      if (!step)
        return ctx_.problems.add(path.member("table"), field.at, "names " + quoted(*text) + ", which is no step");
    }
  }
  if (!sql) {
    const std::string what = type.empty() ? quoted(check.name) : "of type " + quoted(type);
    return mark_unavailable(*step, "quality check " + what + " is not on this server, which has checks with sql", ctx_);
  }
  const field_path sql_path = path.member(sql_name);
  const field_path& at = sql == &v ? path : sql_path;
  const auto* text = expect_name(*sql, at, ctx_);
  if (!text) return;
  check_texts(*sql, at, *step, ctx_);
  check_sql(*text, true, sql->at, at, ctx_);
  check.sql = *text;
  step->spec.checks.push_back(std::move(check));
}

} // namespace penstock
