#include "runtime/engines/engine_set.hpp"

#include "runtime/engines/testing.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>
#include <vector>

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

TEST_CASE("what waits for a place holds nothing of its task's fields", "[engines]") {
  engine_settings settings;
  settings.processes_max = 1;
  engine_fixture f(settings);
  std::atomic<int> bound{0}, ended{0};
  constexpr int many = 300;
  // Made beforehand: their directories may take a busy machine longer than the first command does.
  std::vector<attempt_request> waiting;
  for (int i = 0; i < many; ++i) {
    waiting.push_back(f.request(task_type::source, "{}"));
    waiting.back().bind = [&](attempt_fields& fields) -> result<void> {
      ++bound;
      fields.config = value::object{{"connector", "file"}, {"path", "missing.csv"}};
      return {};
    };
  }
  awaited_result first;
  f.engines->start(f.request(task_type::shell, R"({"command": "sleep 0.3"})"), first.callback());
  for (auto& request : waiting) f.engines->start(std::move(request), [&](const attempt_result&) { ++ended; });
  CHECK(bound == 0);
  (void)first.wait();
  CHECK(eventually([&] { return ended == many; }));
  CHECK(bound == many);
}

TEST_CASE("fields that cannot be bound fail the attempt, with its secrets masked", "[engines]") {
  engine_settings settings;
  settings.allow_private_addresses = true;
  engine_fixture f(settings);
  for (const auto type : {task_type::shell, task_type::http, task_type::sql}) {
    auto request = f.request(type, "{}");
    request.bind = [](attempt_fields& fields) -> result<void> {
      fields.secrets = {"hunter2"};
      return fail(errc::invalid_argument, "nothing is called hunter2");
    };
    const auto result = f.run(std::move(request));
    CHECK(result.outcome == attempt_outcome::failed);
    CHECK(result.why.code == errc::invalid_argument);
    CHECK(result.why.message == "nothing is called ***");
    CHECK_FALSE(result.retryable);
  }
}
