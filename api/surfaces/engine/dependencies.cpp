#include "api/answering.hpp"
#include "api/request_options.hpp"
#include "api/surfaces/engine/render_scheduler.hpp"
#include "api/surfaces/engine/scheduler.hpp"
#include "api/surfaces/engine/scheduler_fields.hpp"

namespace penstock::engine_surface {
namespace {

constexpr auto style = error_style::problem;

pipeline_id read_pipeline(body_fields& fields, std::string_view name) {
  const auto id = fields.id(name);
  if (!fields.has(name)) fields.missing(name, "a UUID");
  return pipeline_id{id.value_or(uuid{})};
}

} // namespace

void get_dependencies(const request& in, const services& with, responder send) {
  request_problems problems;
  const pipeline_id id{id_in_path(in, "id", problems)};
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.dependencies_of(in.who, id, answer_with<dependency_graph>(style, send, [id](const auto& graph) {
                             return render_dependencies(id, graph);
                           }));
}

void add_dependency(const request& in, const services& with, responder send) {
  const auto body = json_object_body(in);
  if (!body) return send(render_error(style, body.error()));
  request_problems problems;
  body_fields fields{*body, problems};
  dependency_draft draft;
  draft.upstream = read_pipeline(fields, "upstreamPipelineId");
  draft.downstream = read_pipeline(fields, "downstreamPipelineId");
  draft.type = read_word<dependency_type>(fields, "type", "STRONG or WEAK", &parse_dependency_type)
                 .value_or(dependency_type::strong);
  auto once = idempotency_key(in, problems);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.add_dependency(in.who, draft, std::move(once),
                          answer_with<dependency_record>(
                            style, send, [](const auto& dependency) { return render_dependency(201, dependency); }));
}

void remove_dependency(const request& in, const services& with, responder send) {
  request_problems problems;
  const dependency_id id{id_in_path(in, "id", problems)};
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.remove_dependency(in.who, id, answer_with<void>(style, send, [] { return no_content(); }));
}

} // namespace penstock::engine_surface
