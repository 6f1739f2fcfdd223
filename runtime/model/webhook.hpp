#pragma once

#include "runtime/model/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

using endpoint_id = typed_id<struct endpoint_tag>;
using event_id = typed_id<struct event_tag>;
using delivery_id = typed_id<struct delivery_tag>;
using trigger_id = typed_id<struct trigger_tag>;

/// What clients can be told of. Stored: a number once given is never reused.
enum class event_type : std::uint8_t {
  job_completed = 1,
  job_failed = 2,
  pipeline_paused = 3,
  etl_run_completed = 4,
  etl_run_failed = 5,
  trigger_callback = 6, ///< The end of a run that an incoming webhook started; goes to that webhook's callback only.
};
/// `job.completed` and so on.
[[nodiscard]] std::string_view to_text(event_type t) noexcept;
/// `evt_` and 32 hex digits: how receivers know an event, in its body and in `webhook-id`.
[[nodiscard]] std::string shown_id(event_id id);
/// Of those a client can subscribe to.
[[nodiscard]] std::optional<event_type> parse_event_type(std::string_view text) noexcept;
[[nodiscard]] std::vector<std::string_view> event_type_names();

/// A client's URL to which events are posted. In the system partition.
struct endpoint_record {
  endpoint_id id;
  workspace_id workspace;
  std::string url;
  std::string description;
  std::vector<event_type> events;
  std::string sealed_secret;
  std::string sealed_old_secret; ///< Signs beside the new one until `old_secret_until`; empty: none.
  std::optional<timestamp> old_secret_until;
  bool enabled = true;
  std::string disabled_because;     ///< Why the server switched it off, as told to people; empty: it did not.
  std::uint32_t retries_max = 0;    ///< After the first attempt; 0: the server's.
  std::uint64_t retry_delay_ms = 0; ///< Before the first retry; 0: the server's.
  timestamp created_at;
  std::optional<timestamp> updated_at;
  std::string created_by;

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "id", s.id);
    v(2, "workspace", s.workspace);
    v(3, "url", s.url);
    v(4, "description", s.description);
    v(5, "events", s.events);
    v(6, "sealed_secret", s.sealed_secret);
    v(7, "sealed_old_secret", s.sealed_old_secret);
    v(8, "old_secret_until", s.old_secret_until);
    v(9, "enabled", s.enabled);
    v(10, "disabled_because", s.disabled_because);
    v(11, "retries_max", s.retries_max);
    v(12, "retry_delay_ms", s.retry_delay_ms);
    v(13, "created_at", s.created_at);
    v(14, "updated_at", s.updated_at);
    v(15, "created_by", s.created_by);
  }
};

/// A registered sender of incoming webhooks: whoever signs with its secret may start runs. In the system partition.
struct trigger_record {
  trigger_id id;
  workspace_id workspace;
  std::string name;
  std::string source; ///< What sends, in the client's words, e.g. `airflow`.
  std::string sealed_secret;
  std::string callback_url; ///< Empty: none.
  timestamp created_at;
  std::string created_by;
  std::optional<pipeline_id> pipeline; ///< What it starts when a request names no other.

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "id", s.id);
    v(2, "workspace", s.workspace);
    v(3, "name", s.name);
    v(4, "source", s.source);
    v(5, "sealed_secret", s.sealed_secret);
    v(6, "callback_url", s.callback_url);
    v(7, "created_at", s.created_at);
    v(8, "created_by", s.created_by);
    v(9, "pipeline", s.pipeline);
  }
};

/// A fact about a run or pipeline, written in the commit of the change it reports. In that one's slot.
struct event_record {
  event_id id;
  workspace_id workspace;
  event_type type = event_type::job_completed;
  timestamp created_at;
  uuid subject;            ///< The run or pipeline.
  std::string sealed_body; ///< The bytes that are posted, the same at each attempt.
  std::string traceparent; ///< W3C trace context of the run; empty: none.
  std::vector<delivery_id> deliveries;

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "id", s.id);
    v(2, "workspace", s.workspace);
    v(3, "type", s.type);
    v(4, "created_at", s.created_at);
    v(5, "subject", s.subject);
    v(6, "sealed_body", s.sealed_body);
    v(7, "traceparent", s.traceparent);
    v(8, "deliveries", s.deliveries);
  }
};

/// Where a delivery stands. Stored.
enum class delivery_status : std::uint8_t { pending = 1, delivered = 2, failed = 3, dropped = 4 };
[[nodiscard]] std::string_view to_text(delivery_status s) noexcept;

/// One attempt of a delivery.
struct delivery_attempt {
  timestamp at;
  std::uint32_t latency_ms = 0;
  std::uint16_t response_status = 0; ///< 0: no answer.
  std::string error;                 ///< Why there was none, or why it does not count; empty: it does.

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "at", s.at);
    v(2, "latency_ms", s.latency_ms);
    v(3, "response_status", s.response_status);
    v(4, "error", s.error);
  }
};

/// The posting of one event to one endpoint. In the event's slot. There is a key of its own for each pending one.
struct delivery_record {
  delivery_id id;
  event_id event;
  workspace_id workspace;
  uuid endpoint; ///< An `endpoint_id`, or of callbacks a `trigger_id`.
  event_type type = event_type::job_completed;
  delivery_status status = delivery_status::pending;
  timestamp created_at;
  std::optional<timestamp> next_at;       ///< While it is pending: when the next attempt is due.
  std::vector<delivery_attempt> attempts; ///< Oldest first; of very many, the newest.
  std::uint32_t tries = 0;                ///< Attempts since it was last made pending by hand, or made.

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "id", s.id);
    v(2, "event", s.event);
    v(3, "workspace", s.workspace);
    v(4, "endpoint", s.endpoint);
    v(5, "type", s.type);
    v(6, "status", s.status);
    v(7, "created_at", s.created_at);
    v(8, "next_at", s.next_at);
    v(9, "attempts", s.attempts);
    v(10, "tries", s.tries);
  }
};

} // namespace penstock
