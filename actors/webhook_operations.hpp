#pragma once

#include "actors/caller.hpp"
#include "runtime/model/value.hpp"
#include "runtime/model/webhook.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace penstock {

/// What makes an endpoint; on an update, absent members stay as they are.
struct endpoint_draft {
  std::optional<std::string> url;
  std::optional<std::string> description;
  std::optional<std::vector<event_type>> events;
  std::optional<std::string> secret; ///< On creation: none = one is made and shown once.
  std::optional<bool> enabled;
  std::optional<std::uint32_t> retries_max;
  std::optional<std::uint64_t> retry_delay_ms;
  request_key once; ///< Of a creation.
};

struct endpoint_view {
  endpoint_record record; ///< Sealed fields empty.
  std::string secret;     ///< Only in the answer to a creation or rotation that made it.
  bool replayed = false;  ///< The answer to an earlier creation with the same `Idempotency-Key`; without its secret.
};

struct trigger_draft {
  std::string name;
  std::string source;
  std::string secret;
  std::string callback_url;
  std::optional<pipeline_id> pipeline; ///< What it starts when a request names no other.
  request_key once;
};

/// An incoming, signed request to start a run.
struct trigger_request {
  trigger_id trigger;
  std::string external_job_id;
  std::optional<pipeline_id> pipeline; ///< None: the webhook's own, else the one of the webhook's name.
  value parameters;                    ///< Null or an object.
  std::string traceparent;
  audit_origin origin;
};

struct triggered_run {
  run_id run;
  bool replayed = false; ///< The same webhook and `external_job_id` came before.
};

enum class callback_status : std::uint8_t { success, failed, cancelled };

struct trigger_callback {
  trigger_id trigger;
  std::string external_job_id;
  run_id run; ///< Nil: the one that was started for the job.
  callback_status status = callback_status::success;
  audit_origin origin;
};

/// Webhooks in both directions. As `operations`: every function calls its reply exactly once, from any thread.
class webhook_operations {
public:
  virtual ~webhook_operations() = default;

  virtual void create_endpoint(const caller& who, endpoint_draft draft, reply<endpoint_view> done) = 0;
  virtual void update_endpoint(const caller& who, endpoint_id id, endpoint_draft changes,
                               reply<endpoint_view> done) = 0;
  virtual void delete_endpoint(const caller& who, endpoint_id id, reply<void> done) = 0;
  virtual void get_endpoint(const caller& who, endpoint_id id, reply<endpoint_view> done) = 0;
  virtual void list_endpoints(const caller& who, page which, reply<listing<endpoint_view>> done) = 0;
  /// The new secret signs from now on, the old one beside it for `overlap`.
  virtual void rotate_secret(const caller& who, endpoint_id id, std::optional<std::string> secret, milliseconds overlap,
                             reply<endpoint_view> done) = 0;
  /// Posts an event of the endpoint's first type with made-up data, once, without retries, and waits for the answer.
  virtual void test_endpoint(const caller& who, endpoint_id id, reply<delivery_attempt> done) = 0;
  /// Newest first. @param receiver an endpoint, or of callbacks a registered webhook.
  virtual void list_deliveries(const caller& who, const uuid& receiver, page which,
                               reply<listing<delivery_record>> done) = 0;
  /// Posts the same bytes again, with attempts counted anew.
  virtual void redeliver(const caller& who, delivery_id id, reply<delivery_record> done) = 0;

  virtual void register_trigger(const caller& who, trigger_draft draft, reply<trigger_record> done) = 0;
  virtual void list_triggers(const caller& who, page which, reply<listing<trigger_record>> done) = 0;
  virtual void delete_trigger(const caller& who, trigger_id id, reply<void> done) = 0;
  /// Whether `signature` is the hex HMAC-SHA256 of `body` under the trigger's secret, with or without `sha256=`.
  /// Reads local memory only. False also for an unknown trigger.
  [[nodiscard]] virtual bool is_signed_by(trigger_id id, std::string_view body, std::string_view signature) const = 0;
  /// Who a registered webhook stands for: its workspace, with its id as the subject and without rights.
  [[nodiscard]] virtual std::optional<caller> signer(trigger_id id) const = 0;
  virtual void trigger_run(trigger_request request, reply<triggered_run> done) = 0;
  virtual void take_callback(trigger_callback callback, reply<void> done) = 0;
};

} // namespace penstock
