#include "actors/run_files.hpp"

#include "runtime/seams.hpp"
#include "storage/keys.hpp"
#include "storage/memory_store.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <array>
#include <fstream>
#include <future>
#include <map>
#include <set>

using namespace penstock;
namespace fs = std::filesystem;

namespace {

const timestamp start = from_ms(1'790'000'000'000);

constexpr std::array rooms{"logs", "artifacts", "outputs"};

std::string make_directory() {
  auto name = (fs::temp_directory_path() / "penstock-test-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  return name;
}

struct fixture {
  ~fixture() {
    pool->stop();
    fs::remove_all(directory);
  }

  run_id make_run(std::uint64_t number) {
    const run_id run{make_uuid7(start, 3, number)};
    for (const auto* room : rooms) {
      fs::create_directories(fs::path(directory) / room / to_text(run) / "a");
      std::ofstream{fs::path(directory) / room / to_text(run) / "a" / "file"} << "x";
    }
    return run;
  }
  void store(const std::vector<run_id>& runs) {
    std::vector<turn_entry> turn(1);
    turn[0].partition = 1;
    turn[0].index = 1;
    for (const auto run : runs) turn[0].mutations.put(family::state, keys::run(run), "x");
    REQUIRE(state->write_turn(turn));
  }
  std::set<std::string> left(const char* room) const {
    std::set<std::string> out;
    for (const auto& entry : fs::directory_iterator{fs::path(directory) / room})
      out.insert(entry.path().filename().string());
    return out;
  }

  std::string directory = make_directory();
  /// How many runs have files when the pool has done one thing more.
  std::size_t files_left() {
    std::promise<std::size_t> count;
    pool->post([&] { count.set_value(left("logs").size()); });
    return count.get_future().get();
  }

  std::unique_ptr<penstock::store> state = std::move(*open_memory_store(std::make_shared<memory_disk>()));
  std::shared_ptr<blocking_pool> pool = std::make_shared<blocking_pool>(1, 10, [](std::string_view) {});
  run_file_remover remover{directory, std::make_shared<log_files>(directory, std::make_shared<manual_clock>(start)),
                           *state, pool};
};

} // namespace

SCENARIO("files of runs that are not in the store are found", "[files]") {
  fixture f;
  std::vector<run_id> known;
  std::set<run_id> gone;
  for (std::uint64_t i = 0; i < 40; ++i) {
    const auto run = f.make_run(i);
    if (i % 4 == 0) known.push_back(run);
    else gone.insert(run);
  }
  for (const auto* room : rooms) fs::create_directories(fs::path(f.directory) / room / "notes");
  f.store(known);
  stray_files strays{f.directory, *f.state};
  std::map<run_id, std::size_t> found;
  while (const auto some = strays.look(10)) {
    CHECK(some->size() <= 10);
    for (const auto run : *some) ++found[run];
  }
  CHECK(found.size() == gone.size());
  for (const auto& [run, times] : found) {
    CHECK(gone.contains(run));
    CHECK(times == rooms.size());
  }
}

SCENARIO("a data directory without files has no stray ones", "[files]") {
  fixture f;
  CHECK(!stray_files{f.directory, *f.state}.look(10));
}

SCENARIO("what the last stop left is removed at the start", "[files]") {
  fixture f;
  const auto known = f.make_run(1);
  for (std::uint64_t i = 2; i < 300; ++i) f.make_run(i);
  f.store({known});
  f.remover.sweep();
  while (f.files_left() > 1) {}
  for (const auto* room : rooms) CHECK(f.left(room) == std::set{to_text(known)});
}

SCENARIO("files are removed a few at a time, so that other work gets its turn", "[files]") {
  fixture f;
  std::vector<run_id> gone;
  for (std::uint64_t i = 0; i < 300; ++i) gone.push_back(f.make_run(i));
  std::promise<void> go;
  f.pool->post([&] { go.get_future().wait(); });
  for (const auto run : gone) f.remover.remove(run);
  go.set_value();
  const auto left = f.files_left();
  CHECK(left > 0);
  CHECK(left < 300);
  while (f.files_left() > 0) {}
  for (const auto* room : rooms) CHECK(f.left(room).empty());
}
