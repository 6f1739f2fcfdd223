#include "storage/watermark_keeper.hpp"

#include <algorithm>

namespace penstock {

namespace {

/// Long enough that a burst of turns costs one watermark, short enough that the last turn before a pause is soon under
/// it.
constexpr std::chrono::milliseconds settling_time{50};

} // namespace

watermark_keeper::watermark_keeper(std::string path, std::chrono::milliseconds interval, duties d)
    : path_(std::move(path)), interval_(interval), duties_(std::move(d)), thread_([this] { run(); }) {}

watermark_keeper::~watermark_keeper() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void watermark_keeper::turn_written() {
  if (pending_.exchange(true)) return;
  // Taken and let go, so that the thread either sees the flag or already waits.
  { const std::lock_guard lock{mutex_}; }
  changed_.notify_one();
}

void watermark_keeper::run() {
  using clock = std::chrono::steady_clock;
  auto written_at = clock::now(); // The start wrote one.
  std::unique_lock lock{mutex_};
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || pending_; });
    const auto due = std::max(clock::now() + settling_time, written_at + interval_);
    changed_.wait_until(lock, due, [&] { return stopping_; });
    const bool last = stopping_;
    if (pending_.exchange(false)) {
      lock.unlock();
      const auto synced = duties_.sync ? duties_.sync() : result<void>();
      if (const auto done = synced ? write_now() : synced; !done) return duties_.on_failure(done.error());
      written_at = clock::now();
      lock.lock();
    }
    if (last) return;
  }
}

result<void> watermark_keeper::write_now() {
  const std::lock_guard lock{writing_};
  const auto mark = duties_.current();
  if (!mark) return unexpected(mark.error());
  return write_watermark(path_, *mark);
}

} // namespace penstock
