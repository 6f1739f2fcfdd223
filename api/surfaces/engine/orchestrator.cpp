#include "api/surfaces/engine/orchestrator.hpp"

#include "api/answering.hpp"
#include "api/body_fields.hpp"
#include "api/json_writer.hpp"
#include "api/query_fields.hpp"
#include "api/request_options.hpp"
#include "api/surfaces/webhook_fields.hpp"

#include <array>

namespace penstock::engine_surface {
namespace {

constexpr auto style = error_style::problem;
constexpr std::size_t job_bytes_max = 256;
constexpr std::uint64_t page_size_max = 1'000;

/// The same words whatever was wrong: an outsider learns nothing about what is registered.
response not_signed() {
  return render_error(style, error{errc::unauthorized,
                                   "X-Webhook-Id must name a registered webhook, and X-Webhook-Signature must be the "
                                   "hex HMAC-SHA256 of the body under its secret",
                                   {}});
}

/// A request whose signature is good.
struct signed_request {
  trigger_id trigger;
  caller who; ///< The webhook.
  operations& ops;
  responder send;

  void refuse(const error& why) const {
    auto r = render_error(style, why);
    if (is_refusal(r.status)) ops.note_request(who, {}, r.error_code);
    send(std::move(r));
  }
  /// A callback for an operation, as `answer_with`.
  template <class T, class Render>
  [[nodiscard]] auto answer(Render render) const {
    return [self = *this, render = std::move(render)](result<T> r) {
      if (!r) return self.refuse(r.error());
      if constexpr (std::is_void_v<T>) self.send(render());
      else self.send(render(*r));
    };
  }
};

/// Goes on with the webhook that has signed the body, before anything of it is read.
template <class Go>
void with_signer(const request& in, const services& with, const responder& send, Go go) {
  const auto* id = in.header("x-webhook-id");
  const auto* signature = in.header("x-webhook-signature");
  const auto parsed = id ? parse_uuid(trimmed(*id)) : std::nullopt;
  // Asked also without an id, so that it takes as long.
  const trigger_id trigger{parsed.value_or(uuid{})};
  const bool is_signed = with.ops.is_signed_by(trigger, in.body, signature ? trimmed(*signature) : std::string_view{});
  const auto who = with.ops.signer(trigger);
  if (!is_signed || !parsed || !who) return send(not_signed());
  signed_request from{trigger, *who, with.ops, send};
  from.who.origin = in.who.origin;
  const auto body = json_object_body(in);
  if (!body) return from.refuse(body.error());
  go(from, *body);
}

std::string read_job(body_fields& fields) {
  return fields
    .text("external_job_id", {.required = true, .bytes_min = 1, .bytes_max = job_bytes_max, .one_line = true})
    .value_or("");
}

void trigger(const request& in, const services& with, responder send) {
  with_signer(in, with, send, [&](const signed_request& from, const value& body) {
    request_problems problems;
    body_fields fields{body, problems};
    trigger_request request;
    request.trigger = from.trigger;
    request.origin = from.who.origin;
    request.external_job_id = read_job(fields);
    if (const auto pipeline = fields.id("pipelineId")) request.pipeline = pipeline_id{*pipeline};
    if (auto parameters = fields.object("parameters")) request.parameters = std::move(*parameters);
    request.traceparent = traceparent_of(in);
    if (!problems.empty()) return from.refuse(problems.take());
    const auto job = request.external_job_id;
    with.ops.trigger_run(std::move(request), from.answer<triggered_run>([job](const auto& started) {
      std::string out;
      json_writer w{out};
      w.begin_object().member("runId", started.run).member("external_job_id", job);
      w.member("status", "ACCEPTED").end_object();
      return std::move(json_response(202, std::move(out)).with("Location", "/api/v1/runs/" + to_text(started.run)));
    }));
  });
}

std::optional<callback_status> parse_callback_status(std::string_view text) noexcept {
  if (text == "SUCCESS") return callback_status::success;
  if (text == "FAILED") return callback_status::failed;
  if (text == "CANCELLED") return callback_status::cancelled;
  return std::nullopt;
}

void callback(const request& in, const services& with, responder send) {
  with_signer(in, with, send, [&](const signed_request& from, const value& body) {
    request_problems problems;
    body_fields fields{body, problems};
    trigger_callback received;
    received.trigger = from.trigger;
    received.origin = from.who.origin;
    received.external_job_id = read_job(fields);
    if (const auto run = fields.id("runId")) received.run = run_id{*run};
    const auto status = fields.text("status", {.required = true, .bytes_max = 100}).value_or("");
    if (const auto known = parse_callback_status(status)) received.status = *known;
    else if (!status.empty()) fields.wrong("status", "must be SUCCESS, FAILED or CANCELLED");
    if (!problems.empty()) return from.refuse(problems.take());
    const auto job = received.external_job_id;
    with.ops.take_callback(std::move(received), from.answer<void>([job, status] {
      std::string out;
      json_writer w{out};
      w.begin_object().member("external_job_id", job).member("status", status);
      w.member("message", "callback received").end_object();
      return json_response(200, std::move(out));
    }));
  });
}

void write_webhook(json_writer& w, const trigger_record& r) {
  w.begin_object().member("id", r.id).member("workspaceId", r.workspace).member("name", r.name);
  w.member("source", r.source).key("callback_url");
  if (r.callback_url.empty()) w.null();
  else w.text(r.callback_url);
  w.member("pipelineId", r.pipeline).member("createdAt", r.created_at).member("createdBy", r.created_by).end_object();
}

page read_page(const request& in, request_problems& problems) {
  const query_fields query{in.query, problems};
  const auto limit = query.number("limit", page_size_max, 1, page_size_max);
  return {static_cast<std::uint32_t>(limit), query.number("offset", 0, 0, UINT32_MAX)};
}

template <class T, class Write>
response render_bare_list(const listing<T>& list, Write write) {
  std::string out;
  json_writer w{out};
  w.begin_list();
  for (const auto& one : list.entries) write(w, one);
  w.end_list();
  return std::move(json_response(200, std::move(out)).with("X-Total-Count", std::to_string(list.total)));
}

void list_webhooks(const request& in, const services& with, responder send) {
  request_problems problems;
  const auto which = read_page(in, problems);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.list_triggers(in.who, which, answer_with<listing<trigger_record>>(style, send, [](const auto& list) {
                           return render_bare_list(list, &write_webhook);
                         }));
}

void register_webhook(const request& in, const services& with, responder send) {
  const auto body = json_object_body(in);
  if (!body) return send(render_error(style, body.error()));
  request_problems problems;
  body_fields fields{*body, problems};
  trigger_draft draft;
  draft.name = fields.text("name", {.required = true, .bytes_min = 1, .bytes_max = 200, .one_line = true}).value_or("");
  draft.source =
    fields.text("source", {.required = true, .bytes_min = 1, .bytes_max = 200, .one_line = true}).value_or("");
  draft.secret = webhook_secret(fields, "hmac_secret", true).value_or("");
  draft.callback_url = webhook_url(fields, "callback_url", true).value_or("");
  if (const auto pipeline = fields.id("pipelineId")) draft.pipeline = pipeline_id{*pipeline};
  draft.once = idempotency_key(in, problems);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.register_trigger(in.who, std::move(draft), answer_with<trigger_record>(style, send, [](const auto& made) {
                              std::string out;
                              json_writer w{out};
                              write_webhook(w, made);
                              return json_response(201, std::move(out));
                            }));
}

void delete_webhook(const request& in, const services& with, responder send) {
  request_problems problems;
  const trigger_id id{id_in_path(in, "id", problems)};
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.delete_trigger(in.who, id, answer_with<void>(style, send, [] { return no_content(); }));
}

void write_callback(json_writer& w, const delivery_record& r) {
  w.begin_object().member("id", r.id).member("status", to_text(r.status)).member("createdAt", r.created_at);
  w.member("nextAttemptAt", r.next_at).key("attempts").begin_list();
  for (const auto& attempt : r.attempts) {
    std::optional<std::int64_t> status;
    if (attempt.response_status != 0) status = attempt.response_status;
    w.begin_object().member("at", attempt.at).member("responseStatus", status);
    w.member("latencyMs", std::uint64_t{attempt.latency_ms}).key("error");
    if (attempt.error.empty()) w.null();
    else w.text(attempt.error);
    w.end_object();
  }
  w.end_list().end_object();
}

void list_callbacks(const request& in, const services& with, responder send) {
  request_problems problems;
  const trigger_id id{id_in_path(in, "id", problems)};
  const auto which = read_page(in, problems);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.list_deliveries(in.who, id.raw, which, answer_with<listing<delivery_record>>(style, send, [](const auto& l) {
                             return render_bare_list(l, &write_callback);
                           }));
}

constexpr std::array rows{
  route{.method = verb::post,
        .pattern = "/api/v1/orchestrator/trigger",
        .who = access::signer,
        .body = body_rule::raw,
        .handle = &trigger,
        .operation = "triggerPipeline",
        .summary = "Start a run for a job of an outside scheduler, once; signed: X-Webhook-Id, X-Webhook-Signature",
        .takes = "TriggerRequest",
        .gives = "202 TriggerResponse"},
  route{.method = verb::post,
        .pattern = "/api/v1/orchestrator/callback",
        .who = access::signer,
        .body = body_rule::raw,
        .handle = &callback,
        .operation = "receiveCallback",
        .summary = "Tell what became of a job; CANCELLED cancels its run; signed as a trigger",
        .takes = "CallbackRequest",
        .gives = "200 CallbackResponse"},
  route{.method = verb::get,
        .pattern = "/api/v1/orchestrator/webhooks",
        .permission = scope::admin,
        .handle = &list_webhooks,
        .operation = "listWebhooks",
        .summary = "List registered webhooks, newest first, without their secrets",
        .query = "limit:integer=1000,offset:integer=0",
        .gives = "200 WebhookRegistration[]"},
  route{.method = verb::post,
        .pattern = "/api/v1/orchestrator/webhooks",
        .permission = scope::admin,
        .body = body_rule::json,
        .handle = &register_webhook,
        .operation = "registerWebhook",
        .summary = "Register a webhook; its id goes into X-Webhook-Id",
        .takes = "WebhookRegistrationRequest",
        .gives = "201 WebhookRegistration"},
  route{.method = verb::get,
        .pattern = "/api/v1/orchestrator/webhooks/{id}/deliveries",
        .permission = scope::admin,
        .handle = &list_callbacks,
        .operation = "listCallbacks",
        .summary = "List what was posted to a webhook's callback_url, newest first, with every attempt; POST "
                   "/v1/webhooks/deliveries/{id}/redeliver posts one again",
        .query = "limit:integer=1000,offset:integer=0",
        .gives = "200 CallbackDelivery[]"},
  route{.method = verb::del,
        .pattern = "/api/v1/orchestrator/webhooks/{id}",
        .permission = scope::admin,
        .handle = &delete_webhook,
        .operation = "deleteWebhook",
        .summary = "Delete a registered webhook: what it signs is refused from then on",
        .gives = "204"},
};

constexpr std::array schemas{
  schema{"TriggerRequest",
         R"({"type":"object","required":["external_job_id"],"properties":{"external_job_id":{"type":"string",)"
         R"("minLength":1,"maxLength":256},"pipelineId":{"type":"string","format":"uuid","description":)"
         R"("Left out: the webhook's own pipeline, else the one pipeline that is called as the webhook is."},)"
         R"("parameters":{"type":"object"}}})"},
  schema{"TriggerResponse",
         R"({"type":"object","properties":{"runId":{"type":"string","format":"uuid"},"external_job_id":)"
         R"({"type":"string"},"status":{"const":"ACCEPTED"}}})"},
  schema{"CallbackRequest",
         R"({"type":"object","required":["external_job_id","status"],"properties":{"external_job_id":)"
         R"({"type":"string"},"runId":{"type":"string","format":"uuid"},"status":)"
         R"({"enum":["SUCCESS","FAILED","CANCELLED"]}}})"},
  schema{"CallbackResponse", R"({"type":"object","properties":{"external_job_id":{"type":"string"},"status":)"
                             R"({"type":"string"},"message":{"type":"string"}}})"},
  schema{"CallbackDelivery",
         R"({"type":"object","properties":{"id":{"type":"string","format":"uuid"},"status":)"
         R"({"enum":["pending","delivered","failed","dropped"]},"createdAt":{"type":"string","format":"date-time"},)"
         R"("nextAttemptAt":{"type":["string","null"],"format":"date-time"},"attempts":{"type":"array","items":)"
         R"({"type":"object","properties":{"at":{"type":"string","format":"date-time"},"responseStatus":)"
         R"({"type":["integer","null"]},"latencyMs":{"type":"integer"},"error":{"type":["string","null"]}}}}}})"},
  schema{"WebhookRegistrationRequest",
         R"({"type":"object","required":["name","source","hmac_secret","callback_url"],"properties":)"
         R"({"name":{"type":"string"},"source":{"type":"string"},"hmac_secret":{"type":"string","maxLength":256},)"
         R"("callback_url":{"type":"string","format":"uri"},"pipelineId":{"type":"string","format":"uuid"}}})"},
  schema{"WebhookRegistration",
         R"({"type":"object","properties":{"id":{"type":"string","format":"uuid"},"workspaceId":{"type":"string",)"
         R"("format":"uuid"},"name":{"type":"string"},"source":{"type":"string"},"callback_url":)"
         R"({"type":["string","null"]},"pipelineId":{"type":["string","null"],"format":"uuid"},)"
         R"("createdAt":{"type":"string","format":"date-time"},"createdBy":{"type":"string"}}})"},
};

} // namespace

surface orchestrator_routes() { return {"engine", style, rows, schemas}; }

std::string callback_json(const run_view& run) {
  std::string out;
  json_writer w{out};
  const auto status = run.record.status;
  w.begin_object().member("external_job_id", run.record.external_job_id).member("runId", run.record.id);
  w.member("status", status == run_status::succeeded   ? "SUCCESS"
                     : status == run_status::cancelled ? "CANCELLED"
                                                       : "FAILED");
  w.end_object();
  return out;
}

} // namespace penstock::engine_surface
