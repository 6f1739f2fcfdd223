#pragma once

#include "storage/watermark.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace penstock {

/// Writes the watermark from a thread of its own: soon after the last turn of a burst, at most once per interval within
/// one, and not at all while nothing is written.
class watermark_keeper {
public:
  struct duties {
    /// Makes turns durable that are not yet; empty where each turn does so itself.
    std::function<result<void>()> sync;
    /// What is on disk now. Called after `sync`.
    std::function<result<watermark>()> current;
    /// Called once with the first failure; the thread ends then.
    std::function<void(const error&)> on_failure;
  };

  watermark_keeper(std::string path, std::chrono::milliseconds interval, duties d);
  watermark_keeper(const watermark_keeper&) = delete;
  watermark_keeper& operator=(const watermark_keeper&) = delete;
  /// Ends the thread after a last watermark.
  ~watermark_keeper();

  /// A turn was written. Cheap: wakes the thread only if it sleeps for want of turns.
  void turn_written();

  /// Writes a watermark before it returns, without syncing turns first.
  [[nodiscard]] result<void> write_now();

private:
  void run();

  std::string path_;
  std::chrono::milliseconds interval_;
  duties duties_;
  std::mutex writing_; ///< Held by whoever writes the file.
  std::atomic<bool> pending_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace penstock
