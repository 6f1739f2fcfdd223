#pragma once

#include "runtime/engines/engine.hpp"
#include "runtime/seams.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>

namespace penstock {

/// What a successful attempt made.
struct attempt_output {
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::vector<artifact> artifacts;
  bool has_output_file = false;
  value items;
};

/// One attempt from `start` to `done`. Engines share it with whatever works for them; the first of `succeed`, `fail`
/// and `end_cancelled` counts, later ones do nothing. Thread-safe.
class running_attempt {
public:
  using ended_callback = std::function<void(attempt_result)>;

  running_attempt(attempt_request request, std::shared_ptr<clock_source> clock, ended_callback ended)
      : request_(std::move(request)), clock_(std::move(clock)), ended_(std::move(ended)), started_at_(clock_->now()),
        begun_(std::chrono::steady_clock::now()) {}

  [[nodiscard]] const attempt_request& request() const noexcept { return request_; }

  /// A text of the config, empty if there is none.
  [[nodiscard]] std::string config_text(std::string_view key) const;

  void log(log_level level, std::string_view text) const;

  /// Fetches what the attempt is done with (`attempt_request::fields`), unless it is there. Only by whoever has the attempt
  /// in hand, as `release` too. @returns why its placeholders cannot be bound.
  [[nodiscard]] result<void> fetch();
  /// Lets go of the fields: what waits must not hold them, for there may be ten thousand of it.
  void release();

  /// The work begins now, after any waiting for a place: from here its time counts. Fetches the fields.
  /// @param limit_ms of an attempt without a timeout of its own.
  [[nodiscard]] result<void> begin(std::uint64_t limit_ms);
  /// Its time limit, and what is left of it (at least 1).
  [[nodiscard]] std::uint64_t time_limit_ms() const noexcept { return limit_ms_; }
  [[nodiscard]] std::uint64_t time_left_ms() const;

  void succeed(attempt_output output);
  /// Secrets in the message are masked; the log gets it too.
  void fail(error why, bool retryable);
  void fail(errc code, std::string message, bool retryable) { fail(error{code, std::move(message), {}}, retryable); }
  /// Fails because its time limit has passed.
  /// @param what was stopped, at the start of a sentence.
  void fail_timed_out(std::string_view what);
  void end_cancelled();

  /// Asks it to stop: what was last given to `on_cancel` is called, now or when it is given.
  void cancel();
  /// What stops the present part of the work. May be called at once.
  void on_cancel(std::function<void()> stop);
  [[nodiscard]] bool cancel_requested() const;

private:
  void end(attempt_result result);

  attempt_request request_;
  const std::shared_ptr<clock_source> clock_;
  ended_callback ended_;
  timestamp started_at_;
  std::chrono::steady_clock::time_point begun_;
  std::uint64_t limit_ms_ = 0;
  bool is_fetched_ = false;
  mutable std::mutex mutex_;
  bool has_ended_ = false;
  bool cancel_requested_ = false;
  std::function<void()> stop_;
};

/// Ends an attempt whose work was stopped, or not begun, because the disk's reserve is touched.
/// @param what was stopped, at the start of a sentence.
void fail_for_disk(const std::shared_ptr<running_attempt>& attempt, std::string_view what, const disk_reserve& reserve);

/// "250 ms", "2 s", "1 h 30 min": a duration for people.
[[nodiscard]] std::string describe_duration(std::uint64_t ms);

using attempt_pointer = std::shared_ptr<running_attempt>;

} // namespace penstock
