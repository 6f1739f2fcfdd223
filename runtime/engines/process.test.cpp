#include "runtime/engines/process.hpp"

#include "runtime/engines/child_modes.hpp"
#include "runtime/engines/descendants.hpp"
#include "runtime/engines/testing.hpp"

#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace penstock;

namespace {

/// A process and what it has said.
struct watched_process {
  struct state {
    std::mutex mutex;
    std::string out, err;
    std::optional<process_end> end;
  };
  std::shared_ptr<state> seen = std::make_shared<state>();

  process_observer observer() const {
    return {[s = seen](process_stream stream, std::string_view bytes) {
              const std::lock_guard lock(s->mutex);
              (stream == process_stream::out ? s->out : s->err).append(bytes);
            },
            [s = seen](const process_end& end) {
              const std::lock_guard lock(s->mutex);
              s->end = end;
            }};
  }

  std::string out() const {
    const std::lock_guard lock(seen->mutex);
    return seen->out;
  }

  process_end wait() const {
    REQUIRE(eventually([&] {
      const std::lock_guard lock(seen->mutex);
      return seen->end.has_value();
    }));
    return *seen->end;
  }
};

process_spec shell(const std::string& command, const std::string& directory = "/") {
  process_spec spec;
  spec.arguments = {"/bin/sh", "-c", command};
  spec.environment = {"PATH=/usr/bin:/bin"};
  spec.directory = directory;
  spec.kill_grace_ms = 300;
  return spec;
}

std::shared_ptr<process_starter> real_starter(bool with_namespaces = true) {
  if (!with_namespaces) return system_process_starter(child_program(), {process_keeper_mode, without_namespaces});
  return system_process_starter(child_program(), {process_keeper_mode});
}

/// Whether a process with this mark among its arguments exists anywhere on the machine.
bool is_running(const std::string& mark) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline", std::ios::binary);
    std::ostringstream text; // Unlike an iterator over its buffer, a stream takes it calmly when the process vanishes.
    text << file.rdbuf();
    if (text.str().find(mark) != std::string::npos) return true;
  }
  return false;
}

/// A number of seconds to sleep that nobody else on the machine has.
std::string unique_seconds() {
  static int count = 0;
  return "86" + std::to_string(::getpid()) + std::to_string(++count);
}

} // namespace

TEST_CASE("a process gives its output, errors and exit code", "[engines][process]") {
  const auto starter = real_starter();
  const watched_process p;
  starter->start(shell("echo out; echo err >&2; exit 3"), p.observer());
  const auto end = p.wait();
  CHECK(end.outcome == process_outcome::exited);
  CHECK(end.code == 3);
  CHECK(describe(end) == "exited with code 3");
  CHECK(p.out() == "out\n");
  CHECK(p.seen->err == "err\n");
}

TEST_CASE("a process that kills itself ends with that signal", "[engines][process]") {
  const auto starter = real_starter();
  const watched_process p;
  starter->start(shell("kill -TERM $$"), p.observer());
  CHECK(describe(p.wait()) == "was killed by signal 15 (Terminated)");
}

TEST_CASE("what cannot be started says why", "[engines][process]") {
  const auto starter = real_starter();
  const watched_process no_program, no_directory, too_long;
  auto spec = shell("");
  spec.arguments = {"/no/such/program"};
  starter->start(spec, no_program.observer());
  starter->start(shell("true", "/no/such/directory"), no_directory.observer());
  starter->start(shell(std::string(200'000, ' ')), too_long.observer());
  CHECK(describe(no_program.wait()) ==
        "could not be started: its program cannot be executed: No such file or directory");
  CHECK(describe(no_directory.wait()) ==
        "could not be started: its directory cannot be entered: No such file or directory");
  CHECK(describe(too_long.wait()).find("larger than the system takes") != std::string::npos);
}

TEST_CASE("a keeper that cannot be started fails every process, not the server", "[engines][process]") {
  const auto missing = system_process_starter("/no/such/keeper", {process_keeper_mode});
  const watched_process p;
  missing->start(shell("true"), p.observer());
  CHECK(p.wait().outcome == process_outcome::not_started);
  const auto wrong = system_process_starter("/bin/true", {});
  const watched_process q;
  wrong->start(shell("true"), q.observer());
  CHECK_FALSE(q.wait().ok());
}

TEST_CASE("standard input takes what is sent, and is at its end otherwise", "[engines][process]") {
  const auto starter = real_starter();
  const watched_process none, some;
  starter->start(shell("cat; echo end"), none.observer());
  CHECK(none.wait().ok());
  CHECK(none.out() == "end\n");
  auto spec = shell("read a; read b; echo $b $a");
  spec.takes_input = true;
  const auto number = starter->start(spec, some.observer());
  starter->send(number, "first\n");
  starter->send(number, "second\n");
  CHECK(some.wait().ok());
  CHECK(some.out() == "second first\n");
}

TEST_CASE("input that nobody reads is dropped with its process", "[engines][process]") {
  const auto starter = real_starter();
  const watched_process p;
  auto spec = shell("exec <&-; sleep 0.05");
  spec.takes_input = true;
  const auto number = starter->start(spec, p.observer());
  starter->send(number, std::string(1'000'000, 'x'));
  CHECK(p.wait().ok());
  starter->send(number, "too late");
}

TEST_CASE("much output arrives whole, or in its file", "[engines][process]") {
  const temporary_directory directory;
  const auto starter = real_starter();
  const watched_process piped, filed;
  starter->start(shell("head -c 3000000 /dev/zero"), piped.observer());
  CHECK(piped.wait().ok());
  CHECK(piped.out().size() == 3'000'000);
  auto spec = shell("head -c 3000000 /dev/zero");
  spec.output_file = directory.path() + "/out";
  starter->start(spec, filed.observer());
  CHECK(filed.wait().ok());
  CHECK(filed.out().empty());
  CHECK(std::filesystem::file_size(spec.output_file) == 3'000'000);
}

TEST_CASE("a process knows nothing of the server's environment, descriptors and processes",
          "[engines][process][secret]") {
  ::setenv("PENSTOCK_MASTER_KEY", "canary-5e1f", 1);
  const auto starter = real_starter();
  const watched_process p;
  starter->start(
    shell("env; ls /proc/self/fd | wc -l; cat /proc/[0-9]*/environ | tr '\\0' '\\n'; cat /proc/$PPID/environ"),
    p.observer());
  (void)p.wait();
  ::unsetenv("PENSTOCK_MASTER_KEY");
  const std::string out = p.out();
  CHECK(out.find("PATH=") != std::string::npos);
  CHECK(out.find("canary-5e1f") == std::string::npos);
  CHECK(out.find("PENSTOCK_MASTER_KEY") == std::string::npos);
  CHECK(out.find("\n4\n") != std::string::npos); // 0, 1, 2 and that of ls itself.
}

TEST_CASE("a process that sees those that keep it cannot look into them", "[engines][process][secret]") {
  const auto starter = real_starter(false);
  const watched_process p;
  starter->start(
    shell("keeper=$(awk '/^PPid/ {print $2}' /proc/$PPID/status); for p in $$ $PPID $keeper; do "
          "for f in environ mem; do if true < /proc/$p/$f; then echo open; else echo closed; fi; done; done"),
    p.observer());
  CHECK(p.wait().ok());
  CHECK(p.out() == "open\nopen\nclosed\nclosed\nclosed\nclosed\n");
}

TEST_CASE("hidden directories are empty but for what is to be seen", "[engines][process][secret]") {
  const temporary_directory directory;
  const std::string data = directory.path() + "/data", work = data + "/work/1", input = data + "/artifacts/2";
  std::filesystem::create_directories(work);
  std::filesystem::create_directories(input);
  std::ofstream(data + "/master.key") << "canary";
  std::ofstream(input + "/table") << "rows";
  const auto starter = real_starter();
  const watched_process p;
  auto spec = shell("cat " + data + "/master.key; cat " + input + "/table; echo x > " + input + "/new; umount " + data +
                      "; cat " + data + "/master.key; echo made > made; pwd",
                    work);
  spec.hidden_directories = {data};
  spec.readable_directories = {input};
  starter->start(spec, p.observer());
  CHECK(p.wait().ok());
  CHECK(p.out() == "rows" + work + "\n");
  CHECK(std::filesystem::exists(work + "/made"));
  CHECK_FALSE(std::filesystem::exists(input + "/new"));
}

TEST_CASE("a process has no capabilities and can gain none", "[engines][process][secret]") {
  const auto starter = real_starter();
  const watched_process p;
  starter->start(shell("grep -E 'CapEff|CapPrm|NoNewPrivs' /proc/self/status"), p.observer());
  CHECK(p.wait().ok());
  CHECK(p.out().find("CapPrm:\t0000000000000000") != std::string::npos);
  CHECK(p.out().find("CapEff:\t0000000000000000") != std::string::npos);
  CHECK(p.out().find("NoNewPrivs:\t1") != std::string::npos);
}

TEST_CASE("what a process leaves behind dies when it ends", "[engines][process][kill]") {
  const bool with_namespaces = GENERATE(true, false);
  CAPTURE(with_namespaces);
  const auto starter = real_starter(with_namespaces);
  const watched_process p;
  const std::string seconds = unique_seconds();
  starter->start(shell("setsid sleep " + seconds + " & echo started"), p.observer());
  CHECK(p.wait().ok());
  CHECK(eventually([&] { return !is_running(seconds); }));
}

TEST_CASE("stopping a process stops everything it has started", "[engines][process][kill]") {
  const bool with_namespaces = GENERATE(true, false);
  CAPTURE(with_namespaces);
  const auto starter = real_starter(with_namespaces);
  const watched_process p;
  const std::string seconds = unique_seconds();
  const auto number = starter->start(
    shell("(setsid sh -c 'sleep " + seconds + " & sleep " + seconds + "') & echo started; wait"), p.observer());
  REQUIRE(eventually([&] { return is_running(seconds); }));
  starter->stop(number);
  const auto end = p.wait();
  CHECK(end.stopped);
  CHECK_FALSE(end.ok());
  CHECK(eventually([&] { return !is_running(seconds); }));
}

TEST_CASE("who does not listen to SIGTERM is killed after the grace time", "[engines][process][kill]") {
  const bool with_namespaces = GENERATE(true, false);
  CAPTURE(with_namespaces);
  const auto starter = real_starter(with_namespaces);
  const watched_process p;
  const std::string seconds = unique_seconds();
  const auto number =
    starter->start(shell("trap '' TERM; echo started; while :; do sleep " + seconds + "; done"), p.observer());
  REQUIRE(eventually([&] { return p.out() == "started\n"; }));
  const auto begin = std::chrono::steady_clock::now();
  starter->stop(number);
  CHECK(p.wait().stopped);
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(300));
  CHECK(eventually([&] { return !is_running(seconds); }));
}

TEST_CASE("a process may tidy up when it is stopped", "[engines][process][kill]") {
  const bool with_namespaces = GENERATE(true, false);
  CAPTURE(with_namespaces);
  const auto starter = real_starter(with_namespaces);
  const watched_process p;
  const auto number =
    starter->start(shell("trap 'echo tidied; exit 0' TERM; echo started; while :; do sleep 0.05; done"), p.observer());
  REQUIRE(eventually([&] { return p.out() == "started\n"; }));
  starter->stop(number);
  CHECK(p.wait().stopped);
  CHECK(p.out() == "started\ntidied\n");
}

TEST_CASE("a process is stopped when its time is up", "[engines][process][kill]") {
  const bool with_namespaces = GENERATE(true, false);
  CAPTURE(with_namespaces);
  const auto starter = real_starter(with_namespaces);
  const watched_process p;
  auto spec = shell("sleep " + unique_seconds());
  spec.timeout_ms = 50;
  starter->start(spec, p.observer());
  const auto end = p.wait();
  CHECK(end.timed_out);
  CHECK_FALSE(end.stopped);
}

TEST_CASE("everything dies with the server, however it dies", "[engines][process][kill]") {
  const bool with_namespaces = GENERATE(true, false);
  CAPTURE(with_namespaces);
  const std::string seconds = unique_seconds();
  const pid_t server = ::fork();
  REQUIRE(server >= 0);
  if (server == 0) { // Threads of the test's process are not in the fork, so it starts its own.
    const auto starter = real_starter(with_namespaces);
    starter->start(shell("(setsid sleep " + seconds + " &) ; sleep " + seconds), {});
    ::pause();
    ::_exit(0);
  }
  REQUIRE(eventually([&] { return is_running(seconds); }));
  ::kill(server, SIGKILL);
  ::waitpid(server, nullptr, 0);
  CHECK(eventually([&] { return !is_running(seconds); }));
}

TEST_CASE("when the keeper is killed its processes die and the next start gets another keeper",
          "[engines][process][kill]") {
  const bool with_namespaces = GENERATE(true, false);
  CAPTURE(with_namespaces);
  const auto starter = real_starter(with_namespaces);
  const watched_process p, q;
  const std::string seconds = unique_seconds();
  starter->start(shell("sleep " + seconds), p.observer());
  REQUIRE(eventually([&] { return is_running(seconds); }));
  const auto children = descendants_of(::getpid());
  REQUIRE_FALSE(children.empty());
  ::kill(children.front(), SIGKILL); // Breadth first, so the keeper of this test's only starter.
  const auto end = p.wait();
  CHECK_FALSE(end.ok());
  CHECK(describe(end) == "was killed: its keeper ended");
  CHECK(eventually([&] { return !is_running(seconds); }));
  starter->start(shell("true"), q.observer());
  CHECK(q.wait().ok());
}

TEST_CASE("destroying the starter ends its processes", "[engines][process][kill]") {
  const bool with_namespaces = GENERATE(true, false);
  CAPTURE(with_namespaces);
  const watched_process p;
  const std::string seconds = unique_seconds();
  {
    const auto starter = real_starter(with_namespaces);
    starter->start(shell("sleep " + seconds), p.observer());
    REQUIRE(eventually([&] { return is_running(seconds); }));
  }
  CHECK(p.wait().stopped);
  CHECK_FALSE(is_running(seconds));
}

TEST_CASE("the in-memory starter plays what the test tells it", "[engines][process]") {
  memory_process_starter starter;
  const watched_process p;
  const auto number = starter.start(shell("anything"), p.observer());
  starter.send(number, "in");
  starter.emit(number, process_stream::out, "out");
  starter.stop(number);
  starter.end(number, {.outcome = process_outcome::signalled, .code = SIGTERM, .why = {}});
  starter.emit(number, process_stream::out, "too late");
  CHECK(starter.all().at(number).input == "in");
  CHECK(p.out() == "out");
  CHECK(p.wait().stopped);
}
