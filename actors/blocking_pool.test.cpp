#include "actors/blocking_pool.hpp"

#include <catch2/catch.hpp>

#include <future>
#include <stdexcept>
#include <string>

using namespace penstock;

TEST_CASE("a job that throws is told of, and the pool goes on", "[pool]") {
  std::promise<std::string> told;
  blocking_pool pool{1, 10, [&](std::string_view what) { told.set_value(std::string{what}); }};
  pool.post([] { throw std::runtime_error("the disk is gone"); });
  CHECK(told.get_future().get() == "the disk is gone");
  std::promise<int> answer;
  REQUIRE(pool.try_post([&] { answer.set_value(42); }));
  CHECK(answer.get_future().get() == 42);
}

TEST_CASE("jobs beyond the queue's end are refused, the node's own are not", "[pool]") {
  std::promise<void> begun, go;
  blocking_pool pool{1, 1, [](std::string_view) {}};
  pool.post([&] {
    begun.set_value();
    go.get_future().get();
  });
  begun.get_future().get();
  CHECK(pool.try_post([] {}));
  CHECK_FALSE(pool.try_post([] {}));
  std::promise<void> done;
  pool.post([&] { done.set_value(); });
  go.set_value();
  done.get_future().get();
}
