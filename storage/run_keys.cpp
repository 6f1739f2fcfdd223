#include "storage/run_keys.hpp"

#include "storage/big_endian.hpp"

#include <algorithm>

namespace penstock::keys {

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::string base(partition_id p, counter_kind kind, std::uint8_t part, std::string_view owner) {
  std::string out;
  out.reserve(20);
  put_big_endian(out, p);
  out += static_cast<char>(kind);
  out += static_cast<char>(part);
  return out.append(owner);
}

template <class Unit>
char turned(Unit count) noexcept {
  return static_cast<char>(~static_cast<std::uint8_t>(count.count()));
}

void put_turned(std::string& out, const uuid& id) {
  for (const auto byte : id.bytes) out += static_cast<char>(~byte);
}

} // namespace

timestamp time_of(const uuid& id) noexcept {
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i) ms = ms << 8 | id.bytes[i];
  return from_ms(ms);
}

std::string time_detail(timestamp t) {
  const auto at = std::clamp(t, timestamp{}, end_of_time - milliseconds{1}).time_since_epoch();
  const auto days = std::chrono::floor<std::chrono::days>(at);
  const auto hour = std::chrono::floor<hours>(at - days);
  const auto minute = std::chrono::floor<minutes>(at - days - hour);
  const auto second = std::chrono::floor<seconds>(at - days - hour - minute);
  std::string out;
  put_big_endian(out, static_cast<std::uint16_t>(~static_cast<std::uint16_t>(days.count())));
  out += turned(hour);
  out += turned(minute);
  out += turned(second);
  return out;
}

timestamp time_of_detail(std::string_view detail) noexcept {
  const auto number = [&](std::size_t i) {
    return i < detail.size() ? static_cast<std::uint8_t>(~static_cast<std::uint8_t>(detail[i])) : std::uint8_t{0};
  };
  return timestamp{hours{24 * (number(0) << 8 | number(1)) + number(2)} + minutes{number(3)} + seconds{number(4)}};
}

std::string run_births_of_pipeline(partition_id p, pipeline_id owner, std::uint8_t status) {
  return base(p, counter_kind::run_births_of_pipeline, status, owner.view());
}

std::string run_births_of_workspace(partition_id p, workspace_id owner, std::uint8_t status) {
  return base(p, counter_kind::run_births_of_workspace, status, owner.view());
}

std::string runs_of_partition(partition_id p, std::uint8_t status) {
  return base(p, counter_kind::runs_of_partition, status, {});
}

std::string run_tally_of_workspace(partition_id p, workspace_id owner, run_tally what) {
  return base(p, counter_kind::run_ends_of_workspace, static_cast<std::uint8_t>(what), owner.view());
}

std::string run_by_status_prefix(partition_id p, workspace_id owner, run_status status) {
  auto out = index_prefix(p, index_kind::runs_by_status, owner.raw);
  out += static_cast<char>(status);
  return out;
}

std::string run_by_status(partition_id p, workspace_id owner, run_status status, run_id id) {
  auto out = run_by_status_prefix(p, owner, status);
  put_turned(out, id.raw);
  return out;
}

std::string pipelines_of_class(partition_id p, workspace_id owner, std::uint8_t which) {
  return base(p, counter_kind::pipelines_of_class, which, owner.view());
}

std::string standing(pipeline_id id) {
  std::string out;
  put_big_endian(out, id.slot());
  out += static_cast<char>(state_kind::standing);
  return out.append(id.view());
}

std::string pipeline_by_class_prefix(partition_id p, workspace_id owner, std::uint8_t which) {
  auto out = index_prefix(p, index_kind::pipelines_by_class, owner.raw);
  out += static_cast<char>(which);
  return out;
}

std::string pipeline_by_class(partition_id p, workspace_id owner, std::uint8_t which, pipeline_id id) {
  auto out = pipeline_by_class_prefix(p, owner, which);
  put_turned(out, id.raw);
  return out;
}

std::string turned_from(std::string_view prefix, timestamp t) {
  std::string out{prefix};
  const auto ms = ~static_cast<std::uint64_t>(std::max<std::int64_t>(to_ms(t), 0));
  for (int shift = 40; shift >= 0; shift -= 8) out += static_cast<char>(ms >> shift & 0xff);
  return out;
}

} // namespace penstock::keys
