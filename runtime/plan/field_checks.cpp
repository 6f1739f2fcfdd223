#include "runtime/plan/field_checks.hpp"

#include "runtime/plan/duration.hpp"
#include "runtime/plan/placeholders.hpp"
#include "runtime/plan/sql_split.hpp"

namespace penstock {

void wrong_kind(const value& v, std::string_view wanted, const field_path& path, compile_context& ctx) {
  ctx.problems.add(path, v.at, "must be " + std::string{wanted} + ", not " + std::string{v.kind_name()});
}

const std::string* expect_text(const value& v, const field_path& path, compile_context& ctx) {
  const auto* text = v.as_string();
  if (!text) wrong_kind(v, "text", path, ctx);
  return text;
}

const std::string* expect_name(const value& v, const field_path& path, compile_context& ctx) {
  const auto* text = expect_text(v, path, ctx);
  if (!text || text->find_first_not_of(" \t\r\n") != std::string::npos) return text;
  ctx.problems.add(path, v.at, "must not be empty");
  return nullptr;
}

value::list* expect_list(value& v, const field_path& path, compile_context& ctx) {
  auto* items = v.as_list();
  if (!items) wrong_kind(v, "a list", path, ctx);
  return items;
}

value::object* expect_object(value& v, const field_path& path, compile_context& ctx) {
  auto* members = v.as_object();
  if (!members) wrong_kind(v, "an object", path, ctx);
  return members;
}

std::optional<bool> expect_bool(const value& v, const field_path& path, compile_context& ctx) {
  if (const auto* b = v.as_bool()) return *b;
  wrong_kind(v, "true or false", path, ctx);
  return std::nullopt;
}

std::optional<task_priority> expect_priority(const value& v, const field_path& path, compile_context& ctx) {
  const auto* text = v.as_string();
  auto priority = text ? parse_task_priority(*text) : std::nullopt;
  if (!priority) ctx.problems.add(path, v.at, "must be HIGH, NORMAL or LOW");
  return priority;
}

std::optional<std::uint64_t> expect_duration(const value& v, bool zero_allowed, const field_path& path,
                                             compile_context& ctx) {
  const auto ms = parse_duration(v);
  if (ms && (zero_allowed || *ms > 0)) return ms;
  std::string got{v.kind_name()};
  if (const auto* text = v.as_string()) got = quoted(*text);
  else if (v.is_number()) got = ms ? "nothing" : "a negative or too large number";
  ctx.problems.add(path, v.at, "must be a number of seconds or a text such as 500ms, 30s, 5m, 2h or 1d, not " + got);
  return std::nullopt;
}

bool is_identifier(std::string_view text) noexcept {
  if (text.empty() || text.size() > 100) return false;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (!is_letter(text[0])) return false;
  for (const char c : text)
    if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '-') return false;
  return true;
}

void check_texts(const value& v, const field_path& path, task_draft& draft, compile_context& ctx) {
  if (const auto* text = v.as_string()) {
    for (const std::string& why : check_placeholders(*text)) ctx.problems.add(path, v.at, "is wrong: " + why);
    for (const std::string_view used : placeholder_paths(*text)) {
      if (used == "item" || used.starts_with("item.")) {
        if (!draft.item_at) draft.item_at = v.at;
      } else if (used.starts_with("params.")) {
        const std::string_view members = used.substr(7);
        const std::string_view name = members.substr(0, members.find('.'));
        if (!ctx.params_used.contains(name)) ctx.params_used.emplace(name, parameter_use{path.text(), v.at});
      }
    }
  } else if (const auto* items = v.as_list()) {
    for (std::size_t i = 0; i < items->size(); ++i) check_texts((*items)[i], path.element(i), draft, ctx);
  } else if (const auto* members = v.as_object()) {
    for (const auto& [key, member] : *members) check_texts(member, path.member(key), draft, ctx);
  }
}

void check_sql(const std::string& sql, bool one_statement, value::place at, const field_path& path,
               compile_context& ctx) {
  if (is_placeholder(sql)) return; // The statement itself comes when a run starts.
  const std::size_t statements = split_sql(sql).size();
  if (statements == 0) return ctx.problems.add(path, at, "holds no statement");
  if (one_statement && statements > 1) return ctx.problems.add(path, at, "must be one statement");
  if (!ctx.options.sql_error || ++ctx.sql_texts > ctx.options.sql_texts_max) return;
  // A name parses nearly everywhere where a placeholder is put, a number in most other places.
  auto why = ctx.options.sql_error(replace_placeholders(sql, "placeholder"));
  if (!why) return;
  if (sql.find("{{") != std::string::npos && !ctx.options.sql_error(replace_placeholders(sql, "1"))) return;
  ctx.problems.add(path, at, "does not parse: " + *why);
}

} // namespace penstock
