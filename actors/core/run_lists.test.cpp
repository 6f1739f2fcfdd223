#include "actors/core/run_lists.hpp"

#include "actors/core/run_model.hpp"

#include <algorithm>

using namespace penstock;
using namespace penstock::test;

namespace {

std::vector<run_id> all(const run_model& m, workspace_id workspace, const run_filter& filter) {
  std::vector<run_id> out;
  for (const auto& run : m.runs) {
    const auto at = keys::time_of(run.id.raw);
    if (run.workspace == workspace && (!filter.pipeline || run.pipeline == *filter.pipeline) &&
        (!filter.status || run.status == *filter.status) && (!filter.from || at >= *filter.from) &&
        (!filter.to || at <= *filter.to))
      out.push_back(run.id);
  }
  std::sort(out.begin(), out.end(), std::greater<>{});
  return out;
}

run_lists lists(const run_model& m, workspace_id workspace, const run_filter& filter) {
  if (filter.pipeline) return runs_of_pipeline(*m.state, partition_of(filter.pipeline->slot(), partitions), filter);
  return runs_of_workspace(*m.state, partitions, workspace, filter);
}

run_filter any_filter(run_model& m) {
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
    run_model m{s};
    fill(m, 200 + m.below(4'000));
    for (int i = 0; i < 300; ++i) {
      auto filter = any_filter(m);
      const auto workspace =
        filter.pipeline ? m.workspaces[filter.pipeline->slot() % 2] : m.workspaces[m.below(m.workspaces.size())];
      const auto want = all(m, workspace, filter);
      const auto found = lists(m, workspace, filter);
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
  run_model m{seed()};
  fill(m, 500);
  const auto counted = count_by_status(*m.state, partitions);
  for (const auto status : statuses)
    CHECK(counted.at(status) == static_cast<std::uint64_t>(std::count_if(
                                  m.runs.begin(), m.runs.end(), [&](const auto& r) { return r.status == status; })));
}

SCENARIO("a deep page steps through few of the entries in front of it", "[runs][lists]") {
  run_model m{seed()};
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
  CHECK(counting.visited < 2'500);
  counting.visited = 0;
  run_filter half;
  half.from = from_ms(1'790'000'000'000 + 20'000 * 40);
  CHECK(runs_of_workspace(counting, partitions, default_workspace, half).total() == 20'000);
  CHECK(counting.visited < 500);
  counting.visited = 0;
  CHECK(found.total() == 40'000);
  CHECK(counting.visited == 0);
}
