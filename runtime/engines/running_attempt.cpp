#include "runtime/engines/running_attempt.hpp"

#include "runtime/engines/secret_mask.hpp"

#include <array>

namespace penstock {

std::string describe_duration(std::uint64_t ms) {
  struct unit {
    std::uint64_t ms;
    const char* name;
  };
  static constexpr std::array units{unit{86'400'000, " d"}, unit{3'600'000, " h"}, unit{60'000, " min"},
                                    unit{1'000, " s"}, unit{1, " ms"}};
  std::string out;
  for (const auto& [size, name] : units) {
    if (ms < size) continue;
    out += (out.empty() ? "" : " ") + std::to_string(ms / size) + name;
    ms %= size;
  }
  return out.empty() ? "0 ms" : out;
}

std::string running_attempt::config_text(std::string_view key) const {
  const value* v = request_.fields.config.find(key);
  const std::string* text = v ? v->as_string() : nullptr;
  return text ? *text : std::string{};
}

void running_attempt::log(log_level level, std::string_view text) const {
  if (request_.log) request_.log->line(level, text);
}

result<void> running_attempt::fetch() {
  if (!request_.bind || is_fetched_) return {};
  is_fetched_ = true;
  auto bound = request_.bind(request_.fields);
  if (request_.log) request_.log->mask(request_.fields.secrets);
  return bound;
}

void running_attempt::release() {
  if (!request_.bind) return;
  is_fetched_ = false;
  request_.fields = {};
  if (request_.log) request_.log->mask({});
}

result<void> running_attempt::begin(std::uint64_t limit_ms) {
  started_at_ = clock_->now();
  begun_ = std::chrono::steady_clock::now();
  limit_ms_ = request_.timeout_ms > 0 ? request_.timeout_ms : limit_ms;
  return fetch();
}

std::uint64_t running_attempt::time_left_ms() const {
  const auto elapsed = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begun_);
  const auto spent = static_cast<std::uint64_t>(elapsed.count());
  return spent < limit_ms_ ? limit_ms_ - spent : 1;
}

void running_attempt::succeed(attempt_output output) {
  attempt_result result;
  result.rows = output.rows;
  result.bytes = output.bytes;
  result.artifacts = std::move(output.artifacts);
  result.has_output_file = output.has_output_file;
  result.items = std::move(output.items);
  end(std::move(result));
}

void running_attempt::fail(error why, bool retryable) {
  why.message = secret_mask(request_.fields.secrets).hide(why.message);
  // Not into the log's file: it may quote the definition, which lies sealed. Whoever reads the log is told it from the
  // task's record.
  attempt_result result;
  result.outcome = attempt_outcome::failed;
  result.why = std::move(why);
  result.retryable = retryable;
  end(std::move(result));
}

void running_attempt::fail_timed_out(std::string_view what) {
  fail(errc::timed_out,
       std::string(what) + " was stopped because it took longer than its limit of " + describe_duration(limit_ms_) +
         ".",
       true);
}

void fail_for_disk(const std::shared_ptr<running_attempt>& attempt, std::string_view what,
                   const disk_reserve& reserve) {
  auto why = reserve.why();
  why.message = std::string(what) + " was stopped: " + why.message + ".";
  attempt->fail(std::move(why), true);
}

void running_attempt::end_cancelled() {
  log(log_level::warn, "cancelled");
  attempt_result result;
  result.outcome = attempt_outcome::cancelled;
  result.why = {errc::cancelled, "The task was stopped by request.", {}};
  result.retryable = false;
  end(std::move(result));
}

void running_attempt::end(attempt_result result) {
  ended_callback ended;
  std::function<void()> dropped;
  {
    const std::lock_guard lock(mutex_);
    if (has_ended_) return;
    has_ended_ = true;
    ended.swap(ended_);
    dropped.swap(stop_);
  }
  result.ref = request_.ref;
  result.started_at = started_at_;
  result.ended_at = clock_->now();
  ended(std::move(result));
}

void running_attempt::cancel() {
  std::function<void()> stop;
  {
    const std::lock_guard lock(mutex_);
    cancel_requested_ = true;
    if (!has_ended_) stop.swap(stop_);
  }
  if (stop) stop();
}

void running_attempt::on_cancel(std::function<void()> stop) {
  {
    const std::lock_guard lock(mutex_);
    if (has_ended_) return;
    if (!cancel_requested_) {
      stop_ = std::move(stop);
      return;
    }
  }
  stop();
}

bool running_attempt::cancel_requested() const {
  const std::lock_guard lock(mutex_);
  return cancel_requested_;
}

} // namespace penstock
