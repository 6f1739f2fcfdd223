#pragma once

#include "runtime/connectors/table_file.hpp"
#include "runtime/engines/errand_thread.hpp"
#include "runtime/engines/outbound_http.hpp"
#include "runtime/engines/place_queue.hpp"
#include "runtime/engines/running_attempt.hpp"
#include "runtime/engines/table_work.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace penstock {

/// `http`: one request; config as in http_call.hpp, sent by outbound_http.hpp. Those beyond `http_max`, and beyond
/// `http_per_host_max` to one host, wait by priority; who waits for a host holds up nobody else.
///
/// The answer becomes the task's table where the config has `output` ({format: json | jsonl | csv | parquet, …}); else
/// if it says that it is JSON (an object is one row, a list of objects a row each) and another task reads it
/// (`attempt_request::table_wanted`) or the task has checks.
class http_engine {
public:
  http_engine(table_work& tables, place_queue& places, const engine_settings& settings);
  ~http_engine();

  void begin(const attempt_pointer& attempt);

  void set_priority(const run_id& run, task_priority priority);

  /// Whether a call begun now would wait for others.
  [[nodiscard]] bool has_room() const;
  [[nodiscard]] counts_by_priority waiting() const;

private:
  struct call_under_way;
  using call_pointer = std::shared_ptr<call_under_way>;

  [[nodiscard]] std::shared_ptr<place_queue> places_of(const std::string& host);
  void send(const call_pointer& call);
  /// Gives its places back.
  void leave(const call_pointer& call);
  void over(const call_pointer& call, result<outbound_response> response);
  void answered(const call_pointer& call, outbound_response response);
  void load_table(const attempt_pointer& attempt, const std::optional<table_format>& how, std::string body);

  table_work& tables_;
  place_queue& table_places_;
  const engine_settings& settings_;
  place_queue places_;
  mutable std::mutex mutex_;
  std::map<std::string, std::weak_ptr<place_queue>> hosts_; ///< Those of calls that wait or run.
  errand_thread files_;
  std::unique_ptr<outbound_http> client_;
};

} // namespace penstock
