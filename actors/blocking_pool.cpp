#include "actors/blocking_pool.hpp"

#include "runtime/threads.hpp"

#include <exception>
#include <optional>

namespace penstock {

blocking_pool::blocking_pool(std::size_t threads, std::size_t queue_max,
                             std::function<void(std::string_view)> job_failed, pool_pace pace)
    : queue_max_(queue_max), job_failed_(std::move(job_failed)) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this, pace] { work(pace); });
}

blocking_pool::~blocking_pool() { stop(); }

bool blocking_pool::try_post(std::function<void()> job) {
  {
    const std::lock_guard lock{mutex_};
    if (stopping_ || jobs_.size() >= queue_max_) return false;
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

void blocking_pool::post(std::function<void()> job) {
  {
    const std::lock_guard lock{mutex_};
    if (stopping_) return;
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void blocking_pool::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    jobs_.clear();
  }
  wake_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

void blocking_pool::work(pool_pace pace) {
  name_thread("pool");
  std::optional<prompt_thread> scheduling;
  if (pace == pool_pace::prompt) scheduling.emplace();
  else (void)answer_soon();
  std::unique_lock lock{mutex_};
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    run(job);
    job = nullptr;
    if (scheduling) scheduling->worked();
    lock.lock();
  }
}

void blocking_pool::run(const std::function<void()>& job) const {
  try {
    job();
  } catch (const std::exception& failure) { job_failed_(failure.what()); }
}

} // namespace penstock
