#pragma once

#include "actors/operations.hpp"
#include "api/response.hpp"

#include <vector>

namespace penstock::engine_surface {

[[nodiscard]] response render_schedule(int status, const schedule_view& schedule);
/// With `X-Total-Count`, as every list here.
[[nodiscard]] response render_schedules(const listing<schedule_view>& schedules);
[[nodiscard]] response render_next_runs(const std::vector<timestamp>& times);

[[nodiscard]] response render_backfill(int status, const backfill_view& backfill);
[[nodiscard]] response render_backfills(const listing<backfill_view>& backfills);

[[nodiscard]] response render_dependency(int status, const dependency_record& dependency);
[[nodiscard]] response render_dependencies(pipeline_id of, const dependency_graph& graph);

[[nodiscard]] response render_calendar(int status, const calendar_record& calendar);
/// Without the days.
[[nodiscard]] response render_calendars(const std::vector<calendar_record>& calendars);

} // namespace penstock::engine_surface
