#include "runtime/engines/http_engine.hpp"

#include "runtime/engines/http_call.hpp"
#include "runtime/engines/outbound_target.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>

namespace penstock {

namespace {

constexpr std::uint64_t default_timeout_ms = 300'000;
constexpr std::size_t quoted_bytes_max = 300;

std::string_view content_type_of(const outbound_response& response) {
  for (const auto& [name, text] : response.headers)
    if (name == "content-type") return text;
  return {};
}

/// Whether somebody needs the answer as a table.
bool is_table_wanted(const attempt_request& request) { return request.table_wanted || !request.fields.checks.empty(); }

/// An object or a list: other JSON is no table.
bool is_json_table(const outbound_response& response) {
  const auto first = response.body.find_first_not_of(" \t\r\n");
  return is_json_content_type(content_type_of(response)) && first != std::string::npos &&
         (response.body[first] == '{' || response.body[first] == '[');
}

/// How the answer is to be read as a table; nothing: it is none.
result<std::optional<table_format>> format_of(const attempt_request& request, const outbound_response& response) {
  if (const value* output = request.fields.config.find("output"); output && !output->is_null()) {
    auto how = table_format_from(*output, "json");
    if (!how) return unexpected(how.error());
    return std::optional(std::move(*how));
  }
  if (!is_table_wanted(request) || !is_json_table(response)) return std::optional<table_format>{};
  table_format how;
  how.format = "json";
  return std::optional(std::move(how));
}

std::string excerpt(std::string_view body) {
  std::string out(body.substr(0, quoted_bytes_max));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return out;
}

/// The answer as a file for the SQL child.
result<std::string> write_answer(const std::string& directory, const std::string& body) {
  std::error_code ignored;
  std::filesystem::create_directories(directory, ignored);
  std::string file = directory + "/answer";
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << body;
  out.close();
  if (!out) return fail(errc::io_failed, "The answer cannot be written to " + file + ".");
  return file;
}

} // namespace

/// A call from the queue of its host to its answer.
struct http_engine::call_under_way {
  call_under_way(attempt_pointer a, std::shared_ptr<place_queue> h) : attempt(std::move(a)), host(std::move(h)) {}

  attempt_pointer attempt;
  std::shared_ptr<place_queue> host;
  http_call what;                             ///< From when it has its places.
  std::atomic<outbound_http::handle> sent{0}; ///< 0: not yet.

  [[nodiscard]] std::string name() const { return what.method + " " + url_for_people(what.url); }
};

http_engine::http_engine(table_work& tables, place_queue& places, const engine_settings& settings)
    : tables_(tables), table_places_(places), settings_(settings), places_(settings.http_max) {
  outbound_settings client;
  client.allow_private_addresses = settings.allow_private_addresses;
  // Whoever is sent has a place here already.
  client.connections_max = client.connections_per_host_max = settings.http_max;
  client_ = make_outbound_http(std::move(client));
}

http_engine::~http_engine() = default;

void http_engine::begin(const attempt_pointer& attempt) {
  if (auto fetched = attempt->fetch(); !fetched) return attempt->fail(std::move(fetched).error(), false);
  const auto host = outbound_host_of(attempt->config_text("url"));
  if (!host) return attempt->fail(host.error(), false);
  const auto call = std::make_shared<call_under_way>(attempt, places_of(*host));
  attempt->release();
  enter_place(*call->host, attempt, [this, call] {
    enter_place(
      places_, call->attempt, [this, call] { send(call); }, [call] { call->host->leave(); });
  });
}

std::shared_ptr<place_queue> http_engine::places_of(const std::string& host) {
  const std::lock_guard lock(mutex_);
  auto& known = hosts_[host];
  auto places = known.lock();
  if (places) return places;
  std::erase_if(hosts_, [&](const auto& other) { return other.first != host && other.second.expired(); });
  places = std::make_shared<place_queue>(std::min(settings_.http_per_host_max, settings_.http_max));
  hosts_[host] = places;
  return places;
}

void http_engine::set_priority(const run_id& run, task_priority priority) {
  places_.set_priority(run, priority);
  const std::lock_guard lock(mutex_);
  for (const auto& [name, weak] : hosts_)
    if (const auto places = weak.lock()) places->set_priority(run, priority);
}

bool http_engine::has_room() const { return places_.has_room(); }

counts_by_priority http_engine::waiting() const {
  auto all = places_.waiting();
  const std::lock_guard lock(mutex_);
  for (const auto& [name, weak] : hosts_) {
    const auto places = weak.lock();
    if (!places) continue;
    const auto at_host = places->waiting();
    for (std::size_t i = 0; i < all.size(); ++i) all[i] += at_host[i];
  }
  return all;
}

void http_engine::send(const call_pointer& call) {
  const auto& attempt = call->attempt;
  const auto refuse = [&](error why) {
    leave(call);
    attempt->fail(std::move(why), false);
  };
  auto begun = attempt->begin(std::min(default_timeout_ms, settings_.attempt_timeout_ms));
  if (!begun) return refuse(std::move(begun).error());
  auto what = http_call_from(attempt->request().fields.config, attempt->request().traceparent);
  if (!what) return refuse(std::move(what).error());
  call->what = std::move(*what);
  outbound_request request;
  request.method = call->what.method;
  request.url = call->what.url;
  request.headers = std::move(call->what.headers);
  request.body = std::move(call->what.body);
  request.timeout = milliseconds{static_cast<std::int64_t>(attempt->time_left_ms())};
  request.response_bytes_max = settings_.http_response_bytes_max;
  attempt->on_cancel([this, call] {
    if (const auto sent = call->sent.load()) client_->cancel(sent);
  });
  call->sent = client_->send(std::move(request),
                             [this, call](result<outbound_response> response) { over(call, std::move(response)); });
  // A cancellation that came before there was anything to end.
  if (attempt->cancel_requested()) client_->cancel(call->sent);
}

void http_engine::leave(const call_pointer& call) {
  places_.leave();
  call->host->leave();
}

void http_engine::over(const call_pointer& call, result<outbound_response> response) {
  leave(call);
  const auto& attempt = call->attempt;
  if (response) return answered(call, std::move(*response));
  auto why = std::move(response).error();
  switch (why.code) {
    case errc::cancelled: return attempt->end_cancelled();
    case errc::timed_out: return attempt->fail_timed_out("The request");
    case errc::invalid_argument: return attempt->fail(std::move(why), false);
    case errc::forbidden: return attempt->fail(errc::task_failed, call->name() + " failed: " + why.message, false);
    default: return attempt->fail(errc::task_failed, call->name() + " failed: " + why.message, true);
  }
}

void http_engine::answered(const call_pointer& call, outbound_response response) {
  const auto& attempt = call->attempt;
  const auto& request = attempt->request();
  if (response.body_cut)
    return attempt->fail(errc::too_large,
                         call->name() + " answered with more than " +
                           std::to_string(settings_.http_response_bytes_max) + " bytes.",
                         false);
  if (!call->what.is_expected(response.status)) {
    std::string message = call->name() + " answered with status " + std::to_string(response.status);
    if (!response.body.empty()) message += ": " + excerpt(response.body);
    return attempt->fail(errc::task_failed, std::move(message), is_retryable_status(response.status));
  }
  // An ordinary answer is in the task's record. A line would make a file per attempt, which costs more than the call.
  if (response.status < 200 || response.status > 299)
    attempt->log(log_level::info, "answered with status " + std::to_string(response.status) + ", " +
                                    std::to_string(response.body.size()) + " bytes");
  const auto how = format_of(request, response);
  if (!how) return attempt->fail(how.error(), false);
  if (*how || !request.fields.checks.empty())
    return files_.post([this, attempt, how = *how, body = std::move(response.body)]() mutable {
      load_table(attempt, how, std::move(body));
    });
  attempt->succeed({.rows = 0, .bytes = response.body.size(), .artifacts = {}, .has_output_file = false, .items = {}});
}

void http_engine::load_table(const attempt_pointer& attempt, const std::optional<table_format>& how, std::string body) {
  const auto file = how ? write_answer(attempt->request().work_dir, body) : result<std::string>{};
  if (!file) return attempt->fail(file.error(), true);
  std::string query;
  std::optional<tabular_file> csv;
  if (how && how->format == "csv" && !body.empty()) csv = tabular_file{*file, "the answer", *how};
  else if (how) query = body.empty() ? empty_table_query(*how) : table_query(*how, *file);
  attempt->release();
  enter_place(table_places_, attempt, [this, attempt, query = std::move(query), csv = std::move(csv)] {
    if (auto fetched = attempt->fetch(); !fetched) {
      table_places_.leave();
      return attempt->fail(std::move(fetched).error(), false);
    }
    sql_job job = tables_.new_job(attempt->request());
    job.csv = csv;
    if (!query.empty()) job.statements = {query};
    tables_.run(
      attempt, std::move(job), [this] { table_places_.leave(); },
      [](const attempt_pointer& done, const sql_outcome& outcome) { table_work::keep_table(done, outcome); });
  });
}

} // namespace penstock
