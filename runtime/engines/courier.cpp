#include "runtime/engines/courier.hpp"

#include "runtime/engines/thread_signals.hpp"

namespace penstock {

courier::~courier() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void courier::deliver(engine::done_callback done, attempt_result result) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({std::move(done), std::move(result)});
    if (waiting_.size() > 1) return; // Already woken.
  }
  changed_.notify_one();
}

void courier::run() {
  block_signals_in_this_thread();
  std::vector<parcel> batch;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      batch.swap(waiting_);
    }
    for (auto& p : batch) p.done(std::move(p.result));
    batch.clear();
  }
}

} // namespace penstock
