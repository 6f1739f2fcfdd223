#include "storage/log_writer.hpp"

#include "storage/memory_store.hpp"
#include "storage/test_support.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

using namespace penstock;
using namespace penstock::test;

namespace {

/// A store that notes the turns it gets, can be held up, and can fail.
class watched_store final : public store {
public:
  explicit watched_store(std::unique_ptr<store> inner) : inner_(std::move(inner)) {}

  result<std::unique_ptr<prepared_turn>> prepare(const std::vector<turn_entry>& entries) override {
    const std::lock_guard lock{mutex_};
    ++prepared_;
    changed_.notify_all();
    return inner_->prepare(entries);
  }
  result<void> write_turn(const std::vector<turn_entry>& entries) override {
    std::unique_lock lock{mutex_};
    ++writing_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
    turns.push_back(entries.size());
    if (failing) return fail(errc::io_failed, "the disk is full");
    return inner_->write_turn(entries);
  }
  bool get(family f, std::string_view key, std::string& bytes) const override { return inner_->get(f, key, bytes); }
  std::int64_t counter(family f, std::string_view key) const override { return inner_->counter(f, key); }
  void scan(family f, std::string_view begin, std::string_view end,
            const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    inner_->scan(f, begin, end, visit);
  }
  partition_position position(std::uint16_t partition) const override { return inner_->position(partition); }
  result<void> checkpoint() override { return inner_->checkpoint(); }
  std::uint64_t disk_bytes() const override { return inner_->disk_bytes(); }

  void hold() {
    const std::lock_guard lock{mutex_};
    held_ = true;
  }
  void let_go() {
    const std::lock_guard lock{mutex_};
    held_ = false;
    changed_.notify_all();
  }
  void wait_for_writes(int count) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return writing_ >= count; });
  }

  void wait_for_prepared(int count) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return prepared_ >= count; });
  }
  int prepared() {
    const std::lock_guard lock{mutex_};
    return prepared_;
  }

  std::vector<std::size_t> turns;
  bool failing = false;

private:
  std::unique_ptr<store> inner_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  int writing_ = 0;
  int prepared_ = 0;
};

struct fixture {
  watched_store target{std::move(*open_memory_store(std::make_shared<memory_disk>()))};
  std::vector<std::pair<std::uint16_t, std::uint64_t>> committed;
  std::vector<error> failures;
  std::unique_ptr<log_writer> writer = make_log_writer(
    target, [this](std::uint16_t p, std::uint64_t i) { committed.emplace_back(p, i); },
    [this](const error& e) { failures.push_back(e); });
};

using commits = std::vector<std::pair<std::uint16_t, std::uint64_t>>;

} // namespace

SCENARIO("what is queued while a turn is written becomes the next turn", "[storage][writer]") {
  fixture f;
  f.target.hold();
  f.writer->append(put_entry(1, 1, "a", "1"));
  f.target.wait_for_writes(1);
  for (std::uint64_t i = 2; i <= 4; ++i) f.writer->append(put_entry(1, i, "a", "2"));
  f.writer->append(put_entry(2, 1, "b", "1"));
  CHECK(f.writer->depth() == 5);
  f.target.let_go();
  f.writer->stop();
  CHECK(f.target.turns == std::vector<std::size_t>{1, 4});
  CHECK(f.committed == commits{{1, 1}, {1, 4}, {2, 1}});
  CHECK(f.writer->depth() == 0);
  const auto stats = stats_of(*f.writer);
  CHECK(stats.turns == 2);
  CHECK(stats.entries == 5);
  CHECK(stats.bytes > 0);
}

SCENARIO("an entry is read back when its commit is reported", "[storage][writer]") {
  watched_store target{std::move(*open_memory_store(std::make_shared<memory_disk>()))};
  std::atomic<int> wrong = 0;
  const auto writer = make_log_writer(
    target, [&](std::uint16_t p, std::uint64_t i) { wrong += target.position(p).index < i ? 1 : 0; },
    [](const error&) {});
  for (std::uint64_t i = 1; i <= 200; ++i) writer->append(put_entry(1, i, "a", "1"));
  writer->stop();
  CHECK(wrong == 0);
  CHECK(target.position(1).index == 200);
}

SCENARIO("entries of many threads all get durable, in order within each partition", "[storage][writer]") {
  fixture f;
  std::vector<std::thread> threads;
  for (std::uint16_t p = 0; p < 4; ++p)
    threads.emplace_back([&f, p] {
      for (std::uint64_t i = 1; i <= 500; ++i) f.writer->append(put_entry(p, i, std::to_string(p), std::to_string(i)));
    });
  for (auto& thread : threads) thread.join();
  f.writer->stop();
  CHECK(f.failures.empty());
  std::map<std::uint16_t, std::uint64_t> upto;
  for (const auto& [p, i] : f.committed) {
    CHECK(i > upto[p]);
    upto[p] = i;
  }
  for (std::uint16_t p = 0; p < 4; ++p) CHECK(upto[p] == 500);
}

SCENARIO("a failed write is reported once and nothing is acknowledged from then on", "[storage][writer]") {
  fixture f;
  f.target.failing = true;
  f.writer->append(put_entry(1, 1, "a", "1"));
  f.target.wait_for_writes(1);
  f.writer->append(put_entry(1, 2, "a", "1"));
  f.writer->stop();
  f.writer->append(put_entry(1, 3, "a", "1"));
  f.writer->stop();
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].message == "the disk is full");
  CHECK(f.committed.empty());
  CHECK(f.target.turns.size() == 1);
  CHECK(f.writer->depth() >= 1);
}

SCENARIO("a turn's size is bounded", "[storage][writer]") {
  fixture f;
  f.target.hold();
  f.writer->append(put_entry(1, 1, "a", "1"));
  f.target.wait_for_writes(1);
  const std::string large(std::size_t{5} << 20, 'x');
  for (std::uint64_t i = 2; i <= 7; ++i) f.writer->append(put_entry(1, i, "a", large));
  f.target.let_go();
  f.writer->stop();
  for (const auto entries : f.target.turns) CHECK(entries <= 2);
  CHECK(f.committed.back() == std::pair<std::uint16_t, std::uint64_t>{1, 7});
}

SCENARIO("much that waits is prepared while a turn is written, little is not", "[storage][writer]") {
  fixture f;
  f.target.hold();
  f.writer->append(put_entry(1, 1, "a", "1"));
  f.target.wait_for_writes(1);
  f.writer->append(put_entry(1, 2, "a", "2"));
  std::this_thread::sleep_for(std::chrono::milliseconds{20});
  CHECK(f.target.prepared() == 1);
  f.writer->append(put_entry(1, 3, "a", std::string(std::size_t{2} << 20, 'x')));
  f.target.wait_for_prepared(2);
  CHECK(f.target.turns.empty());
  f.writer->append(put_entry(1, 4, "a", "4"));
  f.target.let_go();
  f.writer->stop();
  CHECK(f.target.turns == std::vector<std::size_t>{1, 2, 1});
  CHECK(f.committed == commits{{1, 1}, {1, 3}, {1, 4}});
}

SCENARIO("a turn that was prepared is not written after a failure", "[storage][writer]") {
  fixture f;
  f.target.failing = true;
  f.target.hold();
  f.writer->append(put_entry(1, 1, "a", "1"));
  f.target.wait_for_writes(1);
  f.writer->append(put_entry(1, 2, "a", std::string(std::size_t{2} << 20, 'x')));
  f.target.wait_for_prepared(2);
  f.target.let_go();
  f.writer->stop();
  CHECK(f.failures.size() == 1);
  CHECK(f.target.turns.size() == 1);
  CHECK(f.committed.empty());
}
