#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace penstock {

/// Does errands one after the other in a thread of its own, so that whoever posts them need not wait: for a disk, say.
/// What was posted is done before it is destroyed.
class errand_thread {
public:
  errand_thread() : thread_([this] { run(); }) {}
  ~errand_thread();

  void post(std::function<void()> errand);

private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::function<void()>> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace penstock
