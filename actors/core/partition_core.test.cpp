#include "actors/core/partition_bench.hpp"

using namespace penstock;
using bench = partition_bench;

SCENARIO("neither a reply nor an effect goes before what it rests on is durable", "[partition]") {
  bench b;
  const auto id = b.make_pipeline();
  b.partition->submit(id.raw, pipeline_command{b.start_command()}, true);
  b.hand_over();
  CHECK(b.answers.empty());
  CHECK(b.offered.empty());
  b.sync();
  REQUIRE(b.answers.size() == 1);
  CHECK(b.answers[0]->run.record.status == run_status::running);
  CHECK(b.offered.size() == 1);
}

SCENARIO("a second command is decided on before the first is durable", "[partition]") {
  bench b;
  const auto id = b.make_pipeline();
  b.partition->submit(id.raw, pipeline_command{b.start_command()}, true);
  b.partition->submit(id.raw, pipeline_command{b.start_command()}, true);
  b.hand_over();
  CHECK(b.log.entries.size() == 2);
  b.sync();
  CHECK(b.answers.size() == 2);
  CHECK(b.answers[0]->run.record.id != b.answers[1]->run.record.id);
}

SCENARIO("beyond its limit a partition refuses clients at once, with nothing decided", "[partition]") {
  bench b;
  const auto id = b.make_pipeline();
  for (int i = 0; i < 6; ++i) b.partition->submit(id.raw, pipeline_command{b.start_command()}, true);
  REQUIRE(b.answers.size() == 2);
  CHECK(b.answers[0].error().code == errc::unavailable);
  CHECK(b.partition->figures().refused == 2);
  b.settle();
  CHECK(b.answers.size() == 6);
}

SCENARIO("a repeated request finds what the first one made, also before that is durable", "[partition][idempotency]") {
  bench b;
  const auto id = b.make_pipeline();
  b.partition->submit(id.raw, pipeline_command{b.start_command("once")}, true);
  b.partition->submit(id.raw, pipeline_command{b.start_command("once")}, true);
  b.settle();
  REQUIRE(b.answers.size() == 2);
  CHECK(b.answers[0]->run.record.id == b.answers[1]->run.record.id);
  CHECK_FALSE(b.answers[0]->replayed);
  CHECK(b.answers[1]->replayed);
  WHEN("the key comes with another request") {
    auto other = b.start_command("once");
    other.once.request_hash = "another";
    b.partition->submit(id.raw, pipeline_command{std::move(other)}, true);
    THEN("it is refused") { CHECK(b.answers.back().error().code == errc::key_reused); }
  }
  WHEN("a day has passed") {
    b.clock.advance(milliseconds{25 * 3600 * 1000});
    b.partition->submit(id.raw, pipeline_command{b.start_command("once")}, true);
    b.settle();
    THEN("it is a new request") { CHECK(b.answers.back()->run.record.id != b.answers[0]->run.record.id); }
  }
}

SCENARIO("when leadership is lost, who waits is told to try again and what was decided is void", "[partition]") {
  bench b;
  const auto id = b.make_pipeline();
  b.group.lost = true;
  b.partition->submit(id.raw, pipeline_command{b.start_command()}, true);
  b.settle();
  REQUIRE(b.answers.size() == 1);
  CHECK(b.answers[0].error().code == errc::unavailable);
  CHECK(b.entities.empty());
  b.group.lost = false;
  b.partition->submit(id.raw, pipeline_command{b.start_command()}, true);
  b.settle();
  CHECK(b.answers.back());
}

SCENARIO("a run leaves memory when it ends, a pipeline when it was idle for long", "[partition]") {
  bench b;
  const auto id = b.make_pipeline();
  b.partition->submit(id.raw, pipeline_command{b.start_command()}, true);
  b.settle();
  CHECK(b.partition->figures().entities == 2);
  CHECK(b.entities.size() == 1); // The run is no actor before somebody tells it something.
  attempt_ended ended;
  ended.result.ref = b.offered.at(0);
  b.partition->submit(ended.result.ref.run.raw, run_message{ended, {}, {}, {}}, false);
  CHECK(b.entities.size() == 2);
  b.settle();
  CHECK(b.partition->figures().entities == 1);
  CHECK(b.entities.size() == 1);
  b.clock.advance(milliseconds{1'500});
  b.partition->sweep();
  CHECK(b.entities.empty());
}

SCENARIO("a client that waits for the end gets it, or the run as it is when the time is up", "[partition]") {
  bench b;
  const auto id = b.make_pipeline();
  for (int i = 0; i < 2; ++i) {
    auto command = b.start_command();
    command.wait = milliseconds{1'000};
    b.partition->submit(id.raw, pipeline_command{std::move(command)}, true);
  }
  b.settle();
  CHECK(b.answers.empty());
  attempt_ended ended;
  ended.result.ref = b.offered.at(0);
  b.partition->submit(ended.result.ref.run.raw, run_message{ended, {}, {}, {}}, false);
  b.settle();
  REQUIRE(b.answers.size() == 1);
  CHECK(b.answers[0]->ended);
  CHECK(b.answers[0]->run.record.status == run_status::succeeded);
  b.clock.advance(milliseconds{1'001});
  b.partition->sweep();
  REQUIRE(b.answers.size() == 2);
  CHECK_FALSE(b.answers[1]->ended);
}

namespace {

/// What the audit log says, newest first.
std::vector<audit_entry> audit_of(const bench& b) {
  const auto page = read_audit(*b.state, 1, default_workspace, {}, 1'000, {});
  REQUIRE(page);
  return page->entries;
}

audit_note_ptr note(std::string object) {
  caller who;
  who.workspace = default_workspace;
  who.subject = "somebody";
  who.origin = {"a.change", "192.0.2.1", "request-1"};
  return note_of(who, std::move(object));
}

} // namespace

SCENARIO("a change and its entry in the audit log are one commit", "[partition][audit]") {
  bench b;
  const auto id = b.make_pipeline();
  CHECK(audit_of(b).empty());
  b.clock.set(start + milliseconds{70});
  b.partition->submit(id.raw, pipeline_command{b.start_command()}, true, note(to_text(id)));
  b.hand_over();
  CHECK(audit_of(b).empty());
  const auto entries_before = b.log.entries.size();
  CHECK(entries_before == 1);
  b.sync();
  const auto entries = audit_of(b);
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].at == start + milliseconds{70});
  const auto& what = entries[0].what;
  CHECK(what.subject == "somebody");
  CHECK(what.operation == "a.change");
  CHECK(what.object == to_text(id));
  CHECK(what.address == "192.0.2.1");
  CHECK(what.request_id == "request-1");
  CHECK(what.result == audit_ok);
  REQUIRE(b.answers.size() == 1);
  CHECK(what.made == b.answers[0]->run.record.id);
}

SCENARIO("a refusal, a loss and a repeated request leave no entry of a change", "[partition][audit]") {
  bench b;
  const auto id = b.make_pipeline();
  auto wrong = b.start_command();
  wrong.workspace = workspace_id{make_uuid7(start, 1, 1)};
  b.partition->submit(id.raw, pipeline_command{std::move(wrong)}, true, note("refused"));
  b.settle();
  CHECK(audit_of(b).empty());

  b.partition->submit(id.raw, pipeline_command{b.start_command("once")}, true, note("first"));
  b.partition->submit(id.raw, pipeline_command{b.start_command("once")}, true, note("while it is under way"));
  b.settle();
  b.partition->submit(id.raw, pipeline_command{b.start_command("once")}, true, note("later"));
  b.settle();
  REQUIRE(audit_of(b).size() == 1);
  CHECK(audit_of(b)[0].what.object == "first");

  b.group.lost = true;
  b.partition->submit(id.raw, pipeline_command{b.start_command()}, true, note("lost"));
  b.settle();
  CHECK(audit_of(b).size() == 1);
}

SCENARIO("entries of one instant do not overwrite each other, and come newest first", "[partition][audit]") {
  bench b;
  const auto id = b.make_pipeline();
  for (int i = 0; i < 5; ++i)
    b.partition->submit(id.raw, pipeline_command{b.start_command()}, false, note(std::to_string(i)));
  std::vector<audit_entry> refusals(3);
  for (std::size_t i = 0; i < refusals.size(); ++i) {
    refusals[i].workspace = default_workspace;
    refusals[i].at = start;
    refusals[i].what.object = "r" + std::to_string(i);
  }
  b.partition->submit(audit_ledger_of(1, 1), audit_command{keep_refusals{refusals}}, false);
  b.settle();
  std::vector<std::string> objects;
  for (const auto& entry : audit_of(b)) objects.push_back(entry.what.object);
  CHECK(objects == std::vector<std::string>{"r2", "r1", "r0", "4", "3", "2", "1", "0"});
}

SCENARIO("what an entry says of its request is of bounded length", "[audit]") {
  caller who;
  who.subject = std::string(audit_text_bytes_max - 1, 's') + "\xc3\xa9 and more";
  who.origin.operation = "a.change";
  const auto record = record_of(who, std::string(10'000, 'o'));
  CHECK(record.subject == std::string(audit_text_bytes_max - 1, 's'));
  CHECK(record.object.size() == audit_text_bytes_max);
  who.origin.operation.clear();
  CHECK_FALSE(note_of(who, "nobody asked"));
}

SCENARIO("items that wait for a worker hold nothing as large as their task", "[partition][for_each]") {
  bench b;
  constexpr std::size_t items = 1'000, large = 200'000;
  const auto id =
    b.make_pipeline("version: 1\ntasks: [{id: big, type: shell, for_each: 1000, secrets: ['{{ run.id }}'], "
                    "command: 'echo {{ item }} # " +
                    std::string(large, 'x') + "'}]\n");
  const auto before = ::mallinfo2().uordblks;
  b.partition->submit(id.raw, pipeline_command{b.start_command()}, true);
  b.settle();
  REQUIRE(b.requests.size() == items);
  CHECK(::mallinfo2().uordblks < before + 10 * items * 1'000);
  THEN("each is bound when it has its place, for itself") {
    attempt_fields fields;
    REQUIRE(b.requests[7]->bind(fields));
    CHECK(fields.config.find("command")->as_string()->starts_with("echo 7 # xxx"));
    CHECK(fields.secrets == std::vector<std::string>{to_text(b.requests[7]->ref.run)});
  }
}

SCENARIO("a task whose fields do not bind is offered, and says why when it is bound", "[partition]") {
  bench b;
  const auto id = b.make_pipeline("version: 1\nparameters: {big: {type: string, default: " + std::string(100'000, 'x') +
                                  "}}\ntasks: [{id: a, type: shell, secrets: [hidden], command: '" +
                                  [] {
                                    std::string many;
                                    for (int i = 0; i < 200; ++i) many += "{{ params.big }}";
                                    return many;
                                  }() +
                                  "'}]\n");
  b.partition->submit(id.raw, pipeline_command{b.start_command()}, true);
  b.settle();
  REQUIRE(b.requests.size() == 1);
  attempt_fields fields;
  const auto bound = b.requests[0]->bind(fields);
  REQUIRE_FALSE(bound);
  CHECK(bound.error().code == errc::too_large);
  CHECK(fields.secrets == std::vector<std::string>{"hidden"});
}

SCENARIO("who waits for a run's end no longer counts as under way, and holds up no repeat",
         "[partition][idempotency]") {
  bench b;
  const auto id = b.make_pipeline();
  const auto start_and_wait = [&](std::string once) {
    auto command = b.start_command(std::move(once));
    command.wait = milliseconds{1'000};
    b.partition->submit(id.raw, pipeline_command{std::move(command)}, true);
  };
  for (int i = 0; i < 3; ++i) start_and_wait("key-" + std::to_string(i));
  b.partition->submit(id.raw, pipeline_command{b.start_command("key-0")}, true);
  CHECK(b.partition->figures().commands_under_way == 3);
  CHECK(b.answers.empty());
  b.settle();
  CHECK(b.partition->figures().commands_under_way == 0);
  REQUIRE(b.answers.size() == 1);
  CHECK(b.answers[0]->replayed);
}

SCENARIO("a message that comes before a run's birth neither doubles the run nor keeps it in memory", "[partition]") {
  bench b;
  const auto id = b.make_pipeline();
  const run_id child{make_uuid7(start, 5, 99)};
  bool taken = false;
  const auto cancel = [&] {
    b.partition->submit(child.raw, run_message{cancel_run{"parent run"}, {}, {}, [&] { taken = true; }}, false);
  };
  auto command = b.start_command();
  command.id = child;
  const auto offers_of_child = [&] {
    return std::count_if(b.offered.begin(), b.offered.end(), [&](const auto& ref) { return ref.run == child; });
  };
  WHEN("the message was decided on before the birth is known") {
    cancel();
    auto early = std::exchange(b.decided, {});
    b.partition->submit(id.raw, pipeline_command{std::move(command)}, false);
    b.hand_over();
    b.decided = std::move(early);
    b.settle();
    // Whoever sent it keeps it.
    CHECK_FALSE(taken);
  }
  WHEN("its answer waits for the disk when the birth comes") {
    b.partition->submit(id.raw, pipeline_command{b.start_command()}, true);
    b.hand_over();
    cancel();
    b.hand_over();
    b.partition->submit(id.raw, pipeline_command{std::move(command)}, false);
    b.settle();
    CHECK(taken);
  }
  CHECK(offers_of_child() == 1);
  for (const auto& ref : b.offered) {
    attempt_ended ended;
    ended.result.ref = ref;
    b.partition->submit(ref.run.raw, run_message{ended, {}, {}, {}}, false);
  }
  b.settle();
  b.clock.advance(milliseconds{1'500});
  b.partition->sweep();
  CHECK(b.partition->figures().entities == 0);
  CHECK(b.entities.empty());
}

SCENARIO("a parent that asks for a child again learns how it ended", "[partition][children]") {
  bench b;
  const auto id = b.make_pipeline();
  const run_id parent{make_uuid7(start, 5, 98)};
  const ask_child ask{parent, default_workspace, start_child{3, 4, run_id{make_uuid7(start, 5, 99)}, id, {}}, {}};
  std::vector<std::optional<child_ended>> told;
  const auto ask_now = [&] {
    auto asked = ask;
    auto command = start_of_child(asked);
    command.done = [&](const result<started_run>& answer) { told.push_back(end_of_child(ask, answer)); };
    b.partition->submit(id.raw, pipeline_command{std::move(command)}, false);
    b.settle();
  };
  ask_now();
  ask_now();
  CHECK(b.offered.size() == 1);
  CHECK(std::none_of(told.begin(), told.end(), [](const auto& t) { return t.has_value(); }));
  attempt_ended ended;
  ended.result.ref = b.offered.at(0);
  ended.result.outcome = attempt_outcome::failed;
  ended.result.why = {errc::task_failed, "broke", {}};
  b.partition->submit(ended.result.ref.run.raw, run_message{ended, {}, {}, {}}, false);
  b.settle();
  ask_now();
  REQUIRE(told.size() == 3);
  REQUIRE(told[2]);
  CHECK(told[2]->child == ask.what->child);
  CHECK(told[2]->task == 3);
  CHECK(told[2]->item == 4);
  CHECK(told[2]->status == run_status::failed);
  CHECK(told[2]->message == "task a: broke");
}
