#include "runtime/engines/errand_thread.hpp"

#include "runtime/engines/thread_signals.hpp"

namespace penstock {

errand_thread::~errand_thread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void errand_thread::post(std::function<void()> errand) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(errand));
    if (waiting_.size() > 1) return; // Already woken.
  }
  changed_.notify_one();
}

void errand_thread::run() {
  block_signals_in_this_thread();
  std::vector<std::function<void()>> batch;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      batch.swap(waiting_);
    }
    for (auto& errand : batch) errand();
    batch.clear();
  }
}

} // namespace penstock
