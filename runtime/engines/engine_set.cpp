#include "runtime/engines/engine_set.hpp"

#include "runtime/engines/child_modes.hpp"
#include "runtime/engines/courier.hpp"
#include "runtime/engines/duckdb_api.hpp"
#include "runtime/engines/http_engine.hpp"
#include "runtime/engines/shell_engine.hpp"
#include "runtime/engines/table_engine.hpp"

#include <curl/curl.h>

#include <array>
#include <map>
#include <mutex>

namespace penstock {

namespace {

/// Attempts that run now, in shards, since all of a node's no-op tasks come through here.
class attempt_table {
public:
  void add(const attempt_pointer& attempt) {
    auto& s = shard_of(attempt->request().ref);
    const std::lock_guard lock(s.mutex);
    s.attempts[attempt->request().ref] = attempt;
  }

  attempt_pointer find(const attempt_ref& ref) {
    auto& s = shard_of(ref);
    const std::lock_guard lock(s.mutex);
    const auto at = s.attempts.find(ref);
    return at == s.attempts.end() ? nullptr : at->second;
  }

  void remove(const attempt_ref& ref) {
    auto& s = shard_of(ref);
    const std::lock_guard lock(s.mutex);
    s.attempts.erase(ref);
  }

  std::vector<attempt_pointer> all() {
    std::vector<attempt_pointer> out;
    for (auto& s : shards_) {
      const std::lock_guard lock(s.mutex);
      for (const auto& [ref, attempt] : s.attempts) out.push_back(attempt);
    }
    return out;
  }

private:
  struct shard {
    std::mutex mutex;
    std::map<attempt_ref, attempt_pointer> attempts;
  };

  shard& shard_of(const attempt_ref& ref) {
    return shards_[(std::hash<run_id>{}(ref.run) + ref.task + ref.item) % shards_.size()];
  }

  std::array<shard, 16> shards_;
};

class all_engines final : public engine_set {
public:
  all_engines(const engine_settings& settings, std::shared_ptr<clock_source> clock, engine_processes processes)
      : settings_(settings), clock_(std::move(clock)), processes_(std::move(processes)),
        places_(settings.processes_max), children_(processes_.sql, settings.sql_memory_bytes),
        tables_(children_, settings_), shell_(processes_.programs, tables_, places_, settings_),
        table_(tables_, places_, settings_), http_(std::make_unique<http_engine>(tables_, places_, settings_)) {}

  ~all_engines() override {
    for (const auto& attempt : attempts_.all()) attempt->cancel();
    http_.reset();
    // The starters may outlive this object, their processes' observers must not: they end on their own after the stop.
    std::unique_lock lock(count_mutex_);
    none_left_.wait(lock, [this] { return running_ == 0; });
  }

  void start(attempt_request request, done_callback done) override {
    {
      const std::lock_guard lock(count_mutex_);
      ++running_;
    }
    const auto ref = request.ref;
    auto attempt = std::make_shared<running_attempt>(
      std::move(request), clock_, [this, done = std::move(done), ref](attempt_result result) mutable {
        attempts_.remove(ref);
        courier_.deliver(std::move(done), std::move(result));
        left();
      });
    if (is_done_at_once(attempt->request())) return attempt->succeed({});
    attempts_.add(attempt);
    dispatch(attempt);
  }

  void cancel(const attempt_ref& ref) override {
    if (const auto attempt = attempts_.find(ref)) attempt->cancel();
  }

  void set_priority(const run_id& run, task_priority priority) override {
    places_.set_priority(run, priority);
    http_->set_priority(run, priority);
  }

  [[nodiscard]] counts_by_priority waiting() const override {
    auto all = places_.waiting();
    const auto calls = http_->waiting();
    for (std::size_t i = 0; i < all.size(); ++i) all[i] += calls[i];
    return all;
  }

  [[nodiscard]] std::size_t places() const override { return settings_.processes_max + settings_.http_max; }

  [[nodiscard]] bool can_start(task_type type) const override {
    switch (type) {
      case task_type::http: return http_->has_room();
      case task_type::shell:
      case task_type::sql:
      case task_type::source:
      case task_type::sink: return places_.has_room();
      default: return true;
    }
  }

private:
  static bool is_done_at_once(const attempt_request& request) {
    return request.task.type == task_type::noop && request.fields.checks.empty() && !request.expand_items &&
           request.task.unavailable.empty();
  }

  void dispatch(const attempt_pointer& attempt) {
    const auto& request = attempt->request();
    if (request.expand_items) return table_.begin(attempt);
    if (!request.task.unavailable.empty()) return attempt->fail(errc::task_failed, request.task.unavailable, false);
    switch (request.task.type) {
      case task_type::noop: return table_.begin_checks(attempt);
      case task_type::shell: return shell_.begin(attempt);
      case task_type::http: return http_->begin(attempt);
      case task_type::sql:
      case task_type::source:
      case task_type::sink: return table_.begin(attempt);
      default:
        return attempt->fail(errc::internal,
                             "No engine does tasks of type '" + std::string(to_text(request.task.type)) + "'.", false);
    }
  }

  void left() {
    const std::lock_guard lock(count_mutex_);
    if (--running_ == 0) none_left_.notify_all();
  }

  const engine_settings settings_;
  const std::shared_ptr<clock_source> clock_;
  const engine_processes processes_;
  std::mutex count_mutex_;
  std::condition_variable none_left_;
  std::size_t running_ = 0; ///< Attempts begun and not ended.
  courier courier_;
  attempt_table attempts_;
  place_queue places_;
  sql_children children_;
  table_work tables_;
  shell_engine shell_;
  table_engine table_;
  std::unique_ptr<http_engine> http_;
};

} // namespace

engine_processes system_engine_processes(const engine_settings& settings) {
  const std::string library = find_duckdb_library(settings.duckdb_library, settings.self_executable);
  return {system_process_starter(settings.self_executable, {process_keeper_mode}, settings.reserve()),
          system_process_starter(settings.self_executable, {sql_keeper_mode, library}, settings.reserve())};
}

std::unique_ptr<engine_set> make_engines(const engine_settings& settings, std::shared_ptr<clock_source> clock,
                                         engine_processes processes) {
  ::curl_global_init(CURL_GLOBAL_DEFAULT); // Counts its calls, and is thread-safe in the libcurl we link.
  return std::make_unique<all_engines>(settings, std::move(clock), std::move(processes));
}

std::unique_ptr<engine_set> make_engines(const engine_settings& settings, std::shared_ptr<clock_source> clock) {
  return make_engines(settings, std::move(clock), system_engine_processes(settings));
}

} // namespace penstock
