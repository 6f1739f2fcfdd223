#include "runtime/engines/engine_set.hpp"

#include "runtime/engines/testing.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

using namespace penstock;

TEST_CASE("a no-op is done at once, but not inside start", "[engines][noop]") {
  engine_fixture f;
  std::atomic<int> done{0};
  std::atomic<int> wrong{0};
  for (int i = 0; i < 1'000; ++i)
    f.engines->start(f.request(task_type::noop, "{}"),
                     [&, caller = std::this_thread::get_id()](const attempt_result& result) {
                       if (std::this_thread::get_id() == caller || result.outcome != attempt_outcome::succeeded)
                         ++wrong;
                       ++done;
                     });
  CHECK(eventually([&] { return done == 1'000; }));
  CHECK(wrong == 0);
  CHECK(f.log->lines().empty());
}

TEST_CASE("a task that cannot run here fails with the reason it was given", "[engines]") {
  engine_fixture f;
  auto request = f.request(task_type::sink, R"({"connector": "hubspot"})");
  request.task.unavailable = "connector 'hubspot' is not on this server";
  auto result = f.run(std::move(request));
  CHECK(result.outcome == attempt_outcome::failed);
  CHECK(result.why.message == "connector 'hubspot' is not on this server");
  CHECK_FALSE(result.retryable);
  result = f.run(task_type::sleep, "{}");
  CHECK(result.why.message == "No engine does tasks of type 'sleep'.");
}
