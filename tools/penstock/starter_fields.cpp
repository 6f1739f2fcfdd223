#include "tools/penstock/starter_fields.hpp"

#include "runtime/calendar/working_days.hpp"
#include "tools/penstock/definition_file.hpp"
#include "tools/penstock/fields.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace penstock::cli {

namespace {

constexpr std::size_t page_size = 1'000;

std::string two_digits(std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); }

} // namespace

void take_text(const command_context& with, std::string_view option, std::string_view field, value& body) {
  if (with.line.has(option)) body.set(field, with.option(option));
}

void take_word(const command_context& with, std::string_view option, std::string_view field, value& body) {
  auto word = with.option(option);
  if (word.empty()) return;
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
  body.set(field, std::move(word));
}

outcome<void> take_number(const command_context& with, std::string_view option, std::string_view field, value& body) {
  const auto given = with.option(option);
  if (!with.line.has(option)) return {};
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(given.data(), given.data() + given.size(), number);
  if (given.empty() || problem != std::errc{} || end != given.data() + given.size())
    return give_up(exit_code::usage, "--" + std::string{option} + " takes a whole number, not \"" + given + "\"");
  body.set(field, number);
  return {};
}

outcome<void> take_switch(const command_context& with, std::string_view option, std::string_view field, value& body) {
  if (!with.line.has(option)) return {};
  const auto given = with.option(option);
  if (given != "true" && given != "false")
    return give_up(exit_code::usage, "--" + std::string{option} + " takes true or false, not \"" + given + "\"");
  body.set(field, given == "true");
  return {};
}

outcome<void> take_parameters(command_context& with, const std::string& pipeline, std::string_view field, value& body) {
  const auto given = with.line.all("param");
  if (given.empty()) return {};
  const auto found = with.api.get("/api/v1/pipelines/" + encode(pipeline), object_with({{"yamlDefinition"}}));
  if (!found) return unexpected(found.error());
  auto parameters = read_parameters(given, text_of(*found, "yamlDefinition"));
  if (!parameters) return unexpected(parameters.error());
  for (const auto& warning : parameters->warnings) with.err << "warning: " << warning << '\n';
  body.set(field, std::move(parameters->given));
  return {};
}

outcome<value::list> fetch_all(api_client& api, const std::string& path, const std::vector<needed_member>& members) {
  value::list all;
  const auto mark = path.find('?') == std::string::npos ? "?" : "&";
  for (;;) {
    const auto answer = api.get(
      path + mark + "limit=" + std::to_string(page_size) + "&offset=" + std::to_string(all.size()), list_of(members));
    if (!answer) return unexpected(answer.error());
    const auto page = entries_of(*answer);
    all.insert(all.end(), page.begin(), page.end());
    if (page.size() < page_size) return all;
  }
}

std::string name_in(const std::map<std::string, std::string>& names, const std::string& id) {
  const auto it = names.find(id);
  return it == names.end() || it->second.empty() ? id : it->second;
}

std::string show_in_zone(std::string_view rfc3339, const std::string& zone) {
  const auto at = parse_rfc3339(rfc3339);
  if (!at) return "-";
  const auto known = find_time_zone(zone);
  const auto local = (known ? *known : time_zone{}).to_local(*at);
  const auto date = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::minutes>(local - date)};
  return to_text(date) + " " + two_digits(time.hours().count()) + ":" + two_digits(time.minutes().count()) + " " +
         (known ? zone : "UTC");
}

} // namespace penstock::cli
