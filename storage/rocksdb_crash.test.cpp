#include "storage/rocksdb_store.hpp"

#include "runtime/seams.hpp"
#include "storage/test_support.hpp"

#include <catch2/catch.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <thread>

using namespace penstock;
using namespace penstock::test;

namespace {

using namespace std::chrono_literals;

constexpr const char* directory_variable = "PENSTOCK_TEST_CHILD_DIRECTORY";
constexpr const char* mode_variable = "PENSTOCK_TEST_CHILD_MODE";
constexpr int report_descriptor = 17;

/// Little memory, so that flushes, new log files and compactions happen all the time.
rocksdb_settings busy_settings() {
  rocksdb_settings settings;
  settings.write_buffers_bytes = std::size_t{512} << 10;
  settings.logs_bytes_max = std::size_t{512} << 10;
  settings.watermark_interval = 20ms;
  return settings;
}

std::string value_of(std::uint64_t index) {
  return std::string(200 + index * 37 % 4'000, static_cast<char>('a' + index % 26));
}

turn_entry entry_of(std::uint64_t index) {
  auto entry = put_entry(1, index, "key " + std::to_string(index % 500), value_of(index));
  entry.mutations.add(family::counters, "n", 1);
  return entry;
}

/// Writes turns for ever, and after each its index to the pipe.
void child(const char* directory) {
  const std::string_view mode = std::getenv(mode_variable);
  // With little memory a full disk would first be met by a flush, whose failure the next turn reports.
  auto settings = mode == "full" ? rocksdb_settings{} : busy_settings();
  if (mode == "interval") settings.sync = durability::interval;
  auto s = open_rocksdb_store(directory, settings);
  if (!s) {
    std::fprintf(stderr, "%s\n", s.error().message.c_str());
    ::_exit(3);
  }
  for (auto index = (*s)->position(1).index + 1;; ++index) {
    if (const auto written = (*s)->write_turn({entry_of(index)}); !written) {
      const auto repeated = (*s)->write_turn({entry_of(index)});
      if (mode != "full") std::fprintf(stderr, "%s\n", written.error().message.c_str());
      ::_exit(repeated ? 5 : 4);
    }
    if (::write(report_descriptor, &index, sizeof index) != sizeof index) ::_exit(2);
  }
}

/// A process of its own (a fork alone would lack RocksDB's threads) that runs `child`.
class victim {
public:
  victim(const std::string& directory, const char* mode, rlim_t file_bytes_max = RLIM_INFINITY) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::setenv(directory_variable, directory.c_str(), 1);
      ::setenv(mode_variable, mode, 1);
      const rlimit limit{file_bytes_max, file_bytes_max};
      ::setrlimit(RLIMIT_FSIZE, &limit);
      ::signal(SIGXFSZ, SIG_IGN);
      ::dup2(ends[1], report_descriptor);
      ::execl("/proc/self/exe", "storage_tests", "child of the crash scenarios", nullptr);
      ::_exit(1);
    }
    ::close(ends[1]);
    reports_ = ends[0];
  }
  victim(const victim&) = delete;
  victim& operator=(const victim&) = delete;
  ~victim() { ::close(reports_); }

  /// Index of the next acknowledged turn, 0 at the end.
  [[nodiscard]] std::uint64_t next() const {
    std::uint64_t index = 0;
    return ::read(reports_, &index, sizeof index) == sizeof index ? index : 0;
  }

  void kill() const { ::kill(pid_, SIGKILL); }

  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    return status;
  }

private:
  pid_t pid_ = -1;
  int reports_ = -1;
};

/// Opens what the victim left and checks everything in it. Answers the last turn.
std::uint64_t check_left_behind(const std::string& directory) {
  auto s = open_rocksdb_store(directory, busy_settings());
  if (!s) FAIL(s.error().message);
  const auto last = (*s)->position(1).index;
  CHECK((*s)->counter(family::counters, "n") == static_cast<std::int64_t>(last));
  rows expected;
  for (auto index = last; index > 0 && index + 500 > last; --index)
    expected["key " + std::to_string(index % 500)] = value_of(index);
  CHECK(all_rows(**s, family::state) == expected);
  return last;
}

} // namespace

TEST_CASE("child of the crash scenarios", "[.]") {
  if (const auto* directory = std::getenv(directory_variable)) child(directory);
}

SCENARIO("a killed process loses no acknowledged turn", "[storage][rocksdb][crash]") {
  for (const auto& [mode, rounds] : {std::pair{"fsync", 20}, std::pair{"interval", 6}}) {
    const temporary_directory directory;
    seeded_random random{42};
    std::uint64_t last = 0;
    for (int round = 0; round < rounds; ++round) {
      victim v{directory.path(), mode};
      auto acknowledged = last;
      // Now and then while it is still opening the database; else after some turns.
      const auto turns = random.next() % 200;
      for (std::uint64_t i = 0; i < turns; ++i) {
        const auto index = v.next();
        REQUIRE(index == acknowledged + 1);
        acknowledged = index;
      }
      v.kill();
      while (const auto index = v.next()) acknowledged = index;
      v.wait();
      last = check_left_behind(directory.path());
      REQUIRE(last >= acknowledged);
      REQUIRE(last <= acknowledged + 1);
    }
    CHECK(last > 200);
  }
}

SCENARIO("a data directory in use is refused", "[storage][rocksdb][crash]") {
  const temporary_directory directory;
  victim v{directory.path(), "fsync"};
  REQUIRE(v.next() == 1);
  const auto refused = open_rocksdb_store(directory.path(), durability::fsync);
  v.kill();
  v.wait();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::io_failed);
  CHECK(refused.error().message.find("is in use by another process") != std::string::npos);
  CHECK(refused.error().message.find(directory.path()) != std::string::npos);
  CHECK(open_rocksdb_store(directory.path(), durability::fsync));
}

SCENARIO("a write that fails is reported, never tried again, and loses nothing acknowledged",
         "[storage][rocksdb][crash]") {
  const temporary_directory directory;
  // No file may grow beyond this: like a full disk, and the last write is cut short in the middle of a page.
  victim v{directory.path(), "full", 300'001};
  std::uint64_t acknowledged = 0;
  while (const auto index = v.next()) acknowledged = index;
  const auto status = v.wait();
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 4);
  CHECK(acknowledged > 20);
  const auto last = check_left_behind(directory.path());
  CHECK(last >= acknowledged);
  CHECK(last <= acknowledged + 1);
}

SCENARIO("damage found by a read ends the process", "[storage][rocksdb][crash]") {
  const temporary_directory directory;
  {
    auto s = open_rocksdb_store(directory.path(), durability::fsync);
    REQUIRE(s);
    for (std::uint64_t i = 1; i <= 50; ++i)
      REQUIRE((*s)->write_turn({put_entry(1, i, std::to_string(i), value_of(i))}));
    REQUIRE((*s)->checkpoint());
  }
  struct ended : std::runtime_error {
    using runtime_error::runtime_error;
  };
  rocksdb_settings settings;
  settings.on_fatal = [](const error& e) { throw ended(e.message); };
  auto s = open_rocksdb_store(directory.path(), settings);
  REQUIRE(s);
  // After the start, so that only reading finds it.
  std::string damaged;
  for (const auto& entry : std::filesystem::directory_iterator{directory.path() + "/db"}) {
    if (entry.path().extension() != ".sst" || entry.file_size() < 2'000) continue;
    const auto fd = ::open(entry.path().c_str(), O_WRONLY);
    REQUIRE(::pwrite(fd, "damage", 6, 100) == 6);
    ::close(fd);
    damaged = entry.path().filename();
  }
  REQUIRE_FALSE(damaged.empty());
  std::string bytes;
  CHECK_THROWS_AS((*s)->get(family::state, "1", bytes), ended);
  try {
    (void)all_rows(**s, family::state);
    FAIL("damage was read");
  } catch (const ended& e) { CHECK(std::string(e.what()).find(damaged) != std::string::npos); }
}
