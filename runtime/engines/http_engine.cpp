#include "runtime/engines/http_engine.hpp"

#include "runtime/connectors/table_file.hpp"
#include "runtime/engines/http_transfer.hpp"
#include "runtime/engines/thread_signals.hpp"

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>
#include <vector>

namespace penstock {

namespace {

constexpr std::uint64_t default_timeout_ms = 300'000;
constexpr std::size_t idle_handles_max = 64;

struct multi_deleter {
  void operator()(CURLM* multi) const noexcept { ::curl_multi_cleanup(multi); }
};

/// Whether somebody needs the answer as a table.
bool is_table_wanted(const attempt_request& request) {
  const value* wanted = request.config.find("table_wanted");
  return (wanted && wanted->as_bool() && *wanted->as_bool()) || !request.task.checks.empty();
}

/// An object or a list: other JSON is no table.
bool is_json_table(const http_transfer::answer& answer) {
  const auto first = answer.body.find_first_not_of(" \t\r\n");
  return is_json_content_type(answer.content_type) && first != std::string::npos &&
         (answer.body[first] == '{' || answer.body[first] == '[');
}

/// How the answer is to be read as a table; nothing: it is none.
result<std::optional<table_format>> format_of(const attempt_request& request, const http_transfer::answer& answer) {
  if (const value* output = request.config.find("output"); output && !output->is_null()) {
    auto how = table_format_from(*output, "json");
    if (!how) return unexpected(how.error());
    return std::optional(std::move(*how));
  }
  if (!is_table_wanted(request) || !is_json_table(answer)) return std::optional<table_format>{};
  table_format how;
  how.format = "json";
  return std::optional(std::move(how));
}

} // namespace

class http_engine::loop {
public:
  loop(table_work& tables, place_queue& places, const engine_settings& settings)
      : tables_(tables), places_(places), settings_(settings), multi_(::curl_multi_init()), thread_([this] { run(); }) {
  }

  ~loop() {
    stopping_ = true;
    ::curl_multi_wakeup(multi_.get());
    thread_.join();
  }

  void begin(const attempt_pointer& attempt) {
    ++busy_;
    attempt->on_cancel([this, attempt] { push(cancelled{attempt}); });
    push(begun{attempt});
  }

  void set_priority(const run_id& run, task_priority priority) { push(reprioritised{run, priority}); }

  [[nodiscard]] bool has_room() const noexcept { return busy_ < settings_.http_max; }
  [[nodiscard]] counts_by_priority waiting() const noexcept {
    return {waiting_count_[0].load(), waiting_count_[1].load(), waiting_count_[2].load()};
  }

private:
  struct begun {
    attempt_pointer attempt;
  };
  struct cancelled {
    attempt_pointer attempt;
  };
  struct reprioritised {
    run_id run;
    task_priority priority;
  };
  using command = std::variant<begun, cancelled, reprioritised>;

  void push(command c) {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      first = commands_.empty();
      commands_.push_back(std::move(c));
    }
    if (first) ::curl_multi_wakeup(multi_.get());
  }

  void run();
  void take_commands();
  void cancel(const attempt_pointer& attempt);
  void start_waiting();
  void start(const attempt_pointer& attempt);
  void reap();
  void answered(const attempt_pointer& attempt, const http_transfer::answer& answer);
  void load_table(const attempt_pointer& attempt, const std::optional<table_format>& how, const std::string& body);
  void end_all();

  table_work& tables_;
  place_queue& places_;
  const engine_settings& settings_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> busy_{0};                        ///< Calls begun and not ended.
  std::array<std::atomic<std::size_t>, 3> waiting_count_{}; ///< Of `waiting_`, for other threads.
  std::mutex mutex_;
  std::vector<command> commands_;

  // Of the thread alone.
  std::unique_ptr<CURLM, multi_deleter> multi_;
  attempt_queue<attempt_pointer> waiting_;
  std::map<CURL*, std::unique_ptr<http_transfer>> running_;
  std::vector<easy_pointer> idle_; ///< Handles to use again, which spares setting them up.

  std::thread thread_;
};

void http_engine::loop::run() {
  block_signals_in_this_thread();
  ::curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(settings_.http_max));
  while (!stopping_) {
    take_commands();
    start_waiting();
    int still_running = 0;
    ::curl_multi_perform(multi_.get(), &still_running);
    reap();
    if (waiting_.empty() || running_.size() >= settings_.http_max)
      ::curl_multi_poll(multi_.get(), nullptr, 0, 60'000, nullptr);
  }
  end_all();
}

void http_engine::loop::take_commands() {
  std::vector<command> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(commands_);
  }
  for (auto& c : taken) {
    if (auto* b = std::get_if<begun>(&c)) waiting_.push(b->attempt->request(), b->attempt);
    else if (const auto* gone = std::get_if<cancelled>(&c)) cancel(gone->attempt);
    else {
      const auto& changed = std::get<reprioritised>(c);
      waiting_.set_priority(changed.run, changed.priority);
    }
  }
}

void http_engine::loop::cancel(const attempt_pointer& attempt) {
  for (auto at = running_.begin(); at != running_.end(); ++at) {
    if (at->second->attempt() != attempt) continue;
    ::curl_multi_remove_handle(multi_.get(), at->first);
    running_.erase(at);
    --busy_;
    return attempt->end_cancelled();
  }
  // Still waiting: its turn comes to nothing, since its end is settled here.
  if (!waiting_.take(attempt->request().ref)) return;
  --busy_;
  attempt->end_cancelled();
}

void http_engine::loop::start_waiting() {
  while (running_.size() < settings_.http_max) {
    const auto next = waiting_.pop();
    if (!next) break;
    start(*next);
  }
  const auto left = waiting_.sizes();
  for (std::size_t i = 0; i < left.size(); ++i) waiting_count_[i] = left[i];
}

void http_engine::loop::start(const attempt_pointer& attempt) {
  attempt->begin(std::min(default_timeout_ms, settings_.attempt_timeout_ms));
  auto call = http_call_from(attempt->request().config, attempt->request().traceparent);
  if (!call) {
    --busy_;
    return attempt->fail(call.error(), false);
  }
  easy_pointer easy;
  if (idle_.empty()) {
    easy.reset(::curl_easy_init());
  } else {
    easy = std::move(idle_.back());
    idle_.pop_back();
  }
  auto transfer = std::make_unique<http_transfer>(attempt, std::move(*call), settings_, std::move(easy));
  CURL* const handle = transfer->easy();
  running_.emplace(handle, std::move(transfer));
  ::curl_multi_add_handle(multi_.get(), handle);
}

void http_engine::loop::reap() {
  int left = 0;
  while (const CURLMsg* message = ::curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    auto node = running_.extract(message->easy_handle);
    ::curl_multi_remove_handle(multi_.get(), message->easy_handle);
    if (node.empty()) continue;
    auto& transfer = *node.mapped();
    auto outcome = transfer.finish(code);
    if (idle_.size() < idle_handles_max) idle_.push_back(transfer.take_easy());
    --busy_;
    if (outcome) answered(transfer.attempt(), *outcome);
    else if (outcome.error().timed_out) transfer.attempt()->fail_timed_out("The request");
    else transfer.attempt()->fail(std::move(outcome.error().why), outcome.error().retryable);
  }
}

void http_engine::loop::answered(const attempt_pointer& attempt, const http_transfer::answer& answer) {
  const auto& request = attempt->request();
  attempt->log(log_level::info, "answered with status " + std::to_string(answer.status) + ", " +
                                  std::to_string(answer.body.size()) + " bytes");
  const auto how = format_of(request, answer);
  if (!how) return attempt->fail(how.error(), false);
  if (*how || !request.task.checks.empty()) return load_table(attempt, *how, answer.body);
  attempt->succeed({.rows = 0, .bytes = answer.body.size(), .artifacts = {}, .has_output_file = false, .items = {}});
}

void http_engine::loop::load_table(const attempt_pointer& attempt, const std::optional<table_format>& how,
                                   const std::string& body) {
  const auto& request = attempt->request();
  sql_job job = tables_.new_job(request);
  std::error_code error;
  std::filesystem::create_directories(request.work_dir, error);
  if (how) {
    const std::string file = request.work_dir + "/answer";
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out << body;
    out.close();
    if (!out) return attempt->fail(errc::io_failed, "The answer cannot be written to " + file + ".", true);
    job.statements = {body.empty() ? empty_table_query(*how) : table_query(*how, file)};
  }
  enter_place(places_, attempt, [this, attempt, job = std::move(job)]() mutable {
    tables_.run(
      attempt, std::move(job), [this] { places_.leave(); },
      [](const attempt_pointer& done, const sql_outcome& outcome) { table_work::keep_table(done, outcome); });
  });
}

void http_engine::loop::end_all() {
  take_commands();
  for (const auto& [handle, transfer] : running_) {
    ::curl_multi_remove_handle(multi_.get(), handle);
    transfer->attempt()->end_cancelled();
  }
  running_.clear();
  while (const auto next = waiting_.pop()) (*next)->end_cancelled();
}

http_engine::http_engine(table_work& tables, place_queue& places, const engine_settings& settings)
    : loop_(std::make_unique<loop>(tables, places, settings)) {}

http_engine::~http_engine() = default;

void http_engine::begin(const attempt_pointer& attempt) { loop_->begin(attempt); }

void http_engine::set_priority(const run_id& run, task_priority priority) { loop_->set_priority(run, priority); }

bool http_engine::has_room() const { return loop_->has_room(); }

counts_by_priority http_engine::waiting() const { return loop_->waiting(); }

} // namespace penstock
