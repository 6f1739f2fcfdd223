#pragma once

#include "runtime/engines/engine.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace penstock {

/// Carries results to those who wait for them, from one thread of its own, in order and in batches: so no engine calls
/// `done` inside `start`, and a slow receiver holds up no engine. What is underway when it is destroyed is delivered.
class courier {
public:
  courier() : thread_([this] { run(); }) {}
  ~courier();

  void deliver(engine::done_callback done, attempt_result result);

private:
  struct parcel {
    engine::done_callback done;
    attempt_result result;
  };

  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<parcel> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace penstock
