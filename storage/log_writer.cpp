#include "storage/log_writer.hpp"

#include "runtime/threads.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace penstock {

namespace {

/// A turn takes no further entry beyond this, so that no write grows without bound behind a slow disk. What the queue
/// may hold is bounded where commands are admitted, by `depth`.
constexpr std::size_t turn_bytes_max = std::size_t{8} << 20;

/// With this much waiting, the next turn is prepared while one is written. With less, what comes meanwhile is to share it.
constexpr std::size_t prepared_ahead_bytes = std::size_t{1} << 20;

class thread_log_writer final : public log_writer {
public:
  thread_log_writer(store& target, log_writer::committed_callback committed,
                    std::function<void(const error&)> on_failure)
      : target_(target), committed_(std::move(committed)), on_failure_(std::move(on_failure)) {
    for (auto& thread : threads_) thread = std::thread{[this] { run(); }};
  }

  ~thread_log_writer() override { stop(); }

  void append(turn_entry entry) override {
    bool wake = false;
    {
      const std::lock_guard lock{mutex_};
      if (stopping_) return;
      queued_bytes_ += entry.mutations.bytes().size();
      queue_.push_back(std::move(entry));
      ++depth_;
      wake = wakes_one();
    }
    if (wake) may_take_.notify_one();
  }

  [[nodiscard]] std::size_t depth() const noexcept override { return depth_; }

  void stop() override {
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
    }
    may_take_.notify_all();
    const std::lock_guard lock{joining_};
    for (auto& thread : threads_)
      if (thread.joinable()) thread.join();
  }

  [[nodiscard]] log_writer_stats stats() const noexcept { return {turns_, entries_, bytes_, write_ns_}; }

private:
  /// Turn after turn, by two threads. What comes while one is written waits for the next, unless that is large already: the
  /// longer a sync takes, the more it is shared, and nobody waits for company.
  void run() {
    name_thread("log writer");
    work_in_background();
    std::vector<turn_entry> turn;
    while (take(turn)) {
      auto prepared = target_.prepare(turn);
      if (!begin_writing()) return;
      const auto failed = write(turn, std::move(prepared));
      end_writing(failed.has_value());
      if (!failed) continue;
      on_failure_(*failed);
      return;
    }
  }

  /// Waits for entries and takes as many as a turn may have, to prepare it. Answers false when there are none and there will
  /// be none.
  bool take(std::vector<turn_entry>& turn) {
    turn.clear();
    std::unique_lock lock{mutex_};
    ++sleeping_;
    may_take_.wait(lock, [this] {
      woken_ = false;
      return may_take();
    });
    --sleeping_;
    if (failed_) return false;
    if (!left_over_) {
      taken_.clear();
      taken_.swap(queue_);
      next_ = 0;
      queued_bytes_ = 0;
    }
    if (taken_.empty()) return false;
    preparing_ = true;
    lock.unlock();
    // Whoever prepares has to itself what was taken: nobody waits at the lock for entries that move.
    std::size_t bytes = 0;
    for (; next_ < taken_.size(); ++next_) {
      if (!turn.empty() && (bytes += taken_[next_].mutations.bytes().size()) > turn_bytes_max) break;
      turn.push_back(std::move(taken_[next_]));
    }
    return true;
  }

  /// Waits until the turn before is written: turns are written in the order in which they were prepared. Answers false if
  /// that failed.
  bool begin_writing() {
    bool wake = false;
    {
      std::unique_lock lock{mutex_};
      written_.wait(lock, [this] { return !writing_; });
      if (failed_) return false;
      writing_ = true;
      preparing_ = false;
      left_over_ = next_ < taken_.size();
      wake = wakes_one();
    }
    if (wake) may_take_.notify_one();
    return true;
  }

  void end_writing(bool failed) {
    {
      const std::lock_guard lock{mutex_};
      writing_ = false;
      if (failed) stopping_ = failed_ = true;
    }
    written_.notify_one();
    if (failed) may_take_.notify_all();
  }

  // The next two with `mutex_` held.
  [[nodiscard]] bool may_take() const {
    if (preparing_) return failed_;
    return stopping_ || left_over_ || (!queue_.empty() && (!writing_ || queued_bytes_ >= prepared_ahead_bytes));
  }
  /// Whether one that waits for entries has to be told.
  [[nodiscard]] bool wakes_one() {
    if (sleeping_ == 0 || woken_ || !may_take()) return false;
    return woken_ = true;
  }

  /// After a failure what was queued stays unacknowledged for good.
  std::optional<error> write(const std::vector<turn_entry>& turn, result<std::unique_ptr<prepared_turn>> prepared) {
    const auto begin = std::chrono::steady_clock::now();
    if (!prepared) return std::move(prepared).error();
    if (auto written = target_.write(std::move(*prepared)); !written) return std::move(written).error();
    count(turn, std::chrono::steady_clock::now() - begin);
    acknowledge(turn);
    depth_ -= turn.size();
    return std::nullopt;
  }

  void count(const std::vector<turn_entry>& turn, std::chrono::nanoseconds took) {
    std::size_t bytes = 0;
    for (const auto& entry : turn) bytes += entry.mutations.bytes().size();
    ++turns_;
    entries_ += turn.size();
    bytes_ += bytes;
    write_ns_ += static_cast<std::uint64_t>(took.count());
  }

  /// Once for each partition of the turn, with its last index.
  void acknowledge(const std::vector<turn_entry>& turn) {
    upto_.clear();
    for (const auto& entry : turn) {
      const auto known =
        std::find_if(upto_.begin(), upto_.end(), [&](const auto& p) { return p.first == entry.partition; });
      if (known == upto_.end()) upto_.emplace_back(entry.partition, entry.index);
      else known->second = entry.index;
    }
    for (const auto& [partition, index] : upto_) committed_(partition, index);
  }

  store& target_;
  log_writer::committed_callback committed_;
  std::function<void(const error&)> on_failure_;
  std::mutex mutex_;
  std::condition_variable may_take_;
  std::condition_variable written_;
  std::vector<turn_entry> queue_; ///< Guarded by `mutex_`, as are those below.
  std::size_t queued_bytes_ = 0;
  bool left_over_ = false; ///< Not all that was taken went into one turn.
  int sleeping_ = 0;       ///< Threads that wait for entries.
  bool woken_ = false;     ///< One of them was told, and has not looked yet.
  bool preparing_ = false; ///< A turn is being prepared, or waits to be written.
  bool writing_ = false;
  bool stopping_ = false;
  bool failed_ = false;
  std::vector<turn_entry> taken_; ///< Of the thread that prepares, as is the next.
  std::size_t next_ = 0;
  std::atomic<std::size_t> depth_ = 0;
  std::atomic<std::uint64_t> turns_ = 0;
  std::atomic<std::uint64_t> entries_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::atomic<std::uint64_t> write_ns_ = 0;
  std::vector<std::pair<std::uint16_t, std::uint64_t>> upto_; ///< Of the thread that writes; a node has few partitions.
  std::mutex joining_;
  std::array<std::thread, 2> threads_;
};

} // namespace

std::unique_ptr<log_writer> make_log_writer(store& target, log_writer::committed_callback committed,
                                            std::function<void(const error&)> on_failure) {
  return std::make_unique<thread_log_writer>(target, std::move(committed), std::move(on_failure));
}

log_writer_stats stats_of(const log_writer& writer) {
  const auto* known = dynamic_cast<const thread_log_writer*>(&writer);
  return known ? known->stats() : log_writer_stats{};
}

} // namespace penstock
