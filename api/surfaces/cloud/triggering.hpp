#pragma once

#include "api/answering.hpp"
#include "api/body_fields.hpp"
#include "api/http_server.hpp"
#include "api/request_options.hpp"
#include "api/surfaces/cloud/paging.hpp"
#include "api/surfaces/cloud/render.hpp"
#include "api/surfaces/priority_field.hpp"

namespace penstock::cloud {

/// Starts a run of a pipeline, of that type if one is given, as the request says and answers it; `write_ended` puts the members of one that was waited
/// for, `write_ids` those that name a run that has just begun.
template <class WriteEnded, class WriteIds>
void trigger(const request& in, const services& with, responder send, pipeline_id id, std::optional<pipeline_type> type,
             WriteEnded write_ended, WriteIds write_ids) {
  constexpr auto style = error_style::cloud;
  const auto body = json_object_body(in);
  if (!body) return send(render_error(style, body.error()));
  request_problems problems;
  start_request start;
  start.pipeline = id;
  start.type = type;
  body_fields fields{*body, problems};
  if (auto parameters = fields.object("parameters")) start.parameters = std::move(*parameters);
  start.priority = priority_field(fields, false);
  start.trigger = trigger_kind::api;
  start.triggered_by = in.who.subject;
  start.traceparent = traceparent_of(in);
  start.once = idempotency_key(in, problems);
  start.wait = preferred_wait(in, with.settings.wait_max);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  const auto wait = start.wait;
  with.ops.start_run(in.who, std::move(start), answer_with<started_run>(style, send, [=](const started_run& started) {
                       const auto& run = started.run.record;
                       // As documented, a start is answered with the state it began in, however far the run has come meanwhile.
                       auto r = started.ended ? render_data(200, [&](json_writer& w) { write_ended(w, started.run); })
                                              : render_data(202, [&](json_writer& w) {
                                                  write_ids(w, run);
                                                  w.member("status", "pending").member("triggered_by", "api");
                                                  w.member("created_at", run.created_at);
                                                });
                       if (started.replayed) r.with("Idempotency-Replayed", "true");
                       if (wait.count() > 0)
                         r.with("Preference-Applied", "wait=" + std::to_string(wait.count() / 1'000));
                       return std::move(r.with("Location", "/v1/jobs/" + job_text(run.id)));
                     }));
}

} // namespace penstock::cloud
