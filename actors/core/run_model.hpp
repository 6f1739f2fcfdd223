#pragma once

#include "actors/core/run_history.hpp"
#include "runtime/seams.hpp"
#include "storage/memory_store.hpp"
#include "storage/run_keys.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

/// Random histories of runs for tests of what is read from them.
namespace penstock::test {

inline constexpr partition_id partitions = 3;

inline std::uint64_t seed() {
  const auto* text = std::getenv("PENSTOCK_TEST_SEED");
  return text ? std::strtoull(text, nullptr, 10) : 1;
}

/// Runs in a store, and beside it in a plain list that answers the same questions to whoever looks at all of them.
struct run_model {
  explicit run_model(std::uint64_t first) : random(first) {}

  std::uint64_t below(std::uint64_t n) { return random.next() % n; }

  run_record& make(timestamp at, run_status status) {
    run_record run;
    const auto& pipeline = pipelines[below(pipelines.size())];
    run.id = run_id{make_uuid7(at, pipeline.slot(), random.next())};
    run.pipeline = pipeline;
    run.workspace = workspaces[slot_of(pipeline.raw) % workspaces.size()];
    run.status = status;
    run.created_at = at;
    std::vector<run_history::births> births;
    run_history::born(batch, births, partition(run), run);
    for (const auto& what : births) run_history::count(batch, partition(run), what);
    // As the run's own core does.
    if (status == run_status::running)
      batch.put(family::index,
                keys::index_entry(partition(run), keys::index_kind::active_runs, pipeline.raw, run.id.raw), {});
    return runs.emplace_back(std::move(run));
  }

  void move(run_record& run, run_status to) {
    const auto from = std::exchange(run.status, to);
    const auto active = keys::index_entry(partition(run), keys::index_kind::active_runs, run.pipeline.raw, run.id.raw);
    if (from == run_status::running) batch.remove(family::index, active);
    if (to == run_status::running) batch.put(family::index, active, {});
    if (is_terminal(to)) {
      run.ended_at = run.created_at + milliseconds{below(7'200'000)};
      run.bytes = below(3) * 1'000'000'007;
    }
    run_history::moved(batch, partition(run), run, from);
  }

  void clear(std::size_t place) {
    auto& run = runs[place];
    if (!is_terminal(run.status)) return;
    run_history::cleared(batch, partition(run), run);
    cleared.push_back(run);
    runs.erase(runs.begin() + static_cast<std::ptrdiff_t>(place));
  }

  void write() {
    std::vector<turn_entry> entries(1);
    entries[0].partition = 1;
    entries[0].index = ++index;
    entries[0].mutations = std::exchange(batch, {});
    REQUIRE(state->write_turn(entries));
  }

  static partition_id partition(const run_record& run) { return partition_of(run.id.slot(), partitions); }

  seeded_random random;
  std::unique_ptr<store> state = std::move(*open_memory_store(std::make_shared<memory_disk>()));
  mutation_batch batch;
  std::uint64_t index = 0;
  std::vector<workspace_id> workspaces{default_workspace, workspace_id{make_uuid7(from_ms(5), 5, 6)}};
  std::vector<pipeline_id> pipelines;
  std::vector<run_record> runs;
  std::vector<run_record> cleared;
};

inline constexpr std::array statuses{run_status::pending, run_status::running, run_status::succeeded,
                                     run_status::failed, run_status::cancelled};

/// Histories of very different density: some seconds, or some months.
inline void fill(run_model& m, std::size_t count) {
  for (int i = 0; i < 5; ++i)
    m.pipelines.push_back(
      pipeline_id{make_uuid7(from_ms(1), static_cast<slot_number>(m.below(slot_count)), m.random.next())});
  constexpr std::array<std::uint64_t, 5> lengths{3'000, 90'000, 7'200'000, 200'000'000, 8'000'000'000};
  const auto length = lengths[m.below(lengths.size())];
  const auto begin = 1'790'000'000'000 + static_cast<std::int64_t>(m.below(100'000'000));
  for (std::size_t i = 0; i < count; ++i) {
    auto& run = m.make(from_ms(begin + static_cast<std::int64_t>(m.below(length))),
                       m.below(4) == 0 ? run_status::pending : run_status::running);
    if (run.status == run_status::pending && m.below(2) == 0) m.move(run, run_status::running);
    const auto fate = m.below(8);
    if (fate > 0) m.move(run, fate < 5 ? run_status::succeeded : fate < 7 ? run_status::failed : run_status::cancelled);
    if (m.below(50) == 0) m.write();
  }
  for (std::size_t i = 0; i < count / 20; ++i) m.clear(m.below(m.runs.size()));
  m.write();
}

/// Counts what is read.
struct counting_reader final : state_reader {
  const state_reader& inner;
  mutable std::size_t visited = 0;
  explicit counting_reader(const state_reader& r) : inner(r) {}
  bool get(family f, std::string_view key, std::string& bytes) const override { return inner.get(f, key, bytes); }
  std::int64_t counter(family f, std::string_view key) const override { return inner.counter(f, key); }
  void scan(family f, std::string_view begin, std::string_view end,
            const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    inner.scan(f, begin, end, [&](std::string_view key, std::string_view bytes) {
      ++visited;
      return visit(key, bytes);
    });
  }
};

} // namespace penstock::test
