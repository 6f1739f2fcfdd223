#include "actors/run_log.hpp"

#include "runtime/seams.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

using namespace penstock;

namespace {

const timestamp start = from_ms(1'790'000'000'000);

struct fixture {
  fixture() {
    REQUIRE(::mkdtemp(directory.data()) != nullptr);
    files = std::make_shared<log_files>(directory, clock);
    reader = std::make_unique<run_log>(files);
    run.record.id = run_id{make_uuid7(start, 3, 7)};
    run.record.created_at = start;
    run.record.status = run_status::running;
    run.tasks.resize(2);
    run.tasks[0].id = "a";
    run.tasks[1].id = "b";
  }

  void write(const std::string& task, const std::string& text) {
    auto& log = logs[task];
    if (!log) log = files->open_attempt({run.record.id, task == "a" ? 0u : 1u, 0, 1}, task, 100u << 20);
    log->line(log_level::info, text);
  }
  void end(std::size_t task) {
    run.tasks[task].status = task_status::succeeded;
    run.tasks[task].record.ended_at = clock->now();
  }
  void end_run() {
    run.record.status = run_status::succeeded;
    run.record.ended_at = clock->now();
  }
  std::vector<std::string> texts(std::uint64_t from = 0, std::uint32_t limit = 1'000) {
    const auto lines = reader->read(run, from, limit);
    REQUIRE(lines);
    std::vector<std::string> out;
    for (const auto& line : *lines) out.push_back((line.task.empty() ? "" : line.task + ": ") + line.text);
    return out;
  }

  ~fixture() { std::filesystem::remove_all(directory); }

  std::string directory = (std::filesystem::temp_directory_path() / "penstock-test-XXXXXX").string();
  std::shared_ptr<manual_clock> clock = std::make_shared<manual_clock>(start);
  std::shared_ptr<log_files> files;
  std::unique_ptr<run_log> reader;
  run_view run;
  std::map<std::string, std::shared_ptr<attempt_log>> logs;
};

using texts = std::vector<std::string>;

} // namespace

SCENARIO("what attempts wrote and what became of them is one log by time", "[log]") {
  fixture f;
  f.write("a", "one");
  f.clock->advance(milliseconds{5});
  f.write("b", "two");
  f.end(0);
  f.clock->advance(milliseconds{5});
  f.write("b", "three");
  f.end(1);
  f.end_run();
  const texts all{"Run started (manual)", "a: one",       "b: two", "a: Task succeeded", "b: three",
                  "b: Task succeeded",    "Run succeeded"};
  CHECK(f.texts() == all);
  for (std::size_t from = 0; from <= all.size(); ++from)
    for (std::uint32_t limit = 1; limit < 4; ++limit) {
      const auto end = std::min(all.size(), from + limit);
      CHECK(f.texts(from, limit) ==
            texts(all.begin() + static_cast<std::ptrdiff_t>(from), all.begin() + static_cast<std::ptrdiff_t>(end)));
    }
  CHECK(f.texts(100).empty());
}

SCENARIO("a line keeps its number though the end of a task becomes known later", "[log]") {
  fixture f;
  texts followed;
  const auto follow = [&] {
    for (auto& text : f.texts(followed.size())) followed.push_back(std::move(text));
  };
  seeded_random random{5};
  timestamp ended;
  for (int i = 0; i < 200; ++i) {
    f.clock->advance(milliseconds{static_cast<std::int64_t>(random.next() % 40)});
    f.write(random.next() % 2 ? "a" : "b", std::to_string(i));
    if (i == 100) ended = f.clock->now();
    if (i == 103) { // Committed three lines late.
      f.run.tasks[0].status = task_status::succeeded;
      f.run.tasks[0].record.ended_at = ended;
    }
    follow();
  }
  CHECK(followed.size() == 202);
  const auto late = std::find(followed.begin(), followed.end(), "a: Task succeeded");
  REQUIRE(late != followed.end());
  CHECK(std::distance(late, followed.end()) == 202 - 104); // Behind 0 to 102, which were read before.
  f.end(1);
  f.end_run();
  follow();
  CHECK(followed.size() == 204);
  CHECK(followed == f.texts());
  // As after a restart: the one line moves to where it belongs by time.
  f.reader = std::make_unique<run_log>(f.files);
  auto again = f.texts();
  CHECK(again.size() == 204);
  std::erase(again, "a: Task succeeded");
  std::erase(followed, "a: Task succeeded");
  CHECK(again == followed);
}

SCENARIO("who knows less than another reader is told no more than it knows", "[log]") {
  fixture f;
  f.write("a", "one");
  const auto before = f.run; // As read a moment earlier.
  f.clock->advance(milliseconds{5});
  f.end(0);
  f.clock->advance(milliseconds{5});
  f.write("b", "two");
  CHECK(f.texts() == texts{"Run started (manual)", "a: one", "a: Task succeeded", "b: two"});
  f.run = before;
  CHECK(f.texts() == texts{"Run started (manual)", "a: one"});
  CHECK(f.texts(2).empty());
}

SCENARIO("who follows reads nothing again", "[log]") {
  fixture f;
  f.end_run();
  for (int i = 0; i < 100; ++i) f.write("a", "before");
  f.write("b", "last");
  CHECK(f.texts().size() == 103);
  // What was read already changes, which nobody notices who goes on from its end.
  const auto file = f.files->path_of(f.run.record.id);
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary) << std::string(1'000, '\n');
  f.write("b", "new");
  CHECK(f.texts(103) == texts{"b: new"});
}

SCENARIO("long lines come in several answers", "[log]") {
  fixture f;
  const std::string line(15'000, 'x');
  for (int i = 0; i < 1'000; ++i) f.write("a", line);
  f.end_run();
  std::size_t got = 0, answers = 0;
  for (auto some = f.texts(0); !some.empty(); some = f.texts(got)) {
    std::size_t bytes = 0;
    for (const auto& text : some) bytes += text.size();
    CHECK(bytes < 9'000'000);
    got += some.size();
    ++answers;
  }
  CHECK(got == 1'002);
  CHECK(answers == 2);
}
