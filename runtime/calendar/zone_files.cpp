#include "runtime/calendar/zone_files.hpp"

#include "runtime/calendar/zone_rule.hpp"
#include "runtime/model/nearest_name.hpp"

#include <date/date.h>
#include <date/tz.h>

#include <algorithm>
#include <exception>
#include <fstream>

namespace penstock {
namespace {

constexpr std::string_view zone_folder = "/usr/share/zoneinfo/";
constexpr int last_ruled_year = 2200;
constexpr std::size_t name_bytes_max = 64;

/// Trees beside the zones proper that hold them once more; those in `right` count leap seconds.
bool is_second_tree(std::string_view name) { return name.starts_with("posix/") || name.starts_with("right/"); }

unexpected<error> no_database(std::string_view why) {
  why = why.substr(0, why.find('\n')); // Some of the library's messages end with a new line.
  return fail(errc::unavailable, "the time zone database of this machine cannot be used; install the package tzdata (" +
                                   std::string{why} + ")");
}

/// Appends the period that begins at `at`, unless the clocks go on as they went.
void append(std::vector<zone_period>& periods, timestamp at, std::chrono::seconds offset) {
  if (periods.empty()) return periods.push_back(first_period(offset));
  const auto& last = periods.back();
  if (last.offset == offset || at <= last.begin) return;
  const local_timestamp shown{at.time_since_epoch() + last.offset};
  periods.push_back({at, offset, std::max(last.reached, shown)});
}

/// The last line of a zone file.
std::string rule_of_file(std::string_view name) {
  std::ifstream file{std::string{zone_folder}.append(name), std::ios::binary};
  const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
  if (bytes.size() < 2 || bytes.back() != '\n') return {};
  const auto begin = bytes.rfind('\n', bytes.size() - 2);
  if (begin == std::string::npos) return {};
  return bytes.substr(begin + 1, bytes.size() - begin - 2);
}

/// Writes out what the rule of the file says from the last listed change on: the library stops there, in 2037 at most.
void append_ruled(std::vector<zone_period>& periods, std::string_view name) {
  const auto rule = parse_zone_rule(rule_of_file(name));
  if (!rule) return;
  const std::chrono::year_month_day last{std::chrono::floor<std::chrono::days>(periods.back().begin)};
  for (const auto& [at, offset] : changes_of(*rule, static_cast<int>(last.year()), last_ruled_year))
    append(periods, at, offset);
}

zone_table read_table(const date::time_zone& zone) {
  zone_table table{zone.name(), {}};
  const date::sys_seconds stop{date::sys_days{date::year{last_ruled_year} / date::January / 1}};
  for (date::sys_seconds at{date::sys_days{date::year{1} / date::January / 1}}; at < stop;) {
    const auto info = zone.get_info(at);
    append(table.periods, timestamp{at.time_since_epoch()}, info.offset);
    at = info.end;
  }
  append_ruled(table.periods, table.name);
  return table;
}

unexpected<error> unknown_zone(std::string_view name, const date::tzdb& database) {
  std::vector<std::string_view> known;
  for (const auto& zone : database.zones)
    if (!is_second_tree(zone.name())) known.push_back(zone.name());
  std::string near = nearest_name(name, known);
  if (near.empty() && name.find('/') == std::string_view::npos) {
    // Often only the city is given.
    std::vector<std::string_view> cities;
    for (const auto zone : known) cities.push_back(zone.substr(zone.rfind('/') + 1));
    const std::string city = nearest_name(name, cities);
    const auto found = std::find(cities.begin(), cities.end(), city);
    if (!city.empty()) near = known[static_cast<std::size_t>(found - cities.begin())];
  }
  auto message = "there is no time zone \"" + std::string{name.substr(0, name_bytes_max)} +
                 "\"; names are those of the IANA database, such as \"Europe/Warsaw\" or \"UTC\"";
  if (!near.empty()) message += "; did you mean \"" + near + "\"?";
  return fail(errc::invalid_argument, std::move(message));
}

} // namespace

result<zone_table> read_zone(std::string_view name) try {
  const auto& database = date::get_tzdb();
  if (database.zones.empty()) return no_database("it has no zones");
  const auto zone = std::find_if(database.zones.begin(), database.zones.end(),
                                 [&](const date::time_zone& z) { return z.name() == name && !is_second_tree(name); });
  if (zone == database.zones.end()) return unknown_zone(name, database);
  return read_table(*zone);
} catch (const std::exception& e) { return no_database(e.what()); }

} // namespace penstock
