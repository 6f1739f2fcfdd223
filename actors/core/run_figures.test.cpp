#include "actors/core/run_figures.hpp"

#include "actors/core/run_model.hpp"

using namespace penstock;
using namespace penstock::test;

namespace {

constexpr std::array figures{run_figure::completed, run_figure::failed, run_figure::started, run_figure::bytes};
constexpr std::array intervals{figure_interval::hour, figure_interval::day, figure_interval::week};

timestamp at(std::string_view text) { return parse_rfc3339(text).value(); }

/// When and for how much a run counts, by looking at it.
std::pair<timestamp, std::int64_t> counts(const run_record& run, run_figure what) {
  if (what == run_figure::started) return {keys::time_of(run.id.raw), 1};
  if (!run.ended_at) return {};
  switch (what) {
    case run_figure::completed: return {*run.ended_at, run.status == run_status::succeeded};
    case run_figure::failed: return {*run.ended_at, run.status == run_status::failed};
    default: return {*run.ended_at, static_cast<std::int64_t>(run.bytes)};
  }
}

/// Every run that ever was, looked at for every point.
std::vector<figure_point> naive(const run_model& m, workspace_id owner, const figure_query& query) {
  const auto begin = std::chrono::floor<std::chrono::hours>(query.from);
  const auto end = std::chrono::floor<std::chrono::hours>(query.to) + std::chrono::hours{1};
  std::vector<figure_point> out;
  for (auto t = interval_begin(query.interval, query.from); t <= query.to; t += length_of(query.interval)) {
    figure_point point{t, 0};
    for (const auto* runs : {&m.runs, &m.cleared})
      for (const auto& run : *runs) {
        const auto [when, count] = counts(run, query.what);
        if (run.workspace == owner && when >= begin && when < end && when >= t && when < t + length_of(query.interval))
          point.count += count;
      }
    out.push_back(point);
  }
  return out;
}

figure_query any_query(run_model& m) {
  figure_query query;
  query.what = figures[m.below(figures.size())];
  query.interval = intervals[m.below(intervals.size())];
  const auto some_time = [&] {
    const auto& run = m.runs[m.below(m.runs.size())];
    const auto t = m.below(2) == 0 ? keys::time_of(run.id.raw) : run.ended_at.value_or(run.created_at);
    switch (m.below(3)) {
      case 0: return t;
      case 1: return timestamp{std::chrono::floor<std::chrono::hours>(t)};
      default: return timestamp{std::chrono::floor<std::chrono::days>(t)} - milliseconds{m.below(2)};
    }
  };
  query.from = some_time();
  query.to = std::min(query.from + std::chrono::days{60}, std::max(query.from, some_time()));
  return query;
}

} // namespace

SCENARIO("figures of any range are those that looking at every run gives", "[runs][figures]") {
  const auto first = seed();
  for (auto s = first; s < first + 12; ++s) {
    INFO("PENSTOCK_TEST_SEED=" << s);
    run_model m{s};
    fill(m, 100 + m.below(1'000));
    REQUIRE(!m.cleared.empty());
    for (int i = 0; i < 60; ++i) {
      const auto query = any_query(m);
      const auto owner = m.workspaces[m.below(m.workspaces.size())];
      const auto found = run_figures(*m.state, partitions, owner, query);
      REQUIRE(found == naive(m, owner, query));
      REQUIRE(found.size() == point_count(query));
    }
  }
}

SCENARIO("points begin on the hour, at midnight and on Mondays, and there is one where nothing happened", "[figures]") {
  run_model m{1};
  const auto beginnings = [&](figure_interval interval, std::string_view from, std::string_view to) {
    std::vector<std::string> out;
    for (const auto& p :
         run_figures(*m.state, partitions, default_workspace, {run_figure::completed, interval, at(from), at(to)})) {
      CHECK(p.count == 0);
      out.push_back(to_rfc3339(p.at).substr(0, 16));
    }
    return out;
  };
  using texts = std::vector<std::string>;
  CHECK(beginnings(figure_interval::hour, "2026-05-01T01:59:59Z", "2026-05-01T03:00:00Z") ==
        texts{"2026-05-01T01:00", "2026-05-01T02:00", "2026-05-01T03:00"});
  CHECK(beginnings(figure_interval::day, "2026-05-01T23:00:00Z", "2026-05-02T00:00:00Z") ==
        texts{"2026-05-01T00:00", "2026-05-02T00:00"});
  CHECK(beginnings(figure_interval::week, "2026-05-01", "2026-05-11") ==
        texts{"2026-04-27T00:00", "2026-05-04T00:00", "2026-05-11T00:00"});
  CHECK(beginnings(figure_interval::day, "2026-05-01", "2026-05-25").size() == 25);
  CHECK(beginnings(figure_interval::week, "1970-01-01", "1970-01-01") == texts{"1969-12-29T00:00"});
}

SCENARIO("the cost of figures follows the points, not the history", "[runs][figures]") {
  run_model m{seed()};
  m.pipelines.push_back(pipeline_id{make_uuid7(from_ms(1), 0, 1)});
  m.workspaces.resize(1);
  const auto begin = at("2026-05-01T12:00:00Z");
  for (int i = 0; i < 20'000; ++i)
    m.move(m.make(begin + i * std::chrono::minutes{2}, run_status::running), run_status::succeeded);
  m.write();
  const counting_reader counting{*m.state};
  const auto found = run_figures(counting, partitions, default_workspace,
                                 {run_figure::started, figure_interval::day, begin, begin + std::chrono::days{27}});
  CHECK(found.size() == 28);
  CHECK(found[1].count == 720);
  CHECK(counting.visited < 28 + 2 * 24);
}
