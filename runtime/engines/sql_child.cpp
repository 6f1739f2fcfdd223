#include "runtime/engines/sql_child.hpp"

#include "runtime/engines/process_keeper.hpp"
#include "runtime/engines/sql_session.hpp"
#include "runtime/model/json.hpp"

#include <linux/capability.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sodium.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <optional>

namespace penstock {

namespace {

/// What every child inherits.
struct sql_template {
  duckdb_api api;
  duckdb_database database = nullptr; ///< Null: each child opens its own.
  std::string failure;                ///< Why there is no DuckDB; empty: there is.
};

duckdb_database open_database(const duckdb_api& api, std::string& failure) {
  duckdb_config config = nullptr;
  api.create_config(&config);
  api.set_config(config, "threads", "1"); // So that no thread exists that a fork would lose.
  duckdb_database database = nullptr;
  char* words = nullptr;
  if (api.open_ext(nullptr, &database, config, &words) == DuckDBError) {
    failure = std::string("DuckDB cannot be opened: ") + (words ? words : "");
    api.free(words);
    database = nullptr;
  }
  api.destroy_config(&config);
  return database;
}

bool is_single_threaded() {
  std::error_code failed;
  std::size_t count = 0;
  for (std::filesystem::directory_iterator at("/proc/self/task", failed), end; !failed && at != end;
       at.increment(failed))
    ++count;
  return count == 1;
}

sql_template make_template(const std::string& library) {
  sql_template out;
  auto api = load_duckdb(library);
  if (!api) {
    out.failure = api.error().message;
    return out;
  }
  out.api = *api;
  out.database = open_database(out.api, out.failure);
  // A fork has only the thread that forked; with others about, its copy of the database would wait for them for ever.
  if (out.database && !is_single_threaded()) out.api.close(&out.database);
  return out;
}

value answer_of(const sql_outcome& outcome) {
  value v;
  v.set("ok", true);
  v.set("has_output", outcome.has_output);
  v.set("rows", static_cast<std::int64_t>(outcome.rows));
  v.set("bytes", static_cast<std::int64_t>(outcome.bytes));
  v.set("hash", outcome.hash);
  v.set("items", outcome.items);
  return v;
}

value answer_of(const sql_failure& failure) {
  value v;
  v.set("ok", false);
  v.set("code", static_cast<std::int64_t>(failure.why.code));
  v.set("message", failure.why.message);
  v.set("retryable", failure.retryable);
  return v;
}

bool write_frame(const value& answer) {
  const std::string frame = sql_frame(write_json(answer));
  for (std::size_t done = 0; done < frame.size();) {
    const ssize_t n = ::write(STDOUT_FILENO, frame.data() + done, frame.size() - done);
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

std::optional<value> read_frame() {
  static std::string buffer;
  std::array<char, 64u << 10> chunk;
  for (bool broken = false; !broken;) {
    if (auto frame = take_sql_frame(buffer, broken)) {
      auto message = read_json(*frame, {.bytes_max = sql_frame_bytes_max, .depth_max = 64, .nodes_max = 10'000'000});
      if (!message) return std::nullopt;
      return std::move(*message);
    }
    const ssize_t n = ::read(STDIN_FILENO, chunk.data(), chunk.size());
    if (n <= 0) return std::nullopt;
    buffer.append(chunk.data(), static_cast<std::size_t>(n));
  }
  return std::nullopt;
}

value do_job(sql_session& session, const value& message) {
  const auto job = sql_job_from(message);
  if (!job) return answer_of(sql_failure{{errc::internal, "The SQL job cannot be read.", {}}, false});
  auto outcome = session.run(*job);
  return outcome ? answer_of(*outcome) : answer_of(outcome.error());
}

/// Exit code of the child.
int serve(const sql_template& from) {
  std::string failure = from.failure;
  duckdb_database database = from.database;
  if (failure.empty() && !database) database = open_database(from.api, failure);
  std::optional<sql_session> session;
  if (failure.empty()) {
    auto opened = sql_session::open(from.api, database);
    if (opened) session.emplace(std::move(*opened));
    else failure = opened.error().message;
  }
  while (const auto message = read_frame()) {
    if (!session) return write_frame(answer_of(sql_failure{{errc::unavailable, failure, {}}, false})) ? 0 : 1;
    if (const value* job = message->find("job")) return write_frame(do_job(*session, *job)) ? 0 : 1;
    const value* sql = message->find("parse");
    if (!sql || !sql->as_string()) return 1;
    value answer;
    answer.set("ok", true);
    if (auto words = session->syntax_error(*sql->as_string())) answer.set("error", std::move(*words));
    if (!write_frame(answer)) return 1;
  }
  return 0;
}

void run_sql_child(fork_parts parts, const sql_template& from) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  pollfd alive{parts.keeper_alive, POLLIN, 0};
  if (::poll(&alive, 1, 0) != 0) ::_exit(1); // The keeper was gone before that signal was set.
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int i = 0; i < 3; ++i) ::dup2(parts.streams[static_cast<std::size_t>(i)].get(), i);
  ::close_range(3, ~0u, 0);
  for (auto& stream : parts.streams) (void)stream.release();
  // As root it may write files where the operator pointed it, which may belong to somebody else.
  drop_capabilities(1ull << CAP_DAC_OVERRIDE);
  if (!apply_limits(parts.spec.limits) || ::chdir(parts.spec.directory.c_str()) != 0) ::_exit(1);
  ::_exit(serve(from)); // No destructors: DuckDB's threads and the keeper's state are left as they are.
}

} // namespace

int run_sql_keeper(const std::string& library) {
  if (::sodium_init() < 0) return 1;
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); // Its children hold everybody's data.
  const sql_template from = make_template(library);
  isolation how;
  how.processes = true; // A child starts no processes, so killing it is enough.
  return run_process_keeper({how, [&from](fork_parts parts) { run_sql_child(std::move(parts), from); }});
}

} // namespace penstock
