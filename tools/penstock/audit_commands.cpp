#include "tools/penstock/commands.hpp"
#include "tools/penstock/fields.hpp"
#include "tools/penstock/text_format.hpp"
#include "tools/penstock/time_option.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace penstock::cli {

namespace {

constexpr std::size_t page_size_max = 100;
constexpr std::size_t entries_default = 20;
constexpr std::size_t entries_max = 10'000;

timestamp now() { return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now()); }

outcome<std::size_t> read_limit(const command_context& with) {
  const auto given = with.option("limit");
  if (!with.line.has("limit")) return entries_default;
  std::size_t limit = 0;
  const auto [end, problem] = std::from_chars(given.data(), given.data() + given.size(), limit);
  if (problem != std::errc{} || end != given.data() + given.size() || limit < 1 || limit > entries_max)
    return give_up(exit_code::usage, "--limit takes a whole number from 1 to 10000, not \"" + given + "\"");
  return limit;
}

/// What is asked for, as the query of a page without its limit.
outcome<std::string> read_filter(const command_context& with) {
  std::string query;
  for (const auto& [option, name] : {std::pair{"since", "from_date"}, std::pair{"until", "to_date"}}) {
    if (!with.line.has(option)) continue;
    const auto time = read_time("--" + std::string{option}, with.option(option), now());
    if (!time) return unexpected(time.error());
    query += "&" + std::string{name} + "=" + encode(*time);
  }
  for (const auto* name : {"subject", "operation", "object", "result"})
    if (with.line.has(name)) query += "&" + std::string{name} + "=" + encode(with.option(name));
  return query;
}

/// Newest first, from as many pages as it takes.
outcome<value::list> fetch_entries(api_client& api, const std::string& filter, std::size_t limit) {
  value::list all;
  std::string next;
  do {
    const auto size = std::min(limit - all.size(), page_size_max);
    const auto answer =
      api.get("/v1/audit?limit=" + std::to_string(size) + filter + next, list_of({{"time"}, {"operation"}}));
    if (!answer) return unexpected(answer.error());
    const auto part = entries_of(*answer);
    all.insert(all.end(), part.begin(), part.end());
    const auto* meta = answer->find("meta");
    const auto cursor = meta == nullptr ? std::string{} : text_of(*meta, "next");
    next = cursor.empty() ? "" : "&before=" + encode(cursor);
  } while (!next.empty() && all.size() < limit);
  return all;
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string object_of(const value& entry) {
  const auto made = text_of(entry, "made");
  return or_dash(text_of(entry, "object")) + (made.empty() ? "" : " -> " + made);
}

std::string result_of(const value& entry) {
  const auto omitted = int_of(entry, "omitted");
  return text_of(entry, "result") + (omitted == 0 ? "" : " (and " + std::to_string(omitted) + " more)");
}

outcome<exit_code> audit(command_context& with) {
  const auto limit = read_limit(with);
  if (!limit) return unexpected(limit.error());
  const auto filter = read_filter(with);
  if (!filter) return unexpected(filter.error());
  auto entries = fetch_entries(with.api, *filter, *limit);
  if (!entries) return unexpected(entries.error());
  if (with.as_json) {
    print_json(with.out, value{std::move(*entries)});
    return exit_code::ok;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& entry : *entries)
    rows.push_back({show_time(text_of(entry, "time")), fit(text_of(entry, "subject"), 40), text_of(entry, "operation"),
                    result_of(entry), or_dash(text_of(entry, "address")), fit(object_of(entry), 80)});
  print_table(with, {"TIME", "SUBJECT", "OPERATION", "RESULT", "ADDRESS", "OBJECT"}, rows, "entries");
  return exit_code::ok;
}

constexpr option_row options[] = {
  {"since", "TIME", "not before: a date, a time, or how long ago, such as 2h or 3d"},
  {"until", "TIME", "not after; a date counts to its end"},
  {"subject", "WHO", "the id of a key, the subject of a token, or the id of a registered webhook"},
  {"operation", "NAME", "such as cloud.createKey; /openapi.json names them all"},
  {"object", "ID", "what was acted on, or the run that was started"},
  {"result", "WORD", "ok, or the code of an error"},
  {"limit", "N", "at most so many, newest first [20]", 'n'},
};

constexpr command_row rows[] = {
  {"", "audit", "", 0, 0, "tell who changed what, and what was refused", options, &audit,
   "  penstock audit --since 3d --operation cloud.createKey\n  penstock audit --result forbidden -n 100\n"},
};

} // namespace

std::span<const command_row> audit_commands() { return rows; }

} // namespace penstock::cli
