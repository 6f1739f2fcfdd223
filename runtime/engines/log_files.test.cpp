#include "runtime/engines/log_files.hpp"

#include "runtime/engines/testing.hpp"
#include "runtime/seams.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

using namespace penstock;

namespace {

struct fixture {
  temporary_directory directory;
  std::shared_ptr<manual_clock> clock = std::make_shared<manual_clock>(from_ms(1'000));
  log_files logs{directory.path(), clock};
  attempt_ref ref{.run = run_id{make_uuid7(from_ms(1), 3, 7)}, .task = 2, .item = 0, .attempt = 1};

  std::vector<log_line> read() const {
    std::vector<log_line> lines;
    REQUIRE(logs.scan(ref.run, 0, [&](log_line&& line, std::uint64_t) {
      lines.push_back(std::move(line));
      return true;
    }));
    return lines;
  }
};

} // namespace

TEST_CASE("an attempt that says nothing has no log file", "[engines][log]") {
  fixture f;
  { const auto log = f.logs.open_attempt(f.ref, "quiet", 1'000); }
  CHECK(f.read().empty());
  CHECK_FALSE(std::filesystem::exists(f.directory.path() + "/logs"));
}

TEST_CASE("a log is read on from where a line ended, and what is cut short is left out", "[engines][log]") {
  fixture f;
  const auto log = f.logs.open_attempt(f.ref, "t", 10'000'000);
  const std::string filler(10'000, 'x'); // So that lines lie across pieces.
  for (int i = 0; i < 50; ++i) log->line(log_level::info, std::to_string(i) + filler);
  std::uint64_t reached = 0;
  int count = 0;
  const auto one = [&](log_line&& line, std::uint64_t end) {
    CHECK(line.text == std::to_string(count++) + filler);
    reached = end;
    return false;
  };
  for (int i = 0; i < 50; ++i) REQUIRE(f.logs.scan(f.ref.run, reached, one));
  CHECK(count == 50);
  CHECK(reached == std::filesystem::file_size(f.logs.path_of(f.ref.run)));
  std::ofstream file(f.logs.path_of(f.ref.run), std::ios::app);
  file << "no line of ours\n1000 info t whole\n1000 info t cut" << std::flush;
  std::vector<std::string> texts;
  const auto more = [&](log_line&& line, std::uint64_t end) {
    texts.push_back(line.text);
    reached = end;
    return true;
  };
  REQUIRE(f.logs.scan(f.ref.run, reached, more));
  CHECK(texts == std::vector<std::string>{"whole"});
  file << " no more\n" << std::flush;
  REQUIRE(f.logs.scan(f.ref.run, reached, more));
  CHECK(texts == std::vector<std::string>{"whole", "cut no more"});
}

TEST_CASE("lines come back with time, level and task, of all attempts by time", "[engines][log]") {
  fixture f;
  const auto first = f.logs.open_attempt(f.ref, "load", 1'000);
  auto other_ref = f.ref;
  other_ref.task = 1;
  const auto second = f.logs.open_attempt(other_ref, "clean", 1'000);
  first->line(log_level::info, "one");
  f.clock->advance(milliseconds(5));
  second->line(log_level::error, "two\nthree\n");
  f.clock->advance(milliseconds(5));
  first->line(log_level::warn, "");
  const auto lines = f.read();
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].text == "one");
  CHECK(lines[0].task == "load");
  CHECK(lines[0].level == log_level::info);
  CHECK(to_ms(lines[0].at) == 1'000);
  CHECK(lines[1].text == "two");
  CHECK(lines[2].text == "three");
  CHECK(lines[2].task == "clean");
  CHECK(lines[2].level == log_level::error);
  CHECK(lines[3].text.empty());
  CHECK(to_ms(lines[3].at) == 1'010);
}

TEST_CASE("secrets are masked, longest first and line by line", "[engines][log][secret]") {
  fixture f;
  const auto log = f.logs.open_attempt(f.ref, "t", 10'000);
  log->mask({"pass", "password1", "-----BEGIN\nabcdef\n-----END"});
  log->line(log_level::info, "the password1 and the pass");
  log->line(log_level::info, "abcdef");
  log->line(log_level::info, "x-----BEGIN\nabcdef\n-----ENDy");
  const auto lines = f.read();
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].text == "the *** and the ***");
  CHECK(lines[1].text == "***");
  CHECK(lines[2].text == "x***y");
}

TEST_CASE("text that is not UTF-8 is mended, and a long line cut between characters", "[engines][log]") {
  fixture f;
  const auto log = f.logs.open_attempt(f.ref, "t", 1'000'000);
  log->line(log_level::info, "a\xff\xc3z");
  std::string longer = "a";
  while (longer.size() < 40'000) longer += "\xC3\xA9";
  log->line(log_level::info, longer);
  const auto lines = f.read();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].text == "a\xEF\xBF\xBD\xEF\xBF\xBDz");
  CHECK(lines[1].text.size() < 17'000);
  CHECK(lines[1].text.find("a\xC3\xA9") == 0);
  CHECK(lines[1].text.find("\xC3\xA9 … (line cut at 16 KiB)") != std::string::npos);
}

TEST_CASE("a log that is full says so once", "[engines][log]") {
  fixture f;
  const auto log = f.logs.open_attempt(f.ref, "t", 300);
  for (int i = 0; i < 100; ++i) log->line(log_level::info, "some text of a line");
  const auto lines = f.read();
  REQUIRE(lines.size() > 2);
  CHECK(lines.size() < 12);
  CHECK(lines.back().text == "the log has reached its limit of 300 bytes; further lines are dropped");
}

TEST_CASE("a run's logs can be removed, also when there are none", "[engines][log]") {
  fixture f;
  f.logs.remove(f.ref.run);
  f.logs.open_attempt(f.ref, "t", 300)->line(log_level::info, "x");
  CHECK(f.read().size() == 1);
  f.logs.remove(f.ref.run);
  CHECK(f.read().empty());
}
