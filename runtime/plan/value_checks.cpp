#include "runtime/plan/value_checks.hpp"

#include "runtime/model/json.hpp"
#include "runtime/model/nearest_name.hpp"
#include "runtime/model/utf8.hpp"
#include "runtime/plan/duration.hpp"
#include "runtime/plan/field_checks.hpp"
#include "runtime/plan/files_name.hpp"
#include "runtime/plan/http_headers.hpp"
#include "runtime/plan/placeholders.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace penstock {

namespace {

constexpr std::size_t rows_max = 100'000;

/// One of some words; says so otherwise.
void check_word(const value& v, const std::vector<std::string_view>& words, const field_path& path,
                compile_context& ctx) {
  const auto* text = v.as_string();
  if (!text) return wrong_kind(v, any_of(words), path, ctx);
  if (std::find(words.begin(), words.end(), *text) != words.end()) return;
  ctx.problems.add(path, v.at,
                   "must be " + any_of(words) + ", not " + quoted(*text) + did_you_mean(nearest_name(*text, words)));
}

/// A status of HTTP, a class (`2xx`) or a range (`200-299`).
bool is_expected_status(const value& v) {
  const auto is_status = [](std::int64_t n) { return n >= 100 && n <= 599; };
  if (const auto* n = v.as_int()) return is_status(*n);
  const auto* text = v.as_string();
  if (!text) return false;
  if (is_placeholder(*text)) return true;
  const auto number = [&](std::string_view digits) {
    std::int64_t n = 0;
    const auto end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, n);
    return parsed.ec == std::errc{} && parsed.ptr == end ? n : 0;
  };
  if (text->size() == 3 && (text->ends_with("xx") || text->ends_with("XX")))
    return (*text)[0] >= '1' && (*text)[0] <= '5';
  const std::size_t dash = text->find('-');
  if (dash == std::string::npos) return is_status(number(*text));
  const std::int64_t first = number(std::string_view{*text}.substr(0, dash));
  const std::int64_t last = number(std::string_view{*text}.substr(dash + 1));
  return is_status(first) && is_status(last) && first <= last;
}

} // namespace

void check_any(value&, const field_path&, task_draft&, compile_context&) {}

void check_text(value& v, const field_path& path, task_draft&, compile_context& ctx) { expect_name(v, path, ctx); }

void check_bool(value& v, const field_path& path, task_draft&, compile_context& ctx) { expect_bool(v, path, ctx); }

void check_object(value& v, const field_path& path, task_draft&, compile_context& ctx) { expect_object(v, path, ctx); }

void check_text_map(value& v, const field_path& path, task_draft&, compile_context& ctx) {
  auto* members = expect_object(v, path, ctx);
  if (!members) return;
  for (auto& [name, member] : *members) {
    if (member.as_string()) continue;
    if (member.is_number() || member.as_bool()) {
      const auto at = member.at;
      member = value{write_json(member)};
      member.at = at;
    } else {
      wrong_kind(member, "text", path.member(name), ctx);
    }
  }
}

void check_headers(value& v, const field_path& path, task_draft& draft, compile_context& ctx) {
  check_text_map(v, path, draft, ctx);
  const auto* members = v.as_object();
  if (!members) return;
  for (const auto& [name, member] : *members) {
    const field_path at = path.member(name);
    if (!is_http_token(name)) ctx.problems.add(at, member.at, "is no name of a header");
    else if (is_own_header(name)) ctx.problems.add(at, member.at, "is set by what is sent; leave it out");
    const auto* text = member.as_string();
    if (text && text->find_first_of("\r\n") != std::string::npos)
      ctx.problems.add(at, member.at, "must be a text without line breaks");
  }
}

void check_path(value& v, const field_path& path, task_draft&, compile_context& ctx) {
  const auto* name = expect_name(v, path, ctx);
  if (!name) return;
  // Whatever is put in for a placeholder, what stands around it stays.
  if (const auto why = files_name_mistake(replace_placeholders(*name, "x")); !why.empty())
    ctx.problems.add(path, v.at, why);
}

void check_statements(value& v, const field_path& path, task_draft&, compile_context& ctx) {
  if (const auto* sql = expect_name(v, path, ctx)) check_sql(*sql, false, v.at, path, ctx);
}

void check_url(value& v, const field_path& path, task_draft&, compile_context& ctx) {
  const auto* url = expect_name(v, path, ctx);
  if (!url || url->starts_with("{{")) return;
  if (!url->starts_with("http://") && !url->starts_with("https://"))
    return ctx.problems.add(path, v.at, "must begin with http:// or https://");
  const std::string bare = replace_placeholders(*url, "");
  const bool printable =
    std::all_of(bare.begin(), bare.end(), [](char c) { return static_cast<unsigned char>(c) > 0x20; });
  if (!printable) ctx.problems.add(path, v.at, "must not hold spaces or control characters");
}

void check_method(value& v, const field_path& path, task_draft&, compile_context& ctx) {
  static const std::vector<std::string_view> methods{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"};
  if (const auto* text = v.as_string()) {
    const auto at = v.at;
    std::string capitals = *text;
    for (char& c : capitals)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    v = value{std::move(capitals)};
    v.at = at;
  }
  check_word(v, methods, path, ctx);
}

void check_expect(value& v, const field_path& path, task_draft&, compile_context& ctx) {
  constexpr std::string_view wanted =
    "must be a status such as 200, a class such as 2xx, a range such as 200-299, or a list of those";
  const auto* items = v.as_list();
  if (!items) {
    if (!is_expected_status(v)) ctx.problems.add(path, v.at, wanted);
    return;
  }
  if (items->empty()) ctx.problems.add(path, v.at, wanted);
  for (std::size_t i = 0; i < items->size(); ++i)
    if (!is_expected_status((*items)[i])) ctx.problems.add(path.element(i), (*items)[i].at, wanted);
}

void check_output(value& v, const field_path& path, task_draft& draft, compile_context& ctx) {
  auto* members = expect_object(v, path, ctx);
  if (!members) return;
  static const std::vector<std::string_view> known{"format", "columns", "header", "delimiter"};
  for (auto& [name, field] : *members) {
    const field_path at = path.member(name);
    if (name == "format") check_file_format(field, at, draft, ctx);
    else if (name == "columns") check_columns(field, at, draft, ctx);
    else if (name == "header") expect_bool(field, at, ctx);
    else if (name == "delimiter") check_delimiter(field, at, draft, ctx);
    else
      ctx.problems.add(at, field.at,
                       "is not a field of output, which takes " + any_of(known) +
                         did_you_mean(nearest_name(name, known)));
  }
  if (!v.find("format")) ctx.problems.add(path.member("format"), v.at, "is missing; it is csv, json, jsonl or parquet");
}

void check_rows(value& v, const field_path& path, task_draft&, compile_context& ctx) {
  const auto* rows = expect_list(v, path, ctx);
  if (!rows) return;
  if (rows->size() > rows_max)
    ctx.problems.add(
      path, v.at, "has " + std::to_string(rows->size()) + " rows; at most 100000 are taken, so read them from a file");
  for (std::size_t i = 0; i < rows->size(); ++i)
    if (!(*rows)[i].as_object() && !(*rows)[i].as_list())
      wrong_kind((*rows)[i], "an object (column: value)", path.element(i), ctx);
}

void check_columns(value& v, const field_path& path, task_draft&, compile_context& ctx) {
  if (const auto* types = v.as_object()) {
    if (types->empty()) ctx.problems.add(path, v.at, "must name at least one column");
    for (const auto& [name, type] : *types) expect_name(type, path.member(name), ctx);
    return;
  }
  const auto* items = v.as_list();
  if (!items) return wrong_kind(v, "a list of names or an object (name: SQL type)", path, ctx);
  if (items->empty()) ctx.problems.add(path, v.at, "must name at least one column");
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const value& item = (*items)[i];
    const field_path at = path.element(i);
    const auto* name = expect_name(item, at, ctx);
    if (name && !seen.insert(*name).second) ctx.problems.add(at, item.at, "names column " + quoted(*name) + " again");
  }
}

void check_delimiter(value& v, const field_path& path, task_draft&, compile_context& ctx) {
  const auto* text = v.as_string();
  if (!text) return wrong_kind(v, "one character", path, ctx);
  if (text->empty() || utf8_sequence_length(*text) != text->size() || *text == "\n" || *text == "\"")
    ctx.problems.add(path, v.at, "must be one character, not " + quoted(*text));
}

void check_file_format(value& v, const field_path& path, task_draft&, compile_context& ctx) {
  static const std::vector<std::string_view> formats{"csv", "json", "jsonl", "parquet"};
  check_word(v, formats, path, ctx);
}

void check_seconds(value& v, const field_path& path, task_draft&, compile_context& ctx) {
  if (!v.is_number()) return wrong_kind(v, "a number of seconds", path, ctx);
  if (!parse_duration(v)) ctx.problems.add(path, v.at, "must be from 0 to 315360000 (ten years)");
}

void check_until(value& v, const field_path& path, task_draft&, compile_context& ctx) {
  const auto* text = expect_text(v, path, ctx);
  if (text && !parse_rfc3339(*text))
    ctx.problems.add(path, v.at, "must be a time such as 2026-01-31T09:30:00Z, not " + quoted(*text));
}

} // namespace penstock
