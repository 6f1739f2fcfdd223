#include "runtime/calendar/catch_up.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace penstock;

namespace {

timestamp at(std::string_view text) { return parse_rfc3339(text).value(); }

schedule_rule rule(std::string_view cron) {
  schedule_rule out;
  out.cron = parse_cron(cron).value();
  return out;
}

using texts = std::vector<std::string>;

texts due(const catch_up_step& step) {
  texts out;
  for (const auto t : step.due) out.push_back(to_rfc3339(t).substr(5, 11));
  return out;
}

catch_up_step step(std::string_view cron, std::string_view decided, std::string_view now, catchup_strategy strategy,
                   std::size_t n = catch_up_step_max) {
  return catch_up(rule(cron),
                  {.decided_until = at(decided), .now = at(now), .strategy = strategy, .latest_n = n, .limit = n});
}

constexpr auto skip = catchup_strategy::skip_to_current;
constexpr auto all = catchup_strategy::run_all;
constexpr auto latest = catchup_strategy::run_latest;

} // namespace

TEST_CASE("what is due now fires under every strategy", "[catch_up]") {
  for (const auto strategy : {skip, all, latest}) {
    for (const auto* now : {"2026-11-22T10:00:00Z", "2026-11-22T10:00:00.020Z", "2026-11-22T10:00:59.999Z"}) {
      const auto s = step("0 * * * *", "2026-11-22T09:00:00Z", now, strategy);
      CHECK(due(s) == texts{"11-22T10:00"});
      CHECK_FALSE(s.dropped);
      CHECK_FALSE(s.more);
      CHECK(s.decided_until == at(now));
      CHECK(s.next == at("2026-11-22T11:00:00Z"));
    }
  }
}

TEST_CASE("nothing is due before its time, nor twice", "[catch_up]") {
  for (const auto strategy : {skip, all, latest}) {
    const auto early = step("0 * * * *", "2026-11-22T09:00:00Z", "2026-11-22T09:59:59.999Z", strategy);
    CHECK(early.due.empty());
    CHECK_FALSE(early.dropped);
    CHECK(early.next == at("2026-11-22T10:00:00Z"));
    const auto again = step("0 * * * *", "2026-11-22T10:00:00Z", "2026-11-22T10:00:10Z", strategy);
    CHECK(again.due.empty());
    CHECK(again.next == at("2026-11-22T11:00:00Z"));
  }
}

TEST_CASE("a clock that is behind decides nothing again", "[catch_up]") {
  const auto s = step("0 * * * *", "2026-11-22T10:00:00Z", "2026-11-22T08:00:00Z", all);
  CHECK(s.due.empty());
  CHECK(s.decided_until == at("2026-11-22T10:00:00Z"));
  CHECK(s.next == at("2026-11-22T11:00:00Z"));
}

TEST_CASE("SKIP_TO_CURRENT drops what was missed", "[catch_up]") {
  const auto s = step("0 * * * *", "2026-11-22T05:00:00Z", "2026-11-22T10:30:00Z", skip);
  CHECK(s.due.empty());
  CHECK(s.dropped);
  CHECK(s.decided_until == at("2026-11-22T10:30:00Z"));
  CHECK(s.next == at("2026-11-22T11:00:00Z"));
  // Late by a minute is missed.
  CHECK(step("0 * * * *", "2026-11-22T09:00:00Z", "2026-11-22T10:01:00Z", skip).due.empty());
}

TEST_CASE("SKIP_TO_CURRENT fires what is merely late", "[catch_up]") {
  const auto s = step("* * * * *", "2026-11-22T05:00:00Z", "2026-11-22T10:30:30Z", skip);
  CHECK(due(s) == texts{"11-22T10:30"});
  CHECK(s.dropped);
  CHECK(s.next == at("2026-11-22T10:31:00Z"));
}

TEST_CASE("RUN_ALL fires everything, in steps", "[catch_up]") {
  auto s = step("0 * * * *", "2026-11-22T05:00:00Z", "2026-11-22T10:30:00Z", all, 3);
  CHECK(due(s) == texts{"11-22T06:00", "11-22T07:00", "11-22T08:00"});
  CHECK(s.more);
  CHECK_FALSE(s.dropped);
  CHECK(s.decided_until == at("2026-11-22T08:00:00Z"));
  CHECK(s.next == at("2026-11-22T09:00:00Z"));
  s = catch_up(rule("0 * * * *"),
               {.decided_until = s.decided_until, .now = at("2026-11-22T10:30:00Z"), .strategy = all, .limit = 3});
  CHECK(due(s) == texts{"11-22T09:00", "11-22T10:00"});
  CHECK_FALSE(s.more);
  CHECK(s.decided_until == at("2026-11-22T10:30:00Z"));
  CHECK(s.next == at("2026-11-22T11:00:00Z"));
}

TEST_CASE("a step that ends with the last one has no more", "[catch_up]") {
  const auto s = step("0 * * * *", "2026-11-22T07:00:00Z", "2026-11-22T10:30:00Z", all, 3);
  CHECK(s.due.size() == 3);
  CHECK_FALSE(s.more);
  CHECK(s.decided_until == at("2026-11-22T10:30:00Z"));
}

TEST_CASE("a step decides at most a thousand", "[catch_up]") {
  const auto s = step("* * * * *", "2020-01-01T00:00:00Z", "2026-11-22T10:30:00Z", all, 1'000'000);
  CHECK(s.due.size() == catch_up_step_max);
  CHECK(s.more);
  CHECK(step("* * * * *", "2020-01-01T00:00:00Z", "2026-11-22T10:30:00Z", latest, 1'000'000).due.size() ==
        catch_up_step_max);
  CHECK(step("* * * * *", "2020-01-01T00:00:00Z", "2026-11-22T10:30:00Z", all, 0).due.size() == 1);
}

TEST_CASE("RUN_LATEST_N fires the newest", "[catch_up]") {
  auto s = step("0 * * * *", "2026-11-22T05:00:00Z", "2026-11-22T10:30:00Z", latest, 2);
  CHECK(due(s) == texts{"11-22T09:00", "11-22T10:00"});
  CHECK(s.dropped);
  CHECK_FALSE(s.more);
  CHECK(s.decided_until == at("2026-11-22T10:30:00Z"));
  s = step("0 * * * *", "2026-11-22T05:00:00Z", "2026-11-22T10:30:00Z", latest, 9);
  CHECK(due(s) == texts{"11-22T06:00", "11-22T07:00", "11-22T08:00", "11-22T09:00", "11-22T10:00"});
  CHECK_FALSE(s.dropped);
}

TEST_CASE("restrictions hold for what was missed as well", "[catch_up]") {
  auto r = rule("0 12 * * *");
  r.business_days_only = true;
  for (const auto strategy : {all, latest}) {
    const auto s = catch_up(r, {.decided_until = at("2026-11-19T12:00:00Z"),
                                .now = at("2026-11-24T00:00:00Z"),
                                .strategy = strategy,
                                .latest_n = 10});
    CHECK(due(s) == texts{"11-20T12:00", "11-23T12:00"});
  }
}

TEST_CASE("a rule that fires no more has no next instant", "[catch_up]") {
  auto r = rule("0 12 * * SUN");
  r.business_days_only = true;
  const auto s = catch_up(r, {.decided_until = at("2026-11-19T12:00:00Z"), .now = at("2026-11-24T00:00:00Z")});
  CHECK(s.due.empty());
  CHECK_FALSE(s.next.has_value());
  CHECK(s.decided_until == at("2026-11-24T00:00:00Z"));
}
