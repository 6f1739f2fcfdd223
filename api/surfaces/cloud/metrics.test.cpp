#include "api/surfaces/cloud/metrics.hpp"

#include "api/test_front.hpp"

using namespace penstock;
using penstock::test::fake_operations;
using penstock::test::test_front;

namespace {

constexpr const char* example = "/v1/metrics?metric=jobs_completed&from=2026-05-01&to=2026-05-25&interval=day";

} // namespace

TEST_CASE("a metric is shown at the top level, with a summary over all points", "[cloud][metrics]") {
  test_front front;
  const auto first = *parse_rfc3339("2026-05-01");
  front.ops.figure_points = {{first, 142}, {first + std::chrono::days{1}, 0}, {first + std::chrono::days{2}, 3}};
  const auto r = front.ask(verb::get, example);
  REQUIRE(r.status() == 200);
  CHECK(r.at("metric") == "jobs_completed");
  CHECK(r.at("interval") == "day");
  CHECK(r.at("data.0.timestamp") == "2026-05-01T00:00:00.000Z");
  CHECK(r.at("data.0.value") == "142");
  CHECK(r.at("data.1.value") == "0");
  CHECK(r.at("summary.total") == "145");
  CHECK(r.at("summary.average").starts_with("48.33333"));
  CHECK(r.at("summary.peak") == "142");
}

TEST_CASE("few bytes are not rounded to nothing", "[cloud][metrics]") {
  test_front front;
  front.ops.figure_points = {{timestamp{}, 1}, {timestamp{}, 2'500'000'000}};
  const auto r = front.ask(verb::get, "/v1/metrics?metric=data_processed_gb&from=2026-05-01&to=2026-05-02");
  CHECK(r.json.find("data")->as_list()->at(0).find("value")->number() == 1e-9);
  CHECK(r.json.find("summary")->find("total")->number() == 2.500000001);
  CHECK(r.json.find("summary")->find("average")->number() == 2.500000001 / 2);
  CHECK(r.json.find("summary")->find("peak")->number() == 2.5);
}

TEST_CASE("a range is asked for as written: offsets, whole days, the default interval", "[cloud][metrics]") {
  test_front front;
  const auto& asked = front.ops.last_figures;
  front.ask(verb::get, example);
  CHECK(asked.what == run_figure::completed);
  CHECK(to_rfc3339(asked.from) == "2026-05-01T00:00:00.000Z");
  CHECK(to_rfc3339(asked.to) == "2026-05-25T23:59:59.999Z");
  front.ask(verb::get,
            "/v1/metrics?metric=pipeline_runs&from=2026-05-01T02:30:00%2B02:00&to=2026-05-01T05:00:00+02:00");
  CHECK(asked.what == run_figure::started);
  CHECK(asked.interval == figure_interval::day);
  CHECK(to_rfc3339(asked.from) == "2026-05-01T00:30:00.000Z");
  CHECK(to_rfc3339(asked.to) == "2026-05-01T03:00:00.000Z");
  front.ask(verb::get, "/v1/metrics?metric=jobs_failed&from=2026-05-01&to=2026-05-01&interval=hour");
  CHECK(asked.what == run_figure::failed);
  CHECK(asked.interval == figure_interval::hour);
  front.ask(verb::get, "/v1/metrics?metric=data_processed_gb&from=2026-05-01&to=2026-05-01&interval=week");
  CHECK(asked.what == run_figure::bytes);
  CHECK(asked.interval == figure_interval::week);
}

TEST_CASE("a wrong question names the field and what would be right", "[cloud][metrics]") {
  test_front front;
  const auto refused = [&](const std::string& query, const std::string& words) {
    const auto r = front.ask(verb::get, "/v1/metrics?" + query);
    INFO(query << " " << r.at("error.message"));
    CHECK(r.status() == 400);
    CHECK(r.at("error.code") == "BAD_REQUEST");
    CHECK(r.at("error.message").find(words) != std::string::npos);
  };
  const std::string range = "&from=2026-05-01&to=2026-05-02";
  refused("", "metric: is required and must be jobs_completed");
  refused("metric=jobs_completed", "from: is required");
  refused("metric=jobs_completed&from=2026-05-01", "to: is required");
  refused("metric=jobs" + range, "metric: must be jobs_completed");
  refused("metric=jobs_completed&interval=minute" + range, "interval: must be hour, day or week");
  refused("metric=jobs_completed&from=yesterday&to=2026-05-02", "from: must be a date");
  refused("metric=jobs_completed&from=2026-05-01T00:00:00&to=2026-05-02", "from: must be a date");
  refused("metric=jobs_completed&from=2026-05-02&to=2026-05-01", "to: must not be before from");
  refused("metric=jobs_completed&from=2000-01-01&to=2026-05-01&interval=hour", "interval: makes 230832 points");
  refused("metric=jobs_completed&from=2000-01-01&to=2026-05-01&interval=hour", "at most 10000");
  refused("metric=jobs_completed&from=0001-01-01&to=2026-05-01", "from: must be from 1970-01-01 to 2149-06-06");
  refused("metric=jobs_completed&from=2026-05-01&to=9999-12-31", "to: must be from 1970-01-01");
}

TEST_CASE("metrics need the scope read:metrics", "[cloud][metrics][auth]") {
  test_front front;
  front.key = fake_operations::reader_key;
  CHECK(front.ask(verb::get, example).at("error.code") == "FORBIDDEN");
  CHECK(front.ask(verb::post, "/v1/metrics").status() == 405);
}
