#include "storage/log_writer.hpp"

#include "runtime/threads.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace penstock {

namespace {

/// A turn takes no further entry beyond this, so that no write grows without bound behind a slow disk. What the queue
/// may hold is bounded where commands are admitted, by `depth`.
constexpr std::size_t turn_bytes_max = std::size_t{8} << 20;

class thread_log_writer final : public log_writer {
public:
  thread_log_writer(store& target, log_writer::committed_callback committed,
                    std::function<void(const error&)> on_failure)
      : target_(target), committed_(std::move(committed)), on_failure_(std::move(on_failure)),
        thread_([this] { run(); }) {}

  ~thread_log_writer() override { stop(); }

  void append(turn_entry entry) override {
    bool wake = false;
    {
      const std::lock_guard lock{mutex_};
      if (stopping_) return;
      wake = std::exchange(sleeping_, false);
      queue_.push_back(std::move(entry));
      ++depth_;
    }
    if (wake) changed_.notify_one();
  }

  [[nodiscard]] std::size_t depth() const noexcept override { return depth_; }

  void stop() override {
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
      sleeping_ = false;
    }
    changed_.notify_one();
    const std::lock_guard lock{joining_};
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] log_writer_stats stats() const noexcept { return {turns_, entries_, bytes_, write_ns_}; }

private:
  /// Turn after turn. What comes while one is written waits for the next: the longer a sync takes, the more it is
  /// shared, and nobody waits for company.
  void run() {
    name_thread("log writer");
    work_in_background();
    std::vector<turn_entry> waiting;
    std::vector<turn_entry> turn;
    while (take(waiting)) {
      auto next = waiting.begin();
      while (next != waiting.end()) {
        const auto end = end_of_turn(next, waiting.end());
        turn.assign(std::make_move_iterator(next), std::make_move_iterator(end));
        next = end;
        if (!write(turn)) return;
      }
    }
  }

  /// Waits for entries and takes all. Answers false when there are none and there will be none.
  bool take(std::vector<turn_entry>& waiting) {
    waiting.clear();
    std::unique_lock lock{mutex_};
    sleeping_ = queue_.empty() && !stopping_;
    changed_.wait(lock, [this] { return !sleeping_; });
    waiting.swap(queue_);
    return !waiting.empty();
  }

  using iterator = std::vector<turn_entry>::iterator;

  static iterator end_of_turn(iterator begin, iterator end) {
    std::size_t bytes = 0;
    return std::find_if(begin + 1, end, [&](const turn_entry& entry) {
      bytes += entry.mutations.bytes().size();
      return bytes > turn_bytes_max;
    });
  }

  /// Answers false after a failure: what was queued stays unacknowledged for good.
  bool write(const std::vector<turn_entry>& turn) {
    const auto begin = std::chrono::steady_clock::now();
    const auto written = target_.write_turn(turn);
    if (!written) {
      {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
      }
      on_failure_(written.error());
      return false;
    }
    count(turn, std::chrono::steady_clock::now() - begin);
    acknowledge(turn);
    depth_ -= turn.size();
    return true;
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
  std::condition_variable changed_;
  std::vector<turn_entry> queue_; ///< Guarded by `mutex_`, as are the two below.
  bool sleeping_ = false;
  bool stopping_ = false;
  std::atomic<std::size_t> depth_ = 0;
  std::atomic<std::uint64_t> turns_ = 0;
  std::atomic<std::uint64_t> entries_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::atomic<std::uint64_t> write_ns_ = 0;
  std::vector<std::pair<std::uint16_t, std::uint64_t>> upto_; ///< Of the writer's thread; a node has few partitions.
  std::mutex joining_;
  std::thread thread_;
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
