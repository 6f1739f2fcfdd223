#pragma once

#include "actors/core/entity_core.hpp"
#include "runtime/calendar/intervals.hpp"
#include "runtime/calendar/schedule_rule.hpp"

/// Schedules and backfills as they lie in the store, and what their members mean.
namespace penstock {

[[nodiscard]] sealed_place parameters_place(const schedule_record& record);
[[nodiscard]] sealed_place error_place(const schedule_record& record);
[[nodiscard]] sealed_place parameters_place(const backfill_record& record);
[[nodiscard]] sealed_place error_place(const backfill_record& record);

/// With the sealed fields opened and taken out of the record, and with the next due time that is no holiday: the timer
/// wakes for those as well.
[[nodiscard]] schedule_view open_schedule(const entity_surroundings& around, schedule_record record);
[[nodiscard]] backfill_view open_backfill(const sealer& seals, backfill_record record);
[[nodiscard]] inline backfill_view::interval shown(const time_span& span) noexcept { return {span.begin, span.end}; }

/// Sets what the draft gives, but for the parameters.
void apply_draft(schedule_record& record, const schedule_draft& draft);

/// The record's rule. Fields of problems are named as the engine surface names them.
/// @returns `errc::invalid_argument` with a problem for each member that is wrong.
[[nodiscard]] result<schedule_rule> rule_of(const schedule_record& record, const holiday_calendar* holidays);
/// The same, and that it comes due at all.
[[nodiscard]] result<void> check_schedule(const schedule_record& record, const holiday_calendar* holidays,
                                          timestamp now);
/// Due times after `from`.
[[nodiscard]] result<std::vector<timestamp>>
preview_schedule(const schedule_record& record, const holiday_calendar* holidays, timestamp from, std::size_t limit);

/// The holidays that a schedule of this record keeps; null: none.
[[nodiscard]] std::shared_ptr<const holiday_calendar> holidays_for(const system_registry& registry,
                                                                   const schedule_record& record);

/// The record's intervals. @returns `errc::invalid_argument` naming `from`, `to` or `timezone`.
[[nodiscard]] result<backfill_intervals> intervals_of(const backfill_record& record);

} // namespace penstock
