#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

namespace penstock {

/// Whether clients wait for each job of a pool, and each takes little (`prompt_thread`).
enum class pool_pace { usual, prompt };

/// Threads for work that blocks (files, reads that miss the cache, compiling definitions), which actors must not do.
class blocking_pool {
public:
  /// @param queue_max jobs that may wait; `try_post` refuses beyond it.
  /// @param job_failed is told what a job threw, on the job's thread; the pool goes on.
  blocking_pool(std::size_t threads, std::size_t queue_max, std::function<void(std::string_view what)> job_failed,
                pool_pace pace = pool_pace::usual);
  ~blocking_pool();
  blocking_pool(const blocking_pool&) = delete;
  blocking_pool& operator=(const blocking_pool&) = delete;

  /// @returns whether the job was taken; it runs then exactly once unless the pool is stopped first.
  [[nodiscard]] bool try_post(std::function<void()> job);
  /// Takes a job whatever the queue's length: for the node's own work, which is bounded elsewhere.
  void post(std::function<void()> job);

  /// Finishes what is running, drops what waits, and ends the threads. Idempotent.
  void stop();

private:
  void work(pool_pace pace);
  void run(const std::function<void()>& job) const;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  const std::size_t queue_max_;
  const std::function<void(std::string_view)> job_failed_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

} // namespace penstock
