#include "actors/node.hpp"
#include "api/http_server.hpp"
#include "api/surfaces/cloud/render.hpp"
#include "api/surfaces/engine/orchestrator.hpp"
#include "runtime/engines/child_modes.hpp"
#include "runtime/model/json.hpp"
#include "tools/allocator.hpp"
#include "tools/config.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <sys/prctl.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <thread>

namespace {

using namespace penstock;

constexpr int exit_usage = 2;
constexpr int exit_cannot_start = 1;
/// How long requests under way may take to finish, and after it the whole shutdown, before the process just ends.
constexpr std::chrono::seconds finish_grace{10};
constexpr std::chrono::seconds shutdown_max{30};

/// Signals to wait for, blocked in every thread that is started from now on.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

spdlog::level::level_enum level_of(log_level level) {
  switch (level) {
    case log_level::debug: return spdlog::level::debug;
    case log_level::info: return spdlog::level::info;
    case log_level::warn: return spdlog::level::warn;
    case log_level::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

/// The message as the inside of a JSON string.
class json_message final : public spdlog::custom_flag_formatter {
public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    std::string quoted;
    append_json_string(quoted, {message.payload.data(), message.payload.size()});
    out.append(quoted.data(), quoted.data() + quoted.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<json_message>();
  }
};

/// To the error output: what a start prints for people (help, the key it made) has the other one for itself.
void set_up_log(const server_settings& settings) {
  spdlog::set_default_logger(spdlog::stderr_color_mt("penstockd"));
  spdlog::set_level(level_of(settings.level));
  spdlog::flush_on(spdlog::level::warn);
  if (settings.format == log_format::json) {
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    formatter->add_flag<json_message>('*').set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%*})");
    spdlog::set_formatter(std::move(formatter));
  } else spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
}

node_settings settings_of(const server_settings& settings) {
  node_settings out;
  out.how = settings.durability == durability_mode::fsync ? durability::fsync : durability::interval;
  out.partition_count = settings.partitions;
  out.scheduler_threads = settings.threads > 0 ? settings.threads : std::max(2u, std::thread::hardware_concurrency());
  out.engines = settings.engines;
  out.definitions = settings.http.definitions;
  out.engines.self_executable = std::filesystem::read_symlink("/proc/self/exe").string();
  out.master_key = settings.master_key;
  out.bootstrap_key = settings.bootstrap_key;
  out.webhooks = settings.webhooks;
  out.audit_days = settings.audit_days;
  out.webhooks.user_agent = "penstock/" + settings.http.version;
  out.events = {cloud::job_json, cloud::etl_run_json, cloud::pipeline_json, engine_surface::callback_json};
  return out;
}

/// Less is what clocks are set by every day.
constexpr milliseconds clock_behind_told{10'000};

void tell_news(const node_news& news, const server_settings& settings) {
  if (news.master_key_made)
    spdlog::warn("made a master key in {}/master.key: keep a copy apart from backups, or set PENSTOCK_MASTER_KEY",
                 settings.data_dir);
  if (news.bootstrap_key_passed_over)
    spdlog::warn("the bootstrap key was not taken: this data has an admin key already");
  if (news.partitions_kept)
    spdlog::warn("the database keeps its {} partitions; --partitions is for a new one", news.partition_count);
  if (!news.tasks_confined)
    spdlog::warn(
      "this system forbids namespaces, so shell tasks are not confined: each can read what the server's user can, "
      "also the data directory with its keys, other workspaces' files, and other tasks' processes. Allow user "
      "namespaces (kernel.unprivileged_userns_clone=1, or a container that permits them){}",
      settings.engines.require_confinement ? "; until then shell tasks fail (--require-confinement)"
                                           : ", or refuse shell tasks with --require-confinement");
  if (news.clock_behind >= clock_behind_told)
    spdlog::warn("the data was written under a clock {} s ahead of this machine's; until that has caught up, times are "
                 "taken from the data and run a tenth slower",
                 std::chrono::duration_cast<std::chrono::seconds>(news.clock_behind).count());
  // To the terminal and not to the log, which may be kept.
  if (!news.made_key.empty())
    std::printf("\n  Admin API key, shown this once:\n\n      %s\n\n", news.made_key.c_str()), std::fflush(stdout);
}

/// Ends the process if shutting down takes too long: actors that hang must not keep it.
void watch_shutdown() {
  std::thread{[] {
    std::this_thread::sleep_for(shutdown_max);
    std::fputs("penstockd: shutting down took too long\n", stderr);
    std::_Exit(exit_cannot_start);
  }}.detach();
}

int serve(const server_config& config) {
  const auto signals = block_signals();
  return_memory_when_idle();
  const auto& settings = config.settings;
  set_up_log(settings);
  for (const auto& warning : config.warnings) spdlog::warn("{}", warning);

  const auto clock = system_clock_source();
  const auto random = system_random_source();
  node_news news;
  auto opened = node::open(settings_of(settings), clock, random, news);
  if (!opened) {
    spdlog::error("{}", opened.error().message);
    return exit_cannot_start;
  }
  const auto server_node = std::move(*opened);
  // Also if it cannot serve after all: what was made is there and told this once.
  tell_news(news, settings);
  auto server = http_server::start(settings.http, *server_node, clock, random);
  if (!server) {
    spdlog::error("{}", server.error().message);
    server_node->stop();
    return exit_cannot_start;
  }
  spdlog::info("penstockd {} serves http://{}:{}, data in {}", settings.http.version, settings.http.address,
               (*server)->port(), settings.data_dir);

  int signal = 0;
  sigwait(&signals, &signal);
  spdlog::info("stopping: finishing requests");
  watch_shutdown();
  (*server)->set_draining();
  (*server)->stop(finish_grace);
  server_node->stop();
  spdlog::info("stopped");
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  if (const int done = run_child_mode(argc, argv); done >= 0) return done;
  // Keys are in its environment and memory: no other process of this user, such as a task's, may look into them.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  auto config = read_config({argv + 1, argv + argc}, process_environment(), read_text_file, PENSTOCK_VERSION);
  if (!config) {
    std::fprintf(stderr, "penstockd: %s\n", config.error().message.c_str());
    return exit_usage;
  }
  if (!config->text.empty()) {
    std::fputs(config->text.c_str(), stdout);
    return 0;
  }
  forget_secret_variables();
  config->settings.http.version = PENSTOCK_VERSION;
  return serve(*config);
}
