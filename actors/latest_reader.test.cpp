#include "actors/latest_reader.hpp"

#include <catch2/catch.hpp>

#include <deque>
#include <vector>

using namespace penstock;

namespace {

/// A number that changes, and a pool whose threads run when told.
struct bench {
  void run_all() {
    while (!jobs.empty()) {
      const auto job = std::move(jobs.front());
      jobs.pop_front();
      job();
    }
  }

  int number = 1;
  int last = 9;
  std::deque<std::function<void()>> jobs;
  std::vector<int> seen;
  std::function<void()> before_handing_over = [] {};
  std::shared_ptr<latest_reader> reader =
    std::make_shared<latest_reader>([this](std::function<void()> job) { jobs.push_back(std::move(job)); },
                                    [this] {
                                      const auto read = number;
                                      std::exchange(before_handing_over, [] {})();
                                      seen.push_back(read);
                                      return read == last;
                                    });
};

} // namespace

SCENARIO("what changes while a state is handed over is read after it, by whatever thread", "[watch]") {
  bench b;
  b.before_handing_over = [&] {
    b.number = 2;
    b.reader->poke();
    // Another thread takes up what is posted, if anything is.
    b.run_all();
  };
  b.reader->poke();
  b.run_all();
  CHECK(b.seen == std::vector{1, 2});
}

SCENARIO("changes that come faster than they are read merge", "[watch]") {
  bench b;
  for (int i = 0; i < 5; ++i) b.reader->poke();
  CHECK(b.jobs.size() == 1);
  b.run_all();
  CHECK(b.seen == std::vector{1});
}

SCENARIO("nothing comes after the last state, nor after the reader is gone", "[watch]") {
  bench b;
  WHEN("the last state was handed over") {
    b.number = b.last;
    b.reader->poke();
    b.run_all();
    b.reader->poke();
    b.run_all();
    CHECK(b.seen == std::vector{9});
  }
  WHEN("nobody holds it any more") {
    b.reader->poke();
    b.reader.reset();
    b.run_all();
    CHECK(b.seen.empty());
  }
}
