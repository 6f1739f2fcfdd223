#include "actors/core/delivery_core.hpp"
#include "actors/core/webhook_bench.hpp"
#include "storage/webhook_signature.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace penstock;
using penstock::test::webhook_bench;

namespace {

std::string header(const outbound_request& request, std::string_view name) {
  for (const auto& [known, v] : request.headers)
    if (known == name) return v;
  return {};
}

} // namespace

SCENARIO("an ended run is posted to who subscribed, signed, and not again after a success", "[webhook]") {
  webhook_bench b;
  b.add_endpoint("https://one.test/", {event_type::job_completed});
  b.add_endpoint("https://two.test/", {event_type::job_failed});
  const auto run = b.end_run();
  const auto sent = b.take();
  REQUIRE(sent.size() == 1);
  const auto& request = sent[0].request;
  CHECK(request.method == "POST");
  CHECK(request.url == "https://one.test/");
  CHECK(request.timeout == milliseconds{10'000});
  CHECK(request.body.find(R"("type":"job.completed","created_at":"2026-09-21T14:13:20.000Z","data":{"id":")" +
                          to_text(run) + R"("}})") != std::string::npos);
  const auto id = header(request, "webhook-id");
  CHECK(request.body.starts_with(R"({"id":")" + id + "\""));
  CHECK(id.starts_with("evt_"));
  CHECK(header(request, "webhook-timestamp") == "1790000000");
  CHECK(header(request, "X-GCS-Signature").starts_with("sha256="));
  CHECK(header(request, "webhook-signature").starts_with("v1,"));
  CHECK(header(request, "traceparent") == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  CHECK(b.pending_counter() == 1);

  b.answer(sent[0], 204);
  const auto record = b.delivery(sent[0].id);
  CHECK(record.status == delivery_status::delivered);
  REQUIRE(record.attempts.size() == 1);
  CHECK(record.attempts[0].response_status == 204);
  CHECK(record.attempts[0].latency_ms == 7);
  CHECK(record.attempts[0].error.empty());
  CHECK(b.pending() == 0);
  CHECK(b.pending_counter() == 0);
  b.pass(std::chrono::hours{24});
  CHECK(b.posted.empty());
}

SCENARIO("a cancelled run is no event, and nobody is told of another workspace's", "[webhook]") {
  webhook_bench b;
  const auto id = b.add_endpoint();
  b.end_run(run_status::cancelled);
  auto record = b.endpoint(id);
  b.registry.update([&](system_tables& t) { t.erase(id); });
  record.workspace = workspace_id{*parse_uuid("9c1f0e2a-1111-7222-8333-444455556666")};
  b.change(record);
  b.end_run();
  CHECK(b.posted.empty());
  CHECK(b.pending() == 0);
}

SCENARIO("a failure is tried again after about a second, each gap twice the last, five times at most", "[webhook]") {
  webhook_bench b;
  b.add_endpoint();
  b.end_run(run_status::failed);
  auto sent = b.take();
  const auto first = sent.at(0).request;
  double expected = 1'000;
  for (int retry = 1; retry <= 5; ++retry) {
    b.answer(sent.at(0), 500);
    const auto due = b.delivery(sent[0].id).next_at;
    REQUIRE(due);
    const auto gap = static_cast<double>((*due - b.clock).count());
    CHECK(gap >= expected * 0.9);
    CHECK(gap <= expected * 1.1);
    expected *= 2;
    b.pass(*due - b.clock - milliseconds{1});
    CHECK(b.posted.empty());
    b.pass(milliseconds{1});
    sent = b.take();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].request.body == first.body);
    CHECK(header(sent[0].request, "webhook-id") == header(first, "webhook-id"));
    CHECK(header(sent[0].request, "X-GCS-Signature") == header(first, "X-GCS-Signature"));
    // It covers the time, which is another one.
    CHECK(header(sent[0].request, "webhook-signature") != header(first, "webhook-signature"));
  }
  b.answer(sent.at(0), 500);
  CHECK(b.delivery(sent[0].id).status == delivery_status::failed);
  CHECK(b.delivery(sent[0].id).attempts.size() == 6);
  CHECK(b.pending() == 0);
  b.pass(std::chrono::hours{24});
  CHECK(b.posted.empty());
}

SCENARIO("an endpoint may say how often it is tried, and how soon", "[webhook]") {
  webhook_bench b;
  auto record = b.endpoint(b.add_endpoint());
  record.retries_max = 1;
  record.retry_delay_ms = 200;
  b.change(record);
  b.end_run();
  const auto sent = b.take();
  b.answer(sent.at(0), errc::timed_out);
  CHECK(b.delivery(sent[0].id).attempts[0].error == "it went wrong");
  b.pass(milliseconds{220});
  REQUIRE(b.posted.size() == 1);
  b.answer(b.take()[0], errc::io_failed);
  CHECK(b.delivery(sent[0].id).status == delivery_status::failed);
}

SCENARIO("Retry-After is honoured, in seconds or as a date, up to a bound", "[webhook]") {
  webhook_bench b;
  b.add_endpoint();
  b.end_run();
  const auto sent = b.take();
  const auto due_in = [&](const std::string& after) {
    b.answer(sent.at(0), 503, {{"retry-after", after}});
    const auto due = *b.delivery(sent[0].id).next_at - b.clock;
    b.pass(due);
    (void)b.take();
    return due;
  };
  CHECK(due_in("30") == milliseconds{30'000});
  CHECK(due_in("Mon, 21 Sep 2026 15:00:00 GMT") == from_ms(1'790'002'800'000) - from_ms(1'790'000'030'000));
  CHECK(due_in("99999999") == milliseconds{3'600'000});
  const auto own = due_in("0");
  CHECK((own >= milliseconds{7'200} && own <= milliseconds{8'800}));
}

SCENARIO("what is no time is not read as one", "[webhook]") {
  for (const auto* text : {"", "-1", "soon", "1.5", "1e3", "99999999999999999999", "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 31 Feb 2026 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT"})
    CHECK_FALSE(read_retry_after(text, timestamp{}));
  CHECK(read_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", from_ms(784'111'776'000)) == milliseconds{1'000});
  CHECK(read_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", from_ms(984'111'776'000)) == milliseconds{0});
}

SCENARIO("a redirect is a failure and is not followed", "[webhook]") {
  webhook_bench b;
  b.add_endpoint();
  b.end_run();
  const auto sent = b.take();
  b.answer(sent.at(0), 302, {{"location", "http://10.0.0.1/"}});
  CHECK(b.delivery(sent[0].id).status == delivery_status::pending);
  CHECK(b.delivery(sent[0].id).attempts[0].error.find("redirect") != std::string::npos);
}

SCENARIO("410 disables the endpoint and drops what waits for it", "[webhook]") {
  webhook_bench b;
  const auto id = b.add_endpoint();
  for (int i = 0; i < 300; ++i) b.end_run();
  const auto sent = b.take();
  REQUIRE(sent.size() == 4);
  b.answer(sent[0], 410);
  CHECK_FALSE(b.endpoint(id).enabled);
  CHECK(b.endpoint(id).disabled_because.find("410") != std::string::npos);
  CHECK(b.delivery(sent[0].id).status == delivery_status::dropped);
  CHECK(b.posted.empty());
  // Those under way may still arrive.
  b.answer(sent[1], 200);
  CHECK(b.delivery(sent[1].id).status == delivery_status::delivered);
  b.answer(sent[2], 500);
  CHECK(b.delivery(sent[2].id).status == delivery_status::dropped);
  b.answer(sent[3], errc::timed_out);
  CHECK(b.pending() == 0);
  CHECK(b.pending_counter() == 0);
  b.end_run();
  b.pass(std::chrono::hours{1});
  CHECK(b.posted.empty());
}

SCENARIO("an event of before a deletion that becomes durable after it is dropped, too", "[webhook]") {
  webhook_bench b;
  const auto id = b.add_endpoint();
  run_view run;
  run.record.id = run_id{make_uuid7(b.clock, 5, 1)};
  run.record.workspace = default_workspace;
  run.record.status = run_status::succeeded;
  proposal late;
  raise_run_events(
    b.around, run.record, [&] { return run; }, late);
  b.end_run();
  b.registry.update([&](system_tables& t) { t.erase(id); });
  b.core.registry_changed(b.clock);
  b.apply(late);
  b.work();
  for (const auto& s : b.take()) b.answer(s, 500);
  CHECK(b.pending() == 0);
  CHECK(b.posted.empty());
}

SCENARIO("a silent endpoint gets fewer at a time and delays no other", "[webhook]") {
  webhook_bench b;
  b.around.webhooks.in_flight_max = 8;
  std::vector<endpoint_id> silent;
  for (int i = 0; i < 30; ++i) silent.push_back(b.add_endpoint("https://silent.test/" + std::to_string(i)));
  for (int i = 0; i < 20; ++i) b.end_run();
  // Everyone gets one, whatever the others do.
  std::set<std::string> urls;
  for (const auto& s : b.posted) urls.insert(s.request.url);
  CHECK(urls.size() == 30);
  const auto hanging = b.take();
  b.add_endpoint("https://quick.test/");
  b.end_run();
  bool arrived = false;
  for (const auto& s : b.posted) arrived |= s.request.url == "https://quick.test/";
  CHECK(arrived);
}

SCENARIO("an endpoint that does not answer gets one at a time, one that does gets its share", "[webhook]") {
  webhook_bench b;
  auto record = b.endpoint(b.add_endpoint());
  record.retries_max = 20;
  b.change(record);
  for (int i = 0; i < 100; ++i) b.end_run();
  CHECK(b.posted.size() == 4);
  for (int round = 0; round < 3; ++round)
    for (const auto& s : b.take()) b.answer(s, errc::timed_out);
  CHECK(b.posted.size() == 1);
  for (int answered = 0; answered < 40;)
    for (const auto& s : b.take()) {
      b.answer(s, 200);
      ++answered;
    }
  CHECK(b.posted.size() == b.around.webhooks.in_flight_per_endpoint);
}

SCENARIO("what does not fit into memory waits in the store, and all of it arrives, once", "[webhook]") {
  webhook_bench b;
  b.around.webhooks.ready_per_endpoint = 8;
  b.add_endpoint();
  std::set<run_id> runs;
  for (int i = 0; i < 500; ++i) {
    runs.insert(b.end_run());
    b.clock += milliseconds{i % 3};
  }
  CHECK(b.core.figures().ready <= 8);
  std::set<std::string> bodies;
  std::size_t posts = 0;
  while (!b.posted.empty())
    for (const auto& s : b.take()) {
      ++posts;
      bodies.insert(s.request.body);
      // Every seventh fails once.
      b.answer(s, posts % 7 == 0 ? 500 : 200);
      if (b.posted.empty()) b.pass(milliseconds{40'000});
    }
  b.pass(milliseconds{100'000});
  while (!b.posted.empty())
    for (const auto& s : b.take()) b.answer(s, 200);
  CHECK(bodies.size() == runs.size());
  CHECK(posts < 600);
  CHECK(b.pending() == 0);
  CHECK(b.pending_counter() == 0);
}

SCENARIO("after a crash what was pending is sent again, at its time, and what was delivered is not", "[webhook]") {
  webhook_bench b;
  b.add_endpoint();
  b.end_run();
  b.end_run();
  b.end_run();
  const auto sent = b.take();
  b.answer(sent.at(0), 200);
  b.answer(sent.at(1), 500);
  delivery_core next{b.around, b};
  next.start(b.clock);
  auto again = b.take();
  REQUIRE(again.size() == 1);
  CHECK(again[0].id == sent[2].id);
  CHECK(again[0].request.body == sent[2].request.body);
  b.clock = *next.next_wake();
  CHECK(b.clock == *b.delivery(sent[1].id).next_at);
  next.wake(b.clock);
  again = b.take();
  REQUIRE(again.size() == 1);
  CHECK(again[0].id == sent[1].id);
}

SCENARIO("after a crash the pending deliveries of deleted endpoints are dropped", "[webhook]") {
  webhook_bench b;
  const auto id = b.add_endpoint();
  for (int i = 0; i < 450; ++i) b.end_run();
  (void)b.take();
  b.registry.update([&](system_tables& t) { t.erase(id); });
  b.core.start(b.clock);
  b.work();
  // Without those which the first core holds as under way.
  CHECK(b.posted.empty());
  CHECK(b.pending() == 0);
}

SCENARIO("an outcome that could not be stored is stored later, and the delivery is not sent meanwhile", "[webhook]") {
  webhook_bench b;
  b.add_endpoint();
  b.end_run();
  const auto sent = b.take();
  b.settle_fails = true;
  b.answer(sent.at(0), 200);
  CHECK(b.delivery(sent[0].id).status == delivery_status::pending);
  b.pass(milliseconds{5'000});
  b.settle_fails = false;
  b.pass(milliseconds{5'000});
  CHECK(b.posted.empty());
  CHECK(b.delivery(sent[0].id).status == delivery_status::delivered);
}

SCENARIO("while a secret is being replaced both sign the standard header, and take turns at the other", "[webhook]") {
  webhook_bench b;
  auto record = b.endpoint(b.add_endpoint());
  record.sealed_old_secret = record.sealed_secret;
  record.sealed_secret = b.seals.seal(place_of(record), "the new secret");
  record.old_secret_until = b.clock + milliseconds{60'000};
  b.change(record);
  b.end_run();
  const auto during = b.take();
  const auto both = header(during.at(0).request, "webhook-signature");
  CHECK(both.size() == 2 * 47 + 1);
  const auto by = [&](const std::string& secret, const outbound_request& request) {
    return header(request, "X-GCS-Signature") == "sha256=" + hex_signature(secret, request.body);
  };
  const auto old_secret = open_text(b.seals, place_of(record), record.sealed_old_secret);
  CHECK(by("the new secret", during[0].request));
  b.answer(during[0], 401);
  b.pass(milliseconds{5'000});
  const auto again = b.take();
  CHECK(by(old_secret, again.at(0).request));
  b.answer(again[0], 500);
  b.clock += milliseconds{60'000};
  b.core.wake(b.clock);
  const auto after = b.take();
  CHECK(header(after.at(0).request, "webhook-signature").size() == 47);
  CHECK(header(after[0].request, "X-GCS-Signature") == header(during[0].request, "X-GCS-Signature"));
}
