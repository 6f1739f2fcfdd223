// For tests: reads lines `cron<TAB>zone<TAB>from<TAB>n` on its standard input and writes for each a line with the next
// n instants after `from`, separated by spaces, or `error: ` and the reason. Instants are ms since the Unix epoch.
#include "runtime/calendar/cron_times.hpp"

#include <array>
#include <charconv>
#include <iostream>
#include <string>

using namespace penstock;

namespace {

std::int64_t number(std::string_view text) {
  std::int64_t n = 0;
  std::from_chars(text.data(), text.data() + text.size(), n);
  return n;
}

result<std::string> answer(std::string_view line) {
  std::array<std::string_view, 4> parts;
  for (auto& part : parts) {
    part = line.substr(0, line.find('\t'));
    line.remove_prefix(std::min(line.size(), part.size() + 1));
  }
  const auto fields = parse_cron(parts[0]);
  if (!fields) return unexpected(fields.error());
  const auto zone = find_time_zone(parts[1]);
  if (!zone) return unexpected(zone.error());
  std::string out;
  auto t = std::optional{from_ms(number(parts[2]))};
  for (auto n = number(parts[3]); n > 0; --n) {
    t = next_time(*fields, *zone, *t);
    if (!t) break;
    out += (out.empty() ? "" : " ") + std::to_string(to_ms(*t));
  }
  return out;
}

} // namespace

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    const auto instants = answer(line);
    std::cout << (instants ? *instants : "error: " + instants.error().message) << '\n';
  }
}
