#include "runtime/engines/shell_engine.hpp"

#include "runtime/engines/child_modes.hpp"
#include "runtime/engines/testing.hpp"
#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

using namespace penstock;
namespace fs = std::filesystem;

TEST_CASE("a command's output goes to the log", "[engines][shell]") {
  engine_fixture f;
  const auto result = f.run(task_type::shell, R"({"command": "echo one; echo two >&2; printf three"})");
  CHECK(result.outcome == attempt_outcome::succeeded);
  CHECK(result.artifacts.empty());
  CHECK(result.started_at <= result.ended_at);
  const std::string text = f.log->text();
  CHECK(text.find("one\n") != std::string::npos);
  CHECK(text.find("two\n") != std::string::npos);
  CHECK(text.find("three\n") != std::string::npos);
}

TEST_CASE("a command that fails says how and quotes its last words", "[engines][shell]") {
  engine_fixture f;
  auto result = f.run(task_type::shell, R"({"command": "echo first >&2; echo 'no such table' >&2; exit 3"})");
  CHECK(result.outcome == attempt_outcome::failed);
  CHECK(result.why.code == errc::task_failed);
  CHECK(result.why.message == "The command exited with code 3: no such table");
  CHECK(result.retryable);
  result = f.run(task_type::shell, R"({"command": "kill -9 $$"})");
  CHECK(result.why.message == "The command was killed by signal 9 (Killed)");
  result = f.run(task_type::shell, R"({"command": ""})");
  CHECK(result.why.code == errc::invalid_argument);
  CHECK_FALSE(result.retryable);
}

TEST_CASE("a command gets no right to real time from the server's", "[engines][shell]") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_RTPRIO, &before) == 0);
  const rlimit some{1, std::max<rlim_t>(1, before.rlim_max)};
  if (::setrlimit(RLIMIT_RTPRIO, &some) != 0) {
    WARN("not tested: this process may not give itself the right");
    return;
  }
  engine_fixture f;
  CHECK(f.run(task_type::shell, R"({"command": "ulimit -Hr"})").outcome == attempt_outcome::succeeded);
  CHECK(f.log->text().find("0\n") != std::string::npos);
  (void)::setrlimit(RLIMIT_RTPRIO, &before);
}

TEST_CASE("a failing command before the last does not fail the task, as with sh -c", "[engines][shell]") {
  engine_fixture f;
  CHECK(f.run(task_type::shell, R"({"command": "false; true"})").outcome == attempt_outcome::succeeded);
}

TEST_CASE("secrets are masked in the error", "[engines][shell][secret]") {
  engine_fixture f;
  auto request = f.request(task_type::shell,
                           R"({"command": "echo \"bad password $WORD\" >&2; exit 1", "env": {"WORD": "hunter2"}})");
  request.fields.secrets = {"hunter2"};
  CHECK(f.run(request).why.message == "The command exited with code 1: bad password ***");
}

TEST_CASE("a command's environment is its own", "[engines][shell][secret]") {
  ::setenv("PENSTOCK_MASTER_KEY", "canary-77aa", 1);
  engine_fixture f;
  auto request = f.request(task_type::shell,
                           R"({"command": "env; cat /proc/*/environ", "env": {"LIMIT": "5", "LANG": "C"}})", "my-task");
  request.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const std::string run = to_text(request.ref.run);
  (void)f.run(std::move(request));
  ::unsetenv("PENSTOCK_MASTER_KEY");
  const std::string text = f.log->text();
  for (const std::string& line : {std::string("LIMIT=5"), std::string("LANG=C"), "PENSTOCK_RUN_ID=" + run,
                                  std::string("PENSTOCK_TASK_ID=my-task"), std::string("PENSTOCK_ATTEMPT=1"),
                                  std::string("TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")}) {
    CAPTURE(line);
    CHECK(text.find(line + "\n") != std::string::npos);
  }
  CHECK(text.find("canary-77aa") == std::string::npos);
  CHECK(text.find("MASTER_KEY") == std::string::npos);
}

TEST_CASE("only a command of an item is told a number of one", "[engines][shell]") {
  engine_fixture f;
  auto request = f.request(task_type::shell, R"({"command": "env"})");
  request.ref.item = UINT32_MAX; // As the worker gives it for a task without for_each.
  CHECK(f.run(request).outcome == attempt_outcome::succeeded);
  CHECK_THAT(f.log->text(), !Catch::Contains("PENSTOCK_ITEM"));
  request.ref.item = 7;
  CHECK(f.run(request).outcome == attempt_outcome::succeeded);
  CHECK_THAT(f.log->text(), Catch::Contains("PENSTOCK_ITEM=7\n"));
}

TEST_CASE("a command cannot reach the server's data", "[engines][shell][secret]") {
  engine_fixture f;
  const auto result = f.run(task_type::shell, R"({"command": "ls -A )" + f.settings.data_dir + R"("})");
  CHECK(result.outcome == attempt_outcome::succeeded);
  CHECK(f.log->text() == "work\n");
}

TEST_CASE("a command's csv output becomes a table", "[engines][shell][table]") {
  engine_fixture f;
  auto request = f.request(
    task_type::shell,
    R"({"command": "printf 'a,1\nb,2\n\"c, d\",3\n'", "output": {"format": "csv", "columns": ["name", "n"]}})");
  const auto result = f.run(request);
  INFO(result.why.message);
  REQUIRE(result.outcome == attempt_outcome::succeeded);
  CHECK(result.rows == 3);
  REQUIRE(result.artifacts.size() == 1);
  CHECK(result.artifacts[0].path == request.artifact_path);
  CHECK(result.artifacts[0].format == "parquet");
  CHECK(result.artifacts[0].rows == 3);
  CHECK(result.artifacts[0].hash.size() == 64);
  CHECK(result.artifacts[0].bytes == std::filesystem::file_size(request.artifact_file));
  CHECK(result.bytes == result.artifacts[0].bytes);
  CHECK(write_json(f.rows_of("select name, sum(n) n from task group by 1 order by 1", {f.table(request)})) ==
        R"([{"name":"a","n":1},{"name":"b","n":2},{"name":"c, d","n":3}])");
}

TEST_CASE("csv whose lines differ is refused with the line, and loses none", "[engines][shell][table][csv]") {
  engine_fixture f;
  const auto told = [&](const std::string& printed, const std::string& more = "") {
    auto request = f.request(task_type::shell, "{}");
    request.fields.config = read_json(R"({"output": {"format": "csv")" + more + "}}").value();
    request.fields.config.set("command", "printf '" + printed + "'");
    const auto result = f.run(request);
    if (result.outcome == attempt_outcome::succeeded) return write_json(f.rows_of("from task", {f.table(request)}));
    return result.why.message;
  };
  CHECK(told("a,b\\n1,2,3\\n") == "Line 2 of the command's output has 3 fields where the heading has 2.");
  CHECK(told("a,b\\n1,2\\n3,4,5\\n") == "Line 3 of the command's output has 3 fields where the heading has 2.");
  CHECK(told("a,b,c\\n1,2\\n3,4,5\\n") == "Line 2 of the command's output has 2 fields where the heading has 3.");
  CHECK(told("\\n\\na,b\\n1,2\\n3\\n") == "Line 5 of the command's output has 1 field where the heading has 2.");
  CHECK(told("a,b\\n1,2\\n3\\n", R"(, "header": false)") ==
        "Line 3 of the command's output has 1 field where the first line has 2.");
  CHECK(told("1,2\\n3,4,5\\n", R"(, "columns": {"a": "INTEGER", "b": "INTEGER"})") ==
        "Line 2 of the command's output has 3 fields where 'columns' names 2.");
  CHECK(told("1,2\\n3,4\\n", R"(, "columns": ["a", "b", "c"])") ==
        "Line 1 of the command's output has 2 fields where 'columns' names 3.");
  CHECK(told("1,2\\n", R"(, "columns": ["a"])") == R"([{"a":1,"column1":2}])");
  CHECK(told("a,b\\n1,\"x\\n") ==
        "Line 2 of the command's output cannot be read as CSV: Value with unterminated quote found.");
  CHECK(told("a,b\\n1,2\\nx,4\\n", R"(, "header": true, "columns": {"a": "INTEGER", "b": "INTEGER"})") ==
        "Line 3 of the command's output cannot be read as CSV: Error when converting column \"a\". Could not convert "
        "string \"x\" to 'INTEGER'.");
  CHECK(told("a,\"b\\nc\"\\n1,2,3\\n") == "The lines of the command's output are no CSV with one number of fields.");
  // What is guessed otherwise to be a comment, or to stand before the table.
  CHECK(told("a,b\\n#x,1\\n") == R"([{"a":"#x","b":1}])");
  CHECK(told("\\na,b\\nx,y\\n") == R"([{"a":"x","b":"y"}])");
  CHECK(told(" \\r\\n\\r\\na,b\\r\\nx,y\\r\\n") == R"([{"a":"x","b":"y"}])");
  CHECK(told("a,b\\n1,2\\n\\n3,4\\n\\n") == R"([{"a":1,"b":2},{"a":3,"b":4}])");
  CHECK(told("a,b\\n") == "[]");
}

TEST_CASE("a command that prints more than is read as a table is ended, and the error says so",
          "[engines][shell][table][limit]") {
  engine_settings settings;
  settings.output_bytes_max = 1u << 20;
  settings.kill_grace_ms = 60'000; // Not waited for.
  engine_fixture f{settings};
  const std::string output = R"(, "output": {"format": "csv", "columns": ["a"]}})";
  const std::string right = "The command printed more than 1048576 bytes of output, the most this server reads as a "
                            "table (--max-output).";
  // One that goes on until it is killed, and one that is over before anybody looked.
  for (const std::string command : {"trap '' TERM; yes", "head -c 2000000 /dev/zero"}) {
    CAPTURE(command);
    auto request = f.request(task_type::shell, R"({"command": ")" + command + "\"" + output);
    const auto result = f.run(request);
    CHECK(result.outcome == attempt_outcome::failed);
    CHECK(result.why.code == errc::too_large);
    CHECK(result.why.message == right);
    CHECK_FALSE(result.retryable);
  }
  CHECK(f.run(task_type::shell, R"({"command": "yes | head -c 1048576")" + output).rows == 524'288);
  // What goes to the log has the log's limit.
  CHECK(f.run(task_type::shell, R"({"command": "head -c 2000000 /dev/zero"})").outcome == attempt_outcome::succeeded);
}

TEST_CASE("a command's processes have the memory the server gives them", "[engines][shell][limit]") {
  const std::string command = R"({"command": "dd if=/dev/zero of=/dev/null bs=300M count=1"})";
  engine_settings settings;
  settings.task_memory_bytes = 100u << 20;
  engine_fixture f{settings};
  const auto result = f.run(task_type::shell, command);
  CHECK(result.outcome == attempt_outcome::failed);
  CHECK_THAT(result.why.message, Catch::Contains("exited with code 1: dd: memory exhausted"));
  CHECK(f.run(task_type::shell, R"({"command": "dd if=/dev/zero of=/dev/null bs=30M count=1"})").outcome ==
        attempt_outcome::succeeded);
  CHECK(engine_fixture{}.run(task_type::shell, command).outcome == attempt_outcome::succeeded);
}

TEST_CASE("an output without rows is a table without rows", "[engines][shell][table]") {
  engine_fixture f;
  auto request =
    f.request(task_type::shell, R"({"command": "true", "output": {"format": "csv", "columns": ["a", "b"]}})");
  const auto result = f.run(request);
  INFO(result.why.message);
  REQUIRE(result.outcome == attempt_outcome::succeeded);
  CHECK(result.rows == 0);
  REQUIRE(result.artifacts.size() == 1);
  CHECK(write_json(f.rows_of("select count(*) n, count(a) a from task", {f.table(request)})) == R"([{"n":0,"a":0}])");
}

TEST_CASE("json lines, headers and types are read as told", "[engines][shell][table]") {
  engine_fixture f;
  auto lines =
    f.request(task_type::shell,
              R"({"command": "echo '{\"a\":1}'; echo '{\"a\":2,\"b\":\"x\"}'", "output": {"format": "jsonl"}})");
  CHECK(f.run(lines).rows == 2);
  CHECK(write_json(f.rows_of("select * from task order by a", {f.table(lines)})) ==
        R"([{"a":1,"b":null},{"a":2,"b":"x"}])");
  auto header =
    f.request(task_type::shell, R"({"command": "printf 'a;b\n1;2\n'", "output": {"format": "csv", "delimiter": ";"}})");
  CHECK(f.run(header).rows == 1);
  CHECK(write_json(f.rows_of("select * from task", {f.table(header)})) == R"([{"a":1,"b":2}])");
  auto typed = f.request(
    task_type::shell,
    R"({"command": "printf '007,2\n'", "output": {"format": "csv", "columns": {"code": "VARCHAR", "n": "DOUBLE"}}})");
  CHECK(f.run(typed).rows == 1);
  CHECK(write_json(f.rows_of("select * from task", {f.table(typed)})) == R"([{"code":"007","n":2.0}])");
}

TEST_CASE("an output that cannot be read as told fails the task", "[engines][shell][table]") {
  engine_fixture f;
  auto result = f.run(task_type::shell, R"({"command": "echo '{broken'", "output": {"format": "jsonl"}})");
  CHECK(result.outcome == attempt_outcome::failed);
  CHECK_FALSE(result.why.message.empty());
  result = f.run(task_type::shell, R"({"command": "true", "output": {"format": "xml"}})");
  CHECK(result.why.code == errc::invalid_argument);
  CHECK_FALSE(result.retryable);
}

TEST_CASE("a command finds its inputs as Parquet files", "[engines][shell][table]") {
  engine_fixture f;
  auto made = f.request(task_type::sql, R"({"sql": "select 42 answer"})", "up-stream");
  REQUIRE(f.run(made).outcome == attempt_outcome::succeeded);
  auto request = f.request(task_type::shell,
                           R"({"command": "head -c 4 $PENSTOCK_INPUT_UP_STREAM; rm -f $PENSTOCK_INPUT_UP_STREAM"})");
  request.fields.inputs = {f.table(made)};
  CHECK(f.run(request).outcome == attempt_outcome::failed); // Read-only where namespaces are allowed, so rm fails.
  CHECK(f.log->text().find("PAR1") != std::string::npos);
  CHECK(std::filesystem::exists(made.artifact_file));
}

TEST_CASE("a check of a command's output decides", "[engines][shell][check]") {
  engine_fixture f;
  auto request = f.request(task_type::shell, R"({"command": "echo 1", "output": {"format": "csv", "columns": ["n"]}})");
  request.fields.checks = {{"large", "select max(n) > 5, max(n) from task"}};
  const auto result = f.run(request);
  CHECK(result.outcome == attempt_outcome::failed);
  CHECK(result.why.message == "The check 'large' failed: its query returned false, 1.");
  CHECK_FALSE(result.retryable);
}

TEST_CASE("a command is cancelled with everything below it", "[engines][shell][kill]") {
  engine_fixture f;
  awaited_result awaited;
  auto request = f.request(task_type::shell, R"({"command": "echo started; sleep 86399 & wait"})");
  const auto ref = request.ref;
  f.engines->start(std::move(request), awaited.callback());
  REQUIRE(eventually([&] { return f.log->text() == "started\n"; }));
  f.engines->cancel(ref);
  const auto result = awaited.wait();
  CHECK(result.outcome == attempt_outcome::cancelled);
  CHECK(result.ref == ref);
  f.engines->cancel(ref); // Nothing is there any more.
}

TEST_CASE("a command that takes too long is stopped, and the message says the limit", "[engines][shell][kill]") {
  engine_fixture f;
  auto request = f.request(task_type::shell, R"({"command": "sleep 86398"})");
  request.timeout_ms = 150;
  const auto result = f.run(request);
  CHECK(result.outcome == attempt_outcome::failed);
  CHECK(result.why.code == errc::timed_out);
  CHECK(result.why.message == "The command was stopped because it took longer than its limit of 150 ms.");
  CHECK(result.retryable);
}

TEST_CASE("commands beyond the places wait, and can be cancelled there", "[engines][shell]") {
  engine_settings settings;
  settings.processes_max = 1;
  engine_fixture f(settings);
  CHECK(f.engines->can_start(task_type::shell));
  awaited_result first, second;
  auto one = f.request(task_type::shell, R"({"command": "sleep 86397"})");
  auto two = f.request(task_type::shell, R"({"command": "true"})");
  const auto one_ref = one.ref, two_ref = two.ref;
  f.engines->start(std::move(one), first.callback());
  f.engines->start(std::move(two), second.callback());
  CHECK_FALSE(f.engines->can_start(task_type::shell));
  CHECK_FALSE(f.engines->can_start(task_type::sql));
  CHECK(f.engines->can_start(task_type::http));
  f.engines->cancel(two_ref);
  CHECK(second.wait().outcome == attempt_outcome::cancelled);
  CHECK_FALSE(first.is_there());
  f.engines->cancel(one_ref);
  CHECK(first.wait().outcome == attempt_outcome::cancelled);
  CHECK(f.run(task_type::shell, R"({"command": "true"})").outcome == attempt_outcome::succeeded);
}

TEST_CASE("commands wait by priority, and workspaces take turns", "[engines][shell]") {
  engine_settings settings;
  settings.processes_max = 1;
  engine_fixture f(settings);
  awaited_result blocking;
  auto blocker = f.request(task_type::shell, R"({"command": "sleep 86395"})");
  const auto blocker_ref = blocker.ref;
  f.engines->start(std::move(blocker), blocking.callback());

  std::mutex mutex;
  std::string order;
  const auto start = [&](char name, std::uint8_t workspace, task_priority priority, bool own = false) {
    auto request = f.request(task_type::shell, R"({"command": "true"})");
    request.workspace.raw.bytes[15] = workspace;
    request.priority = priority;
    request.task.priority_given = own;
    request.ref.run.raw.bytes[0] = static_cast<std::uint8_t>(name);
    const auto run = request.ref.run;
    f.engines->start(std::move(request), [&, name](const attempt_result&) {
      const std::lock_guard lock(mutex);
      order += name;
    });
    return run;
  };
  const auto low = start('l', 1, task_priority::low);
  const auto own = start('o', 1, task_priority::low, true);
  for (const char name : {'1', '2', '3'}) start(name, 1, task_priority::normal);
  start('b', 2, task_priority::normal);
  start('h', 1, task_priority::high);
  CHECK(f.engines->waiting() == counts_by_priority{1, 4, 2});
  // A run's new priority does not count for a task that has one of its own.
  f.engines->set_priority(low, task_priority::high);
  f.engines->set_priority(own, task_priority::high);
  CHECK(f.engines->waiting() == counts_by_priority{2, 4, 1});
  f.engines->cancel(blocker_ref);
  CHECK(eventually([&] {
    const std::lock_guard lock(mutex);
    return order.size() == 7;
  }));
  CHECK(order == "hl1b23o");
  CHECK(f.engines->waiting() == counts_by_priority{});
}

TEST_CASE("destroying the engines ends what runs and tells", "[engines][shell][kill]") {
  awaited_result awaited;
  {
    engine_fixture f;
    f.engines->start(f.request(task_type::shell, R"({"command": "sleep 86396"})"), awaited.callback());
  }
  CHECK(awaited.wait().outcome == attempt_outcome::cancelled);
}

TEST_CASE("a command sees the files of its workspace and of no other", "[engines][shell]") {
  if (!can_confine_tasks(child_program())) {
    WARN("not tested: this system forbids namespaces");
    return;
  }
  for (const std::string place : {"data/files", "files"}) {
    INFO(place);
    engine_settings settings;
    settings.files_dir = place;
    engine_fixture f(settings);
    const workspace_id other{make_uuid7(from_ms(5), 1, 2)};
    const auto others = files_directory_of(f.settings.files_dir, other);
    fs::create_directories(others);
    for (const auto& dir : {f.files(), others}) std::ofstream(dir + "/in_" + fs::path(dir).filename().string()) << "x";
    const auto listed = [&](workspace_id workspace) {
      auto request = f.request(task_type::shell, R"({"command": "find $FILES -type f 2>/dev/null || true"})");
      request.fields.config.set("env", value::object{{"FILES", f.settings.files_dir}});
      request.workspace = workspace;
      const auto log = std::make_shared<collecting_log>();
      request.log = log;
      REQUIRE(f.run(std::move(request)).outcome == attempt_outcome::succeeded);
      return log->text();
    };
    CHECK(listed(default_workspace) == f.files() + "/in_default\n");
    CHECK(listed(other) == others + "/in_" + to_text(other) + "\n");
    CHECK(listed(workspace_id{make_uuid7(from_ms(6), 1, 2)}).empty());
  }
}

TEST_CASE("a file that grows too large ends the command", "[engines][shell]") {
  engine_settings settings;
  settings.task_file_bytes = 1u << 20;
  engine_fixture f(settings);
  const auto result = f.run(task_type::shell, R"({"command": "head -c 3000000 /dev/zero > large"})");
  CHECK(result.outcome == attempt_outcome::failed);
  CHECK(result.why.message.find("a file may have 1048576 bytes at most (--task-file-size)") != std::string::npos);
}

TEST_CASE("commands and SQL end when the disk's reserve is touched", "[engines][shell][sql]") {
  engine_settings settings;
  settings.disk_free_min = 1ull << 62;
  engine_fixture f(settings);
  for (const auto& result : {f.run(task_type::shell, R"({"command": "sleep 20"})"),
                             f.run(task_type::sql, R"sql({"sql": "select count(*) from range(100000000000)"})sql")}) {
    CHECK(result.outcome == attempt_outcome::failed);
    CHECK(result.why.code == errc::io_failed);
    CHECK(result.why.message.find("was stopped: less than") != std::string::npos);
    CHECK(result.why.message.find("(--min-free-disk)") != std::string::npos);
    CHECK(result.retryable);
  }
}

TEST_CASE("where commands cannot be confined, they can be refused", "[engines][shell]") {
  CHECK_FALSE(can_confine_tasks("/bin/false"));
  CHECK_FALSE(can_confine_tasks("/no/such/program"));
  engine_settings settings;
  settings.can_confine = false;
  CHECK(engine_fixture(settings).run(task_type::shell, R"({"command": "true"})").outcome == attempt_outcome::succeeded);
  settings.require_confinement = true;
  const auto result = engine_fixture(settings).run(task_type::shell, R"({"command": "true"})");
  CHECK(result.outcome == attempt_outcome::failed);
  CHECK(result.why.message.find("(--require-confinement)") != std::string::npos);
  CHECK_FALSE(result.retryable);
}
