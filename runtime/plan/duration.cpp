#include "runtime/plan/duration.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

namespace penstock {

namespace {

std::optional<std::uint64_t> from_number(double count, double unit_ms) noexcept {
  const double ms = std::round(count * unit_ms);
  if (!(ms >= 0 && ms <= static_cast<double>(duration_max_ms))) return std::nullopt;
  return static_cast<std::uint64_t>(ms);
}

} // namespace

std::optional<std::uint64_t> parse_duration(const value& v) noexcept {
  static constexpr std::array<std::pair<std::string_view, double>, 5> units{
    {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
  if (v.is_number()) return from_number(v.number(), 1'000);
  const auto* text = v.as_string();
  if (!text) return std::nullopt;
  double count = 0;
  const char* end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, count, std::chars_format::fixed);
  if (parsed.ec != std::errc{}) return std::nullopt;
  const std::string_view unit{parsed.ptr, static_cast<std::size_t>(end - parsed.ptr)};
  for (const auto& [name, ms] : units)
    if (unit == name) return from_number(count, ms);
  return std::nullopt;
}

} // namespace penstock
