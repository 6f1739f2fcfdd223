#pragma once

#include "storage/keys.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

/// Keys by which runs and pipelines are listed and counted. Counters of runs are `level_key`s: a base, and the time in as
/// much detail as the level has.
namespace penstock::keys {

/// The millisecond in a version 7 id: what runs are ordered, counted and filtered by.
[[nodiscard]] timestamp time_of(const uuid& id) noexcept;

/// A level of counters over time: units of this length, in so many bytes of the detail.
struct time_level {
  milliseconds unit;
  std::uint8_t bytes;
};
inline constexpr time_level by_day{std::chrono::hours{24}, 2};
inline constexpr time_level by_hour{std::chrono::hours{1}, 3};
inline constexpr time_level by_minute{std::chrono::minutes{1}, 4};
inline constexpr time_level by_second{std::chrono::seconds{1}, 5};
inline constexpr std::size_t time_detail_size = 5;

/// The first time that has no detail any more.
inline constexpr timestamp end_of_time{std::chrono::hours{24} * 65'536};

/// Day since the epoch u16, hour, minute, second u8, each with all bits turned, so that the newest unit comes first. Times
/// before the epoch and from `end_of_time` on are held to it.
[[nodiscard]] std::string time_detail(timestamp t);
/// The beginning of the unit that the first bytes of a detail stand for.
[[nodiscard]] timestamp time_of_detail(std::string_view detail) noexcept;

/// Stands for a status in a counter's base: any of them. Running ones are those that are none of the others.
inline constexpr std::uint8_t any_status = 0;

// Bases of counters; behind them the time of the run's birth.

/// partition u16 | 16 | status u8 | pipeline 16; levels: all time, by hour and second.
[[nodiscard]] std::string run_births_of_pipeline(partition_id p, pipeline_id owner, std::uint8_t status);
/// partition u16 | 17 | status u8 | workspace 16; levels: all time, by day, hour, minute and second.
[[nodiscard]] std::string run_births_of_workspace(partition_id p, workspace_id owner, std::uint8_t status);
/// partition u16 | 18 | status u8; level: all time. Whatever the workspace.
[[nodiscard]] std::string runs_of_partition(partition_id p, std::uint8_t status);

/// What is counted of a workspace's runs by time. A number once given is never reused.
enum class run_tally : std::uint8_t {
  succeeded = 1, ///< By the time of the end.
  failed = 2,    ///< By the time of the end.
  bytes = 3,     ///< Of all outputs, by the time of the end.
  cleared = 4,   ///< Deleted with their pipeline, by the time of the birth.
};
/// partition u16 | 19 | tally u8 | workspace 16; levels: by day and hour.
[[nodiscard]] std::string run_tally_of_workspace(partition_id p, workspace_id owner, run_tally what);

/// Type and standing of a pipeline in one byte, by which a workspace's pipelines are listed and counted.
[[nodiscard]] constexpr std::uint8_t pipeline_class(pipeline_type type, pipeline_standing standing) noexcept {
  return static_cast<std::uint8_t>(static_cast<unsigned>(type) << 4 | static_cast<unsigned>(standing));
}
/// partition u16 | 20 | class u8 | workspace 16
[[nodiscard]] std::string pipelines_of_class(partition_id p, workspace_id owner, std::uint8_t which);

// --- state --------------------------------------------------------------------------------------
/// slot u16 | 10 | pipeline 16
[[nodiscard]] std::string standing(pipeline_id id);

// --- index --------------------------------------------------------------------------------------
/// partition u16 | 14 | workspace 16 | status u8, and behind it the turned id.
[[nodiscard]] std::string run_by_status_prefix(partition_id p, workspace_id owner, run_status status);
[[nodiscard]] std::string run_by_status(partition_id p, workspace_id owner, run_status status, run_id id);

/// partition u16 | 15 | workspace 16 | class u8, and behind it the turned id.
[[nodiscard]] std::string pipeline_by_class_prefix(partition_id p, workspace_id owner, std::uint8_t which);
[[nodiscard]] std::string pipeline_by_class(partition_id p, workspace_id owner, std::uint8_t which, pipeline_id id);

/// Where the entries below a prefix of turned ids begin whose ids were made at `t` or before.
[[nodiscard]] std::string turned_from(std::string_view prefix, timestamp t);

} // namespace penstock::keys
