#include "runtime/threads.hpp"

#include <catch2/catch.hpp>

#include <sched.h>
#include <sys/resource.h>

#include <chrono>
#include <thread>

using namespace penstock;

namespace {

int policy() { return sched_getscheduler(0) & ~SCHED_RESET_ON_FORK; }
int niceness() { return getpriority(PRIO_PROCESS, 0); }

/// Keeps the processor busy for so long.
void work_for(std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) {}
}

/// Whether a thread started by the calling one is scheduled as usual.
bool starts_usual_threads() {
  bool usual = false;
  std::thread{[&] { usual = sched_getscheduler(0) == SCHED_OTHER; }}.join();
  return usual;
}

} // namespace

SCENARIO("a thread in the background gives way to others", "[threads]") {
  const int before = niceness();
  if (before >= 5) return; // It gives way already.
  std::thread{[&] {
    work_in_background();
    CHECK(niceness() > before);
  }}.join();
  CHECK(niceness() == before);
}

SCENARIO("what a thread starts that answers clients is scheduled as usual", "[threads]") {
  std::thread{[] {
    CHECK(answer_soon());
    CHECK(policy() == SCHED_OTHER);
    CHECK((sched_getscheduler(0) & SCHED_RESET_ON_FORK) != 0);
    CHECK(starts_usual_threads());
  }}.join();
}

SCENARIO("a thread runs in real time only while it takes little of a processor", "[threads]") {
  std::thread{[] {
    prompt_thread self;
    CHECK(starts_usual_threads());
    if (policy() != SCHED_RR) {
      WARN("not tested: this process may not run in real time");
      return;
    }
    work_for(std::chrono::milliseconds{110});
    self.worked();
    CHECK(policy() == SCHED_OTHER);
    self.worked(); // Measured over some time.
    CHECK(policy() == SCHED_OTHER);
    std::this_thread::sleep_for(std::chrono::milliseconds{110});
    self.worked();
    CHECK(policy() == SCHED_RR);
    CHECK(starts_usual_threads());
  }}.join();
}
