#include "api/surfaces/cloud/webhooks.hpp"

#include "api/answering.hpp"
#include "api/body_fields.hpp"
#include "api/json_writer.hpp"
#include "api/query_fields.hpp"
#include "api/request_options.hpp"
#include "api/surfaces/cloud/render.hpp"
#include "api/surfaces/webhook_fields.hpp"

#include <array>

namespace penstock::cloud {
namespace {

constexpr auto style = error_style::cloud;
constexpr std::uint64_t page_size_max = 100;
constexpr std::uint64_t page_number_max = 1'000'000'000;
constexpr std::int64_t retries_max = 20;
constexpr std::int64_t retry_delay_ms_min = 100;
constexpr std::int64_t retry_delay_ms_max = 600'000;
constexpr std::int64_t overlap_s_default = 24 * 3'600;
constexpr std::int64_t overlap_s_max = 30 * 24 * 3'600;
constexpr std::string_view note = "The secret is shown only once. Store it securely.";

/// Null for what the server decides.
template <class T>
void member_unless_zero(json_writer& w, std::string_view name, T v) {
  if (v == 0) w.key(name).null();
  else w.member(name, v);
}

void member_unless_empty(json_writer& w, std::string_view name, const std::string& text) {
  if (text.empty()) w.key(name).null();
  else w.member(name, text);
}

void write_endpoint(json_writer& w, const endpoint_view& endpoint) {
  const auto& r = endpoint.record;
  w.begin_object().member("id", public_id("wh_", r.id.raw)).member("url", r.url).member("description", r.description);
  w.key("events").begin_list();
  for (const auto type : r.events) w.text(to_text(type));
  w.end_list().member("enabled", r.enabled);
  member_unless_empty(w, "disabled_reason", r.disabled_because);
  member_unless_zero(w, "max_retries", r.retries_max);
  member_unless_zero(w, "retry_delay_ms", r.retry_delay_ms);
  w.member("old_secret_until", r.old_secret_until);
  w.member("created_at", r.created_at).member("updated_at", r.updated_at);
  if (!endpoint.secret.empty()) w.member("secret", endpoint.secret);
  w.end_object();
}

response render_endpoint(int status, const endpoint_view& endpoint) {
  std::string body;
  json_writer w{body};
  w.begin_object().key("data");
  write_endpoint(w, endpoint);
  if (!endpoint.secret.empty()) w.member("note", note);
  w.end_object();
  auto out = json_response(status, std::move(body));
  if (endpoint.replayed) out.with("Idempotency-Replayed", "true");
  if (!endpoint.secret.empty()) out.with("Cache-Control", "no-store");
  return out;
}

void write_attempt(json_writer& w, const delivery_attempt& attempt) {
  w.begin_object().member("at", attempt.at);
  member_unless_zero(w, "response_status", std::uint64_t{attempt.response_status});
  w.member("latency_ms", std::uint64_t{attempt.latency_ms});
  member_unless_empty(w, "error", attempt.error);
  w.end_object();
}

void write_delivery(json_writer& w, const delivery_record& r) {
  w.begin_object().member("id", public_id("dlv_", r.id.raw)).member("event_id", shown_id(r.event));
  w.member("event", to_text(r.type)).member("status", to_text(r.status)).member("created_at", r.created_at);
  w.member("next_attempt_at", r.next_at).key("attempts").begin_list();
  for (const auto& attempt : r.attempts) write_attempt(w, attempt);
  w.end_list().end_object();
}

struct wanted_page {
  std::uint64_t number = 1;
  std::uint64_t size = 20;
  [[nodiscard]] page as_page() const noexcept { return {static_cast<std::uint32_t>(size), (number - 1) * size}; }
};

wanted_page read_page(const request& in, request_problems& problems) {
  const query_fields query{in.query, problems};
  return {query.number("page", 1, 1, page_number_max), query.number("limit", 20, 1, page_size_max)};
}

template <class T, class Write>
response render_list(const listing<T>& list, const wanted_page& which, Write write) {
  std::string body;
  json_writer w{body};
  w.begin_object().key("data").begin_list();
  for (const auto& one : list.entries) write(w, one);
  w.end_list().key("meta").begin_object().member("total", list.total).member("page", which.number);
  w.member("limit", which.size).member("total_pages", (list.total + which.size - 1) / which.size);
  w.end_object().end_object();
  return json_response(200, std::move(body));
}

/// Goes on with the id of the path, or answers 404: an id that none can have is simply not there.
template <class Id, class Go>
void with_id(const request& in, const responder& send, std::string_view what, Go go) {
  request_problems problems;
  const Id id{id_in_path(in, "id", problems)};
  if (problems.empty()) return go(id);
  send(render_error(style, error{errc::not_found, "there is no such " + std::string{what}, {}}));
}

std::optional<std::vector<event_type>> read_events(body_fields& fields, bool required) {
  const auto names = fields.texts("events", {.required = required, .count_max = 20});
  if (!names) return std::nullopt;
  std::vector<event_type> out;
  for (const auto& name : *names) {
    const auto type = parse_event_type(name);
    if (!type) {
      std::string known;
      for (const auto one : event_type_names()) known += (known.empty() ? "" : ", ") + std::string{one};
      fields.wrong("events", "\"" + name + "\" is unknown; events are " + known);
    } else if (std::find(out.begin(), out.end(), *type) == out.end()) {
      out.push_back(*type);
    }
  }
  if (names->empty()) fields.wrong("events", "must name at least one event");
  return out;
}

endpoint_draft read_draft(const value& body, bool is_new, request_problems& problems) {
  body_fields fields{body, problems};
  endpoint_draft draft;
  draft.url = webhook_url(fields, "url", is_new);
  draft.events = read_events(fields, is_new);
  draft.description = fields.text("description", {.bytes_max = 500});
  draft.enabled = fields.boolean("enabled");
  if (is_new) draft.secret = webhook_secret(fields, "secret", false);
  else if (fields.has("secret")) fields.wrong("secret", "is replaced by POST /v1/webhooks/{id}/rotate-secret");
  // Null gives the choice back to the server.
  if (const auto retries = fields.integer("max_retries", 1, retries_max))
    draft.retries_max = static_cast<std::uint32_t>(*retries);
  else if (fields.is_null("max_retries")) draft.retries_max = 0;
  if (const auto delay = fields.integer("retry_delay_ms", retry_delay_ms_min, retry_delay_ms_max))
    draft.retry_delay_ms = static_cast<std::uint64_t>(*delay);
  else if (fields.is_null("retry_delay_ms")) draft.retry_delay_ms = 0;
  return draft;
}

// --- handlers -----------------------------------------------------------------------------------

void list_webhooks(const request& in, const services& with, responder send) {
  request_problems problems;
  const auto which = read_page(in, problems);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.list_endpoints(
    in.who, which.as_page(), answer_with<listing<endpoint_view>>(style, send, [which](const auto& list) {
      return render_list(list, which, [](json_writer& w, const endpoint_view& one) { write_endpoint(w, one); });
    }));
}

void create_webhook(const request& in, const services& with, responder send) {
  const auto body = json_object_body(in);
  if (!body) return send(render_error(style, body.error()));
  request_problems problems;
  auto draft = read_draft(*body, true, problems);
  draft.once = idempotency_key(in, problems);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.create_endpoint(in.who, std::move(draft), answer_with<endpoint_view>(style, send, [](const auto& made) {
                             return render_endpoint(201, made);
                           }));
}

void get_webhook(const request& in, const services& with, responder send) {
  with_id<endpoint_id>(in, send, "webhook", [&](endpoint_id id) {
    with.ops.get_endpoint(in.who, id, answer_with<endpoint_view>(style, send, [](const auto& found) {
                            return render_endpoint(200, found);
                          }));
  });
}

void update_webhook(const request& in, const services& with, responder send) {
  const auto body = json_object_body(in);
  if (!body) return send(render_error(style, body.error()));
  request_problems problems;
  auto changes = read_draft(*body, false, problems);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with_id<endpoint_id>(in, send, "webhook", [&](endpoint_id id) {
    with.ops.update_endpoint(
      in.who, id, std::move(changes),
      answer_with<endpoint_view>(style, send, [](const auto& changed) { return render_endpoint(200, changed); }));
  });
}

void delete_webhook(const request& in, const services& with, responder send) {
  with_id<endpoint_id>(in, send, "webhook", [&](endpoint_id id) {
    with.ops.delete_endpoint(in.who, id, answer_with<void>(style, send, [] { return no_content(); }));
  });
}

void rotate_webhook_secret(const request& in, const services& with, responder send) {
  const auto body = json_object_body(in);
  if (!body) return send(render_error(style, body.error()));
  request_problems problems;
  body_fields fields{*body, problems};
  auto secret = webhook_secret(fields, "secret", false);
  const auto overlap = fields.integer("overlap_seconds", 0, overlap_s_max).value_or(overlap_s_default);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with_id<endpoint_id>(in, send, "webhook", [&](endpoint_id id) {
    with.ops.rotate_secret(
      in.who, id, std::move(secret), milliseconds{overlap * 1'000},
      answer_with<endpoint_view>(style, send, [](const auto& changed) { return render_endpoint(200, changed); }));
  });
}

void test_webhook(const request& in, const services& with, responder send) {
  with_id<endpoint_id>(in, send, "webhook", [&](endpoint_id id) {
    with.ops.test_endpoint(in.who, id, answer_with<delivery_attempt>(style, send, [](const auto& attempt) {
                             std::string body;
                             json_writer w{body};
                             w.begin_object().key("data").begin_object().member("delivered", attempt.error.empty());
                             w.key("attempt");
                             write_attempt(w, attempt);
                             w.end_object().end_object();
                             return json_response(200, std::move(body));
                           }));
  });
}

void list_webhook_deliveries(const request& in, const services& with, responder send) {
  request_problems problems;
  const auto which = read_page(in, problems);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with_id<endpoint_id>(in, send, "webhook", [&](endpoint_id id) {
    with.ops.list_deliveries(
      in.who, id.raw, which.as_page(), answer_with<listing<delivery_record>>(style, send, [which](const auto& list) {
        return render_list(list, which, [](json_writer& w, const delivery_record& one) { write_delivery(w, one); });
      }));
  });
}

void redeliver(const request& in, const services& with, responder send) {
  with_id<delivery_id>(in, send, "delivery", [&](delivery_id id) {
    with.ops.redeliver(in.who, id, answer_with<delivery_record>(style, send, [](const auto& record) {
                         std::string body;
                         json_writer w{body};
                         w.begin_object().key("data");
                         write_delivery(w, record);
                         w.end_object();
                         return json_response(202, std::move(body));
                       }));
  });
}

constexpr std::array rows{
  route{.method = verb::get,
        .pattern = "/v1/webhooks",
        .permission = scope::admin,
        .handle = &list_webhooks,
        .operation = "cloud.listWebhooks",
        .summary = "List webhook endpoints, newest first, without their secrets",
        .query = "page:integer=1,limit:integer=20",
        .gives = "200 WebhookList"},
  route{.method = verb::post,
        .pattern = "/v1/webhooks",
        .permission = scope::admin,
        .body = body_rule::json,
        .handle = &create_webhook,
        .operation = "cloud.createWebhook",
        .summary = "Have events posted to a URL; a secret that is made for it is shown this once",
        .takes = "WebhookCreate",
        .gives = "201 WebhookAnswer"},
  route{.method = verb::get,
        .pattern = "/v1/webhooks/{id}",
        .permission = scope::admin,
        .handle = &get_webhook,
        .operation = "cloud.getWebhook",
        .summary = "Get a webhook endpoint",
        .gives = "200 WebhookAnswer"},
  route{.method = verb::patch,
        .pattern = "/v1/webhooks/{id}",
        .permission = scope::admin,
        .body = body_rule::json,
        .handle = &update_webhook,
        .operation = "cloud.updateWebhook",
        .summary =
          "Change a webhook endpoint; what is left out stays, enabled: true takes one up again that was disabled",
        .takes = "WebhookChange",
        .gives = "200 WebhookAnswer"},
  route{.method = verb::del,
        .pattern = "/v1/webhooks/{id}",
        .permission = scope::admin,
        .handle = &delete_webhook,
        .operation = "cloud.deleteWebhook",
        .summary = "Delete a webhook endpoint; what is not delivered yet is dropped",
        .gives = "204"},
  route{.method = verb::post,
        .pattern = "/v1/webhooks/{id}/rotate-secret",
        .permission = scope::admin,
        .body = body_rule::optional_json,
        .handle = &rotate_webhook_secret,
        .operation = "cloud.rotateWebhookSecret",
        .summary = "Replace the secret; webhook-signature carries both signatures while the old one is valid",
        .takes = "WebhookRotation",
        .gives = "200 WebhookAnswer"},
  route{.method = verb::post,
        .pattern = "/v1/webhooks/{id}/test",
        .permission = scope::admin,
        .handle = &test_webhook,
        .operation = "cloud.testWebhook",
        .summary = "Post an event with made-up data once, and answer what came of it",
        .gives = "200 WebhookTest"},
  route{.method = verb::get,
        .pattern = "/v1/webhooks/{id}/deliveries",
        .permission = scope::admin,
        .handle = &list_webhook_deliveries,
        .operation = "cloud.listWebhookDeliveries",
        .summary = "List deliveries, newest first, with their attempts",
        .query = "page:integer=1,limit:integer=20",
        .gives = "200 WebhookDeliveryList"},
  route{.method = verb::post,
        .pattern = "/v1/webhooks/deliveries/{id}/redeliver",
        .permission = scope::admin,
        .handle = &redeliver,
        .operation = "cloud.redeliver",
        .summary = "Post the same bytes again, with attempts counted anew",
        .gives = "202 WebhookDeliveryAnswer"},
};

constexpr std::array schemas{
  schema{"WebhookChange",
         R"({"type":"object","properties":{"url":{"type":"string","format":"uri"},"description":{"type":"string"},)"
         R"("enabled":{"type":"boolean"},"events":{"type":"array","items":{"enum":["job.completed","job.failed",)"
         R"("pipeline.paused","etl.run.completed","etl.run.failed"]}},"max_retries":{"type":["integer","null"],)"
         R"("minimum":1,"maximum":20},"retry_delay_ms":{"type":["integer","null"],"minimum":100,"maximum":600000}}})"},
  schema{"WebhookCreate", R"({"allOf":[{"$ref":"#/components/schemas/WebhookChange"},{"type":"object","required":)"
                          R"(["url","events"],"properties":{"secret":{"type":"string","maxLength":256}}}]})"},
  schema{"WebhookRotation", R"({"type":"object","properties":{"secret":{"type":"string","maxLength":256},)"
                            R"("overlap_seconds":{"type":"integer","minimum":0,"maximum":2592000,"default":86400}}})"},
  schema{"Webhook",
         R"({"allOf":[{"$ref":"#/components/schemas/WebhookChange"},{"type":"object","properties":{)"
         R"("id":{"type":"string"},"disabled_reason":{"type":["string","null"]},"old_secret_until":)"
         R"({"type":["string","null"],"format":"date-time"},"created_at":{"type":"string","format":"date-time"},)"
         R"("updated_at":{"type":["string","null"],"format":"date-time"},"secret":{"type":"string","description":)"
         R"("Only in the answer that made it."}}}]})"},
  schema{"WebhookAnswer", R"({"type":"object","properties":{"data":{"$ref":"#/components/schemas/Webhook"},)"
                          R"("note":{"type":"string"}}})"},
  schema{"WebhookList",
         R"({"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/components/schemas/Webhook"}},)"
         R"("meta":{"type":"object","properties":{"total":{"type":"integer"},"page":{"type":"integer"},)"
         R"("limit":{"type":"integer"},"total_pages":{"type":"integer"}}}}})"},
  schema{"WebhookAttempt",
         R"({"type":"object","properties":{"at":{"type":"string","format":"date-time"},"response_status":{"type":)"
         R"(["integer","null"]},"latency_ms":{"type":"integer"},"error":{"type":["string","null"]}}})"},
  schema{"WebhookTest", R"({"type":"object","properties":{"data":{"type":"object","properties":{"delivered":)"
                        R"({"type":"boolean"},"attempt":{"$ref":"#/components/schemas/WebhookAttempt"}}}}})"},
  schema{
    "WebhookDelivery",
    R"({"type":"object","properties":{"id":{"type":"string"},"event_id":{"type":"string"},"event":{"type":"string"},)"
    R"("status":{"enum":["pending","delivered","failed","dropped"]},"created_at":{"type":"string","format":)"
    R"("date-time"},"next_attempt_at":{"type":["string","null"],"format":"date-time"},"attempts":{"type":"array",)"
    R"("items":{"$ref":"#/components/schemas/WebhookAttempt"}}}})"},
  schema{"WebhookDeliveryAnswer",
         R"({"type":"object","properties":{"data":{"$ref":"#/components/schemas/WebhookDelivery"}}})"},
  schema{
    "WebhookDeliveryList",
    R"({"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/components/schemas/WebhookDelivery"}},)"
    R"("meta":{"type":"object","properties":{"total":{"type":"integer"},"page":{"type":"integer"},)"
    R"("limit":{"type":"integer"},"total_pages":{"type":"integer"}}}}})"},
};

} // namespace

surface webhook_routes() { return {"cloud", style, rows, schemas}; }

} // namespace penstock::cloud
