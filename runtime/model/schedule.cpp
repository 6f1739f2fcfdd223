#include "runtime/model/schedule.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace penstock {

namespace {

template <class T, std::size_t N>
using names = std::array<std::pair<T, std::string_view>, N>;

constexpr names<overlap_strategy, 3> overlaps{{{overlap_strategy::skip, "SKIP"},
                                               {overlap_strategy::queue, "QUEUE"},
                                               {overlap_strategy::cancel_running, "CANCEL_RUNNING"}}};
constexpr names<catchup_strategy, 3> catchups{{{catchup_strategy::skip_to_current, "SKIP_TO_CURRENT"},
                                               {catchup_strategy::run_all, "RUN_ALL"},
                                               {catchup_strategy::run_latest, "RUN_LATEST_N"}}};
constexpr names<backfill_status, 6> backfill_states{{{backfill_status::pending, "PENDING"},
                                                     {backfill_status::running, "RUNNING"},
                                                     {backfill_status::paused, "PAUSED"},
                                                     {backfill_status::completed, "COMPLETED"},
                                                     {backfill_status::failed, "FAILED"},
                                                     {backfill_status::cancelled, "CANCELLED"}}};
constexpr names<granularity, 4> granularities{{{granularity::hourly, "HOURLY"},
                                               {granularity::daily, "DAILY"},
                                               {granularity::weekly, "WEEKLY"},
                                               {granularity::monthly, "MONTHLY"}}};
constexpr names<dependency_type, 2> dependency_types{
  {{dependency_type::strong, "STRONG"}, {dependency_type::weak, "WEAK"}}};

template <class T, std::size_t N>
std::string_view name_of(const names<T, N>& table, T v) noexcept {
  for (const auto& [known, name] : table)
    if (known == v) return name;
  return "UNKNOWN";
}

/// In capitals or small letters.
template <class T, std::size_t N>
std::optional<T> value_of(const names<T, N>& table, std::string_view text) noexcept {
  const auto same = [](char a, char b) { return std::toupper(static_cast<unsigned char>(a)) == b; };
  for (const auto& [known, name] : table)
    if (std::equal(text.begin(), text.end(), name.begin(), name.end(), same)) return known;
  return std::nullopt;
}

} // namespace

std::string_view to_text(overlap_strategy s) noexcept { return name_of(overlaps, s); }
std::optional<overlap_strategy> parse_overlap_strategy(std::string_view text) noexcept {
  return value_of(overlaps, text);
}
std::string_view to_text(catchup_strategy s) noexcept { return name_of(catchups, s); }
std::optional<catchup_strategy> parse_catchup_strategy(std::string_view text) noexcept {
  return value_of(catchups, text);
}
std::string_view to_text(backfill_status s) noexcept { return name_of(backfill_states, s); }
std::string_view to_text(granularity g) noexcept { return name_of(granularities, g); }
std::optional<granularity> parse_granularity(std::string_view text) noexcept { return value_of(granularities, text); }
std::string_view to_text(dependency_type t) noexcept { return name_of(dependency_types, t); }
std::optional<dependency_type> parse_dependency_type(std::string_view text) noexcept {
  return value_of(dependency_types, text);
}

} // namespace penstock
