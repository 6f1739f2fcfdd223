#include "api/answering.hpp"
#include "api/body_fields.hpp"
#include "api/http_server.hpp"
#include "api/json_writer.hpp"
#include "api/request_options.hpp"
#include "api/surfaces/definition_problems.hpp"
#include "api/surfaces/engine/handlers.hpp"
#include "api/surfaces/engine/render.hpp"
#include "api/surfaces/priority_field.hpp"
#include "api/surfaces/task_defaults.hpp"

#include <memory>

namespace penstock::engine_surface {
namespace {

constexpr auto style = error_style::problem;

/// Goes on with the run's id, or answers that the path holds none.
template <class Go>
void with_run_id(const request& in, const responder& send, Go go) {
  request_problems problems;
  const run_id id{id_in_path(in, "runId", problems)};
  if (!problems.empty()) return send(render_error(style, problems.take()));
  go(id);
}

void start(operations& ops, const caller& who, start_request request, const responder& send) {
  const auto wait = request.wait;
  const bool own_definition = request.source.has_value();
  ops.start_run(who, std::move(request), [&ops, who, wait, own_definition, send](result<started_run> started) {
    if (!started) {
      auto& e = started.error();
      return send(render_error(style, own_definition ? in_terms_of_request(std::move(e), {"yamlDefinition"}) : e));
    }
    const auto id = started->run.record.id;
    const auto finish = [wait, send, id, replayed = started->replayed](response r) {
      if (replayed) r.with("Idempotency-Replayed", "true");
      if (wait.count() > 0) r.with("Preference-Applied", "wait=" + std::to_string(wait.count() / 1'000));
      send(std::move(r.with("Location", "/api/v1/runs/" + to_text(id))));
    };
    if (!started->ended) return finish(render_started(started->run));
    // The ended run is answered as GET shows it, with its tasks.
    ops.get_run(who, id, then<run_view>(style, send, [finish](const auto& run) {
                  finish(json_response(200, run_status_json(run)));
                }));
  });
}

bool asks_for_websocket(const request& in) {
  const auto* upgrade = in.header("upgrade");
  return upgrade && equal_ignoring_case(*upgrade, "websocket");
}

/// Sends the run's state into an open WebSocket now and after each change.
stream_opener make_opener(operations& ops, caller who, run_id id) {
  return [&ops, who = std::move(who), id](const std::shared_ptr<message_sink>& sink) {
    return ops.watch_run(who, id, [sink](result<run_view> run) {
      if (!run) return sink->finish(render_error(style, run.error()).body);
      if (is_terminal(run->record.status)) return sink->finish(run_status_json(*run));
      sink->send(run_status_json(*run));
    });
  };
}

} // namespace

void run_pipeline(const request& in, const services& with, responder send) {
  request_problems problems;
  start_request request;
  request.pipeline = pipeline_id{id_in_path(in, "id", problems)};
  const auto body = json_object_body(in);
  if (!body) return send(render_error(style, body.error()));
  body_fields fields{*body, problems};
  if (auto yaml = fields.text("yamlDefinition", {.bytes_max = with.settings.definitions.yaml_bytes_max}))
    request.source = definition{definition_format::yaml, std::move(*yaml)};
  request.triggered_by = fields.text("triggeredBy", {.bytes_max = 200, .one_line = true}).value_or(in.who.subject);
  if (auto parameters = fields.object("parameters")) request.parameters = std::move(*parameters);
  request.priority = priority_field(fields, false);
  request.traceparent = traceparent_of(in);
  request.once = idempotency_key(in, problems);
  request.wait = preferred_wait(in, with.settings.wait_max);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  if (!request.source) return start(with.ops, in.who, std::move(request), send);
  // A definition of the run's own gets the defaults of its pipeline.
  const auto id = request.pipeline;
  with.ops.get_pipeline(
    in.who, id,
    then<pipeline_view>(style, send,
                        [&ops = with.ops, who = in.who, request = std::move(request), send](const auto& now) mutable {
                          request.defaults = task_defaults(now.record.attributes);
                          start(ops, who, std::move(request), send);
                        }));
}

void get_run(const request& in, const services& with, responder send) {
  with_run_id(in, send, [&](run_id id) {
    with.ops.get_run(in.who, id, answer_with<run_view>(style, send, [](const auto& run) {
                       return json_response(200, run_status_json(run));
                     }));
  });
}

void cancel_run(const request& in, const services& with, responder send) {
  with_run_id(in, send, [&](run_id id) {
    with.ops.cancel_run(in.who, id, answer_with<run_view>(style, send, [](const auto& run) {
                          std::string body;
                          json_writer w{body};
                          w.begin_object().member("runId", run.record.id).member("status", "CANCELLED");
                          w.member("message", "Run cancelled by user request").end_object();
                          return json_response(200, std::move(body));
                        }));
  });
}

void stream_run(const request& in, const services& with, responder send) {
  with_run_id(in, send, [&](run_id id) {
    if (in.method != verb::get || !asks_for_websocket(in)) {
      auto r = render_error(
        style, http_error{426, "upgrade_required", "this path speaks WebSocket only (Upgrade: websocket)"});
      return send(std::move(r.with("Upgrade", "websocket")));
    }
    // Asked for first, so that an unknown run is a 404 instead of a WebSocket that closes.
    with.ops.get_run(in.who, id, answer_with<run_view>(style, send, [&ops = with.ops, who = in.who, id](const auto&) {
                       response r;
                       r.status = 101;
                       r.open_stream = make_opener(ops, who, id);
                       return r;
                     }));
  });
}

} // namespace penstock::engine_surface
