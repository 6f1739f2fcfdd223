#include "actors/core/run_lists.hpp"

#include "actors/core/run_history.hpp"
#include "runtime/seams.hpp"
#include "storage/memory_store.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>

using namespace penstock;

namespace {

constexpr partition_id partitions = 3;

std::uint64_t seed() {
  const auto* text = std::getenv("PENSTOCK_TEST_SEED");
  return text ? std::strtoull(text, nullptr, 10) : 1;
}

/// Runs in a store, and beside it in a plain list that answers the same questions by looking at all of them.
struct model {
  explicit model(std::uint64_t first) : random(first) {}

  std::uint64_t below(std::uint64_t n) { return random.next() % n; }

  run_record& make(timestamp at, run_status status) {
    run_record run;
    const auto& pipeline = pipelines[below(pipelines.size())];
    run.id = run_id{make_uuid7(at, pipeline.slot(), random.next())};
    run.pipeline = pipeline;
    run.workspace = workspaces[slot_of(pipeline.raw) % workspaces.size()];
    run.status = status;
    run.created_at = at;
    run_history::born(batch, partition(run), run);
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
    if (is_terminal(to)) run.ended_at = run.created_at + milliseconds{below(7'200'000)};
    run_history::moved(batch, partition(run), run, from);
  }

  void clear(std::size_t place) {
    auto& run = runs[place];
    if (!is_terminal(run.status)) return;
    run_history::cleared(batch, partition(run), run);
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

  std::vector<run_id> all(workspace_id workspace, const run_filter& filter) const {
    std::vector<run_id> out;
    for (const auto& run : runs) {
      const auto at = keys::time_of(run.id.raw);
      if (run.workspace == workspace && (!filter.pipeline || run.pipeline == *filter.pipeline) &&
          (!filter.status || run.status == *filter.status) && (!filter.from || at >= *filter.from) &&
          (!filter.to || at <= *filter.to))
        out.push_back(run.id);
    }
    std::sort(out.begin(), out.end(), std::greater<>{});
    return out;
  }

  run_lists lists(workspace_id workspace, const run_filter& filter) const {
    if (filter.pipeline) return runs_of_pipeline(*state, partition_of(filter.pipeline->slot(), partitions), filter);
    return runs_of_workspace(*state, partitions, workspace, filter);
  }

  seeded_random random;
  std::unique_ptr<store> state = std::move(*open_memory_store(std::make_shared<memory_disk>()));
  mutation_batch batch;
  std::uint64_t index = 0;
  std::vector<workspace_id> workspaces{default_workspace, workspace_id{make_uuid7(from_ms(5), 5, 6)}};
  std::vector<pipeline_id> pipelines;
  std::vector<run_record> runs;
};

constexpr std::array statuses{run_status::pending, run_status::running, run_status::succeeded, run_status::failed,
                              run_status::cancelled};

/// Histories of very different density: some seconds, or some months.
void fill(model& m, std::size_t count) {
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

run_filter any_filter(model& m) {
  run_filter filter;
  if (m.below(2) == 0) filter.status = statuses[m.below(statuses.size())];
  if (m.below(3) == 0) filter.pipeline = m.pipelines[m.below(m.pipelines.size())];
  const auto some_time = [&] {
    const auto at = keys::time_of(m.runs[m.below(m.runs.size())].id.raw);
    // On the millisecond of a run, near it, or on the border of some unit.
    switch (m.below(4)) {
      case 0: return at;
      case 1: return at + milliseconds{m.below(5'000)} - milliseconds{2'500};
      case 2: return std::chrono::floor<std::chrono::hours>(at) + milliseconds{0};
      default: return std::chrono::floor<std::chrono::days>(at) + milliseconds{0};
    }
  };
  if (m.below(3) > 0) filter.from = some_time();
  if (m.below(3) > 0) filter.to = some_time();
  return filter;
}

} // namespace

SCENARIO("pages and totals of any filter are those that looking at every run gives", "[runs][lists]") {
  const auto first = seed();
  for (auto s = first; s < first + 12; ++s) {
    INFO("PENSTOCK_TEST_SEED=" << s);
    model m{s};
    fill(m, 200 + m.below(4'000));
    for (int i = 0; i < 300; ++i) {
      auto filter = any_filter(m);
      const auto workspace =
        filter.pipeline ? m.workspaces[filter.pipeline->slot() % 2] : m.workspaces[m.below(m.workspaces.size())];
      const auto want = m.all(workspace, filter);
      const auto found = m.lists(workspace, filter);
      REQUIRE(found.total() == want.size());
      const page which{static_cast<std::uint32_t>(m.below(150)), m.below(want.size() + 10)};
      const auto begin = std::min<std::size_t>(which.offset, want.size());
      const auto end = std::min<std::size_t>(begin + which.limit, want.size());
      REQUIRE(found.page_of(which) == std::vector<run_id>{want.begin() + static_cast<std::ptrdiff_t>(begin),
                                                          want.begin() + static_cast<std::ptrdiff_t>(end)});
    }
  }
}

SCENARIO("runs are counted for the whole node, too", "[runs][lists]") {
  model m{seed()};
  fill(m, 500);
  const auto counted = count_by_status(*m.state, partitions);
  for (const auto status : statuses)
    CHECK(counted.at(status) == static_cast<std::uint64_t>(std::count_if(
                                  m.runs.begin(), m.runs.end(), [&](const auto& r) { return r.status == status; })));
}

SCENARIO("a deep page steps through few of the entries in front of it", "[runs][lists]") {
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
  model m{seed()};
  m.pipelines.push_back(pipeline_id{make_uuid7(from_ms(1), 0, 1)});
  m.workspaces.resize(1);
  for (int i = 0; i < 40'000; ++i)
    m.move(m.make(from_ms(1'790'000'000'000 + i * 40), run_status::running), run_status::succeeded);
  m.write();
  const counting_reader counting{*m.state};
  const auto found = runs_of_workspace(counting, partitions, default_workspace, {});
  CHECK(found.page_of({20, 30'000}).size() == 20);
  CHECK(counting.visited < 1'500);
  counting.visited = 0;
  run_filter own;
  own.pipeline = m.pipelines.front();
  const auto of_pipeline = runs_of_pipeline(counting, partition_of(own.pipeline->slot(), partitions), own);
  CHECK(of_pipeline.page_of({20, 30'000}).size() == 20);
  CHECK(counting.visited < 1'500);
  counting.visited = 0;
  run_filter half;
  half.from = from_ms(1'790'000'000'000 + 20'000 * 40);
  CHECK(runs_of_workspace(counting, partitions, default_workspace, half).total() == 20'000);
  CHECK(counting.visited < 500);
  counting.visited = 0;
  CHECK(found.total() == 40'000);
  CHECK(counting.visited == 0);
}
