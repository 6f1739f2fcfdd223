#include "tools/penstock/text_format.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace penstock::cli {

namespace {

template <class... Numbers>
std::string print(const char* format, Numbers... numbers) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, numbers...);
  return text.data();
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

void append_row(std::string& out, const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    line += cells[i];
    line.append(widths[i] - width_of(cells[i]) + 2, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + '\n';
}

} // namespace

std::string show_duration(milliseconds d) {
  const auto ms = std::max<std::int64_t>(0, d.count());
  const auto s = ms / 1'000;
  if (s < 60) return print("%.1f s", static_cast<double>(ms / 100) / 10);
  if (s < 3'600) return print("%lld min %02lld s", static_cast<long long>(s / 60), static_cast<long long>(s % 60));
  if (s < 86'400)
    return print("%lld h %02lld min", static_cast<long long>(s / 3'600), static_cast<long long>(s / 60 % 60));
  return print("%lld d %02lld h", static_cast<long long>(s / 86'400), static_cast<long long>(s / 3'600 % 24));
}

std::string show_bytes(std::uint64_t bytes) {
  if (bytes < 1'024) return std::to_string(bytes) + " B";
  constexpr std::array units{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto amount = static_cast<double>(bytes) / 1'024;
  std::size_t unit = 0;
  while (amount >= 1'023.95 && unit + 1 < units.size()) amount /= 1'024, ++unit;
  return print("%.1f %s", amount, units[unit]);
}

std::string show_count(std::uint64_t count) {
  auto digits = std::to_string(count);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string show_time(std::string_view rfc3339) {
  const auto at = parse_rfc3339(rfc3339);
  if (!at) return "-";
  const auto seconds = static_cast<std::time_t>(to_ms(*at) / 1'000);
  std::tm local{};
  std::array<char, 32> text{};
  if (localtime_r(&seconds, &local) == nullptr) return "-";
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &local);
  return text.data();
}

std::size_t width_of(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

std::string fit(std::string_view text, std::size_t columns) {
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F are control characters, too.
    const bool is_c1 = c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    shown += c < 0x20 || c == 0x7f || is_c1 ? ' ' : text[i];
    if (is_c1) ++i;
  }
  if (width_of(shown) <= columns) return shown;
  std::size_t end = 0;
  for (std::size_t kept = 0; end < shown.size(); ++end) {
    if (!is_continuation(shown[end]) && ++kept >= std::max<std::size_t>(1, columns)) break;
  }
  return shown.substr(0, end) + (columns == 0 ? "" : "…");
}

std::string first_line(std::string_view text) { return std::string{text.substr(0, text.find('\n'))}; }

std::string show_table(const std::vector<std::string>& headings, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& heading : headings) widths.push_back(width_of(heading));
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  append_row(out, headings, widths);
  for (const auto& row : rows) append_row(out, row, widths);
  return out;
}

} // namespace penstock::cli
