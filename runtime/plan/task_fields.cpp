#include "runtime/plan/task_fields.hpp"

#include "runtime/model/nearest_name.hpp"
#include "runtime/plan/common_fields.hpp"
#include "runtime/plan/field_checks.hpp"
#include "runtime/plan/placeholders.hpp"
#include "runtime/plan/value_checks.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace penstock {

namespace {

enum class need : std::uint8_t { optional, required };

/// Whether a text that is one placeholder may stand for the field's value.
enum class bound : std::uint8_t { at_start, at_once };

struct field_rule {
  std::string_view name;
  need presence = need::optional;
  value_check check = nullptr;
  bound when = bound::at_start;
};

constexpr std::array shell_fields{
  field_rule{"command", need::required, check_text},
  field_rule{"env", need::optional, check_text_map},
  field_rule{"output", need::optional, check_output, bound::at_once},
};
constexpr std::array sql_fields{
  field_rule{"sql", need::required, check_statements},
};
constexpr std::array http_fields{
  field_rule{"url", need::required, check_url},
  field_rule{"method", need::optional, check_method},
  field_rule{"headers", need::optional, check_headers},
  field_rule{"body", need::optional, check_any},
  field_rule{"expect", need::optional, check_expect},
  field_rule{"output", need::optional, check_output, bound::at_once},
};
constexpr std::array sleep_fields{
  field_rule{"seconds", need::optional, check_seconds},
  field_rule{"until", need::optional, check_until},
};
constexpr std::array run_pipeline_fields{
  field_rule{"pipeline", need::required, check_text},
  field_rule{"parameters", need::optional, check_object},
};
constexpr std::array inline_source_fields{
  field_rule{"connector", need::required, check_text, bound::at_once},
  field_rule{"rows", need::required, check_rows},
  field_rule{"columns", need::optional, check_columns},
};
constexpr std::array file_source_fields{
  field_rule{"connector", need::required, check_text, bound::at_once},
  field_rule{"path", need::required, check_path},
  field_rule{"format", need::optional, check_file_format, bound::at_once},
  field_rule{"columns", need::optional, check_columns},
  field_rule{"header", need::optional, check_bool},
  field_rule{"delimiter", need::optional, check_delimiter},
};
constexpr std::array file_sink_fields{
  field_rule{"connector", need::required, check_text, bound::at_once},
  field_rule{"path", need::optional, check_path},
  field_rule{"format", need::optional, check_file_format, bound::at_once},
  field_rule{"header", need::optional, check_bool},
  field_rule{"delimiter", need::optional, check_delimiter},
  field_rule{"from", need::optional, check_text, bound::at_once},
};

std::span<const field_rule> rules_of(task_type type) noexcept {
  switch (type) {
    case task_type::shell: return shell_fields;
    case task_type::sql: return sql_fields;
    case task_type::http: return http_fields;
    case task_type::sleep: return sleep_fields;
    case task_type::run_pipeline: return run_pipeline_fields;
    case task_type::noop:
    case task_type::source:
    case task_type::sink: break; // The latter two by their connector.
  }
  return {};
}

const written_field* find_field(const std::vector<written_field>& fields, std::string_view name) noexcept {
  for (const written_field& f : fields)
    if (f.name == name) return &f;
  return nullptr;
}

const field_rule* find_rule(std::span<const field_rule> rules, std::string_view name) noexcept {
  for (const field_rule& r : rules)
    if (r.name == name) return &r;
  return nullptr;
}

/// "a shell task" or "a source with connector `file`".
std::string described(const task_spec& spec, const std::string& connector) {
  const std::string type{to_text(spec.type)};
  return connector.empty() ? "a " + type + " task" : "a " + type + " with connector `" + connector + "`";
}

/// @returns the name that was meant, if there is one near.
std::string refuse_unknown(const written_field& field, std::span<const field_rule> rules, const std::string& owner,
                           compile_context& ctx) {
  std::vector<std::string_view> own;
  for (const field_rule& r : rules) own.push_back(r.name);
  std::vector<std::string_view> all = own;
  all.insert(all.end(), common_field_names().begin(), common_field_names().end());
  std::string what = "is not a field of " + owner;
  const std::string near = nearest_name(field.name, all);
  if (!near.empty()) what += did_you_mean(near);
  else if (own.empty()) what += ", which has no fields of its own";
  else what += ", which takes " + any_of(own);
  ctx.problems.add(field.path(), field.v->at, what);
  return near;
}

void take_by_rules(task_draft& draft, const std::vector<written_field>& fields, std::span<const field_rule> rules,
                   const std::string& connector, const field_path& task, compile_context& ctx) {
  value::object config;
  std::vector<std::string> meant; // A field that is there misspelt is not missing as well.
  for (const written_field& field : fields) {
    const field_rule* rule = find_rule(rules, field.name);
    if (!rule) {
      meant.push_back(refuse_unknown(field, rules, described(draft.spec, connector), ctx));
      continue;
    }
    const field_path path = field.path();
    check_texts(*field.v, path, draft, ctx);
    const auto* text = field.v->as_string();
    const bool comes_later = rule->when == bound::at_start && text && is_placeholder(*text);
    if (!comes_later) rule->check(*field.v, path, draft, ctx);
    config.emplace_back(std::string{field.name}, std::move(*field.v));
  }
  for (const field_rule& rule : rules)
    if (rule.presence == need::required && !find_field(fields, rule.name) &&
        std::find(meant.begin(), meant.end(), rule.name) == meant.end())
      ctx.problems.add(task.member(rule.name), draft.at,
                       "is missing; " + described(draft.spec, connector) + " needs it");
  draft.spec.config = value{std::move(config)};
}

void keep_unread(task_draft& draft, const std::vector<written_field>& fields) {
  value::object config;
  for (const written_field& field : fields) config.emplace_back(std::string{field.name}, std::move(*field.v));
  draft.spec.config = value{std::move(config)};
}

/// The format that a file's name tells; empty if it tells none.
std::string_view format_of_path(std::string_view path) noexcept {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> table{{{".csv", "csv"},
                                                                                       {".tsv", "csv"},
                                                                                       {".json", "json"},
                                                                                       {".jsonl", "jsonl"},
                                                                                       {".ndjson", "jsonl"},
                                                                                       {".parquet", "parquet"}}};
  if (path.ends_with(".gz")) path.remove_suffix(3);
  for (const auto& [ending, format] : table)
    if (path.ends_with(ending)) return format;
  return {};
}

/// Settles the format of a file, and that settings of CSV go with CSV.
void settle_file(task_draft& draft, const field_path& task, compile_context& ctx) {
  value& config = draft.spec.config;
  const value* path = config.find("path");
  const auto* path_text = path ? path->as_string() : nullptr;
  const bool path_known = path_text && path_text->find("{{") == std::string::npos;
  if (!config.find("format")) {
    std::string_view format = path_known ? format_of_path(*path_text) : std::string_view{};
    if (format.empty() && draft.spec.type == task_type::sink) format = "parquet";
    if (!format.empty()) config.set("format", value{format});
    else if (path_known)
      ctx.problems.add(task.member("format"), draft.at,
                       "is missing, and the name of the file tells none; it is csv, json, jsonl or parquet");
  }
  const value* format = config.find("format");
  const auto* format_text = format ? format->as_string() : nullptr;
  if (!format_text || *format_text == "csv") return;
  for (const std::string_view name : {"header", "delimiter"})
    if (const value* v = config.find(name))
      ctx.problems.add(task.member(name), v->at, "is for format csv, not " + quoted(*format_text));
}

/// Rows written in the definition name their columns themselves, unless `columns` does.
void settle_rows(task_draft& draft, const field_path& task, compile_context& ctx) {
  const value* rows = draft.spec.config.find("rows");
  const auto* list = rows ? rows->as_list() : nullptr;
  if (!list || draft.spec.config.find("columns")) return;
  const field_path path = task.member("rows");
  if (list->empty()) ctx.problems.add(path, rows->at, "has no row, so columns must be given");
  for (std::size_t i = 0; i < list->size(); ++i)
    if ((*list)[i].as_list())
      return wrong_kind((*list)[i], "an object (column: value), or columns given", path.element(i), ctx);
}

void take_connector_fields(task_draft& draft, std::vector<written_field> fields, const field_path& task,
                           compile_context& ctx) {
  const bool is_source = draft.spec.type == task_type::source;
  const written_field* field = find_field(fields, "connector");
  if (!field) {
    if (const written_field* c = find_field(fields, "connection"); c && c->v->as_string()) {
      mark_unavailable(draft, "connection " + quoted(*c->v->as_string()) + " is not known on this server", ctx,
                       c->path().text(), c->v->at);
      return keep_unread(draft, fields);
    }
    for (std::size_t i = 0; i < fields.size() && ctx.problems.few(); ++i) {
      const written_field& f = fields[i];
      if (f.name == "connection" || nearest_name(f.name, {"connector"}).empty()) continue;
      ctx.problems.add(f.path(), f.v->at, "is not a field of " + described(draft.spec, {}) + did_you_mean("connector"));
      // Read as what was meant, so that what else is wrong is told as well.
      fields[i] = {"connector", f.v, f.around, f.shown.empty() ? f.name : f.shown};
      return take_connector_fields(draft, std::move(fields), task, ctx);
    }
    return ctx.problems.add(task.member("connector"), draft.at, "is missing; it is " + any_of(connector_names()));
  }
  const auto* name = expect_name(*field->v, field->path(), ctx);
  if (!name) return;
  const std::string connector = *name;
  if (is_source && connector == "inline") {
    take_by_rules(draft, fields, inline_source_fields, connector, task, ctx);
    return settle_rows(draft, task, ctx);
  }
  if (connector == "file") {
    if (is_source) take_by_rules(draft, fields, file_source_fields, connector, task, ctx);
    else take_by_rules(draft, fields, file_sink_fields, connector, task, ctx);
    return settle_file(draft, task, ctx);
  }
  if (connector == "inline")
    return ctx.problems.add(field->path(), field->v->at, "must be file; inline is only for sources");
  mark_unavailable(draft,
                   "connector " + quoted(connector) + " is not on this server, which has inline and file" +
                     did_you_mean(nearest_name(connector, connector_names())),
                   ctx, field->path().text(), field->v->at);
  keep_unread(draft, fields);
}

void settle_sleep(const task_draft& draft, const field_path& task, compile_context& ctx) {
  const bool seconds = draft.spec.config.find("seconds") != nullptr;
  const bool until = draft.spec.config.find("until") != nullptr;
  if (seconds == until) ctx.problems.add(task, draft.at, "must have either seconds or until");
}

} // namespace

void take_type_fields(task_draft& draft, const std::vector<written_field>& fields, const field_path& task,
                      compile_context& ctx) {
  const task_type type = draft.spec.type;
  if (type == task_type::source || type == task_type::sink) {
    take_connector_fields(draft, fields, task, ctx);
    // A reference is resolved with the others, and stands in the config once it is.
    if (const value* from = draft.spec.config.find("from"); from && from->as_string() && draft.spec.unavailable.empty())
      draft.from = task_reference{*from->as_string(), task.member("from").text(), from->at};
    return;
  }
  take_by_rules(draft, fields, rules_of(type), {}, task, ctx);
  if (type == task_type::sleep) settle_sleep(draft, task, ctx);
}

bool makes_table(const task_spec& spec) noexcept {
  switch (spec.type) {
    case task_type::source:
    case task_type::sql:
    case task_type::http: return true;
    case task_type::shell: return spec.config.find("output") != nullptr;
    case task_type::noop:
    case task_type::sink:
    case task_type::sleep:
    case task_type::run_pipeline: break;
  }
  return false;
}

const std::vector<std::string_view>& connector_names() {
  static const std::vector<std::string_view> names{"inline", "file"};
  return names;
}

void mark_unavailable(task_draft& draft, std::string reason, compile_context& ctx, std::string field, value::place at) {
  ctx.warn((draft.spec.id.empty() ? draft.field : "task " + quoted(draft.spec.id)) + " cannot run: " + reason,
           std::move(field), at);
  draft.spec.unavailable = std::move(reason);
}

} // namespace penstock
