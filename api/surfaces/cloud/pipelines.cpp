#include "api/surfaces/cloud/pipelines.hpp"

#include "api/answering.hpp"
#include "api/body_fields.hpp"
#include "api/http_server.hpp"
#include "api/request_options.hpp"
#include "api/surfaces/cloud/definition_ends.hpp"
#include "api/surfaces/cloud/paging.hpp"
#include "api/surfaces/cloud/render.hpp"
#include "api/surfaces/cloud/triggering.hpp"
#include "api/surfaces/definition_problems.hpp"
#include "api/surfaces/entity_tag.hpp"
#include "api/surfaces/schedule_field.hpp"
#include "api/surfaces/task_defaults.hpp"
#include "runtime/model/json.hpp"
#include "runtime/plan/secret_fields.hpp"

#include <algorithm>
#include <array>
#include <memory>

namespace penstock::cloud {
namespace {

constexpr auto style = error_style::cloud;

/// The document knows only 404 for an id, so one that no pipeline can have is simply not there.
std::optional<pipeline_id> pipeline_in_path(const request& in, const responder& send) {
  if (const auto id = parse_uuid(in.parameters["id"])) return pipeline_id{*id};
  send(render_error(style, error{errc::not_found, "there is no such pipeline", {}}));
  return std::nullopt;
}

/// The definition's parts, without its secrets.
void write_parts(json_writer& w, const value& definition) {
  w.member("source", without_secrets(source_of(definition)));
  w.member("destination", without_secrets(destination_of(definition)));
  const auto* steps = definition.find("transformations");
  if (steps && is_composed(definition)) w.member("transformations", without_secrets(*steps));
}

response show(int status, const pipeline_view& p) {
  const auto written = p.source ? read_definition(*p.source) : std::nullopt;
  auto r = render_data(status, [&](json_writer& w) {
    write_pipeline(w, p);
    write_parts(w, written.value_or(value{value::object{}}));
    w.member("updated_at", p.record.updated_at.value_or(p.record.created_at));
    write_warnings(w, p);
  });
  return std::move(r.with("ETag", entity_tag(p.record)));
}

/// A callback for a change: answers with the pipeline as it is read then.
auto answer_as_read(const request& in, const services& with, responder send, int status) {
  return then<pipeline_view>(style, send, [&ops = with.ops, who = in.who, send, status](pipeline_view written) {
    const auto id = written.record.id;
    ops.get_pipeline(who, id, [send, status, written = std::move(written)](result<pipeline_view> now) {
      auto r = show(status, now ? *now : written);
      if (status == 201) r.with("Location", "/v1/pipelines/" + pipeline_text(written.record.id));
      send(std::move(r));
    });
  });
}

std::optional<pipeline_type> known_type(const std::string& word, request_problems& problems) {
  auto type = parse_pipeline_type(word);
  if (!type) problems.add("type", "must be etl, automation or saas, is \"" + word + "\"");
  return type;
}

void list_pipelines(const request& in, const services& with, responder send) {
  request_problems problems;
  const query_fields query{in.query, problems};
  const auto at = read_page(query);
  pipeline_filter filter;
  if (const auto word = query.text("type")) filter.type = known_type(*word, problems);
  if (const auto word = query.text("status")) {
    filter.standing = parse_pipeline_standing(*word);
    if (!filter.standing) problems.add("status", "must be active, paused or error, is \"" + *word + "\"");
  }
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.list_pipelines(in.who, std::move(filter), at.cut(),
                          answer_with<listing<pipeline_view>>(
                            style, send, [at](const auto& all) { return render_list(all, at, &write_pipeline); }));
}

constexpr body_fields::text_rule name_rule(bool required) {
  return {.required = required, .bytes_max = 200, .one_line = true};
}

/// `definition` as an object or as text.
std::optional<definition> read_definition_field(body_fields& fields) {
  const auto* given = fields.find("definition");
  if (!given) return std::nullopt;
  if (given->as_object()) return definition{definition_format::json, write_json(*given)};
  if (const auto* text = given->as_string()) return definition{definition_format::yaml, *text};
  fields.wrong("definition", "must be an object or YAML text, is " + std::string{given->kind_name()});
  return std::nullopt;
}

void check_parts(const value& body, body_fields& fields) {
  for (const auto* name : {"source", "destination"}) (void)fields.object(name);
  const auto* steps = body.find("transformations");
  if (steps && !steps->is_null() && !steps->as_list() && !steps->as_object())
    fields.wrong("transformations", "must be a list or an object of steps, is " + std::string{steps->kind_name()});
}

bool has_parts(const value& body) {
  return std::any_of(composed_members.begin(), composed_members.end(),
                     [&](std::string_view name) { return body.find(name) != nullptr; });
}

/// What is stored of a definition, with the parts that the body gives; a null takes one away. Secrets that are sent back
/// as they were shown keep their value.
/// @returns `errc::invalid_argument` for a mark that stands for no stored secret.
result<definition> compose(const value& stored, const value& body) {
  value::object parts;
  for (const auto& [name, member] : *stored.as_object())
    if (!body.find(name) || std::find(composed_members.begin(), composed_members.end(), name) == composed_members.end())
      parts.emplace_back(name, member);
  request_problems problems;
  for (const auto name : composed_members) {
    const auto* given = body.find(name);
    if (!given || given->is_null()) continue;
    auto part = *given;
    for (const auto& path : restore_secrets(part, stored.find(name)))
      problems.add(std::string{name} + "." + path, "is ***, which stands for a stored value, and none is stored");
    parts.emplace_back(name, std::move(part));
  }
  if (!problems.empty()) return unexpected(problems.take());
  return definition{definition_format::json, write_json(value{std::move(parts)})};
}

/// An error of an operation in terms of the body.
error in_terms_of(const value& body, error e) {
  const auto* given = body.find("definition");
  if (!given) return in_terms_of_request(std::move(e), {{}, &body});
  return in_terms_of_request(std::move(e), {"definition", given->as_object() ? given : nullptr});
}

void create_pipeline(const request& in, const services& with, responder send) {
  auto parsed = json_object_body(in);
  if (!parsed) return send(render_error(style, parsed.error()));
  const auto body = std::make_shared<const value>(std::move(*parsed));
  request_problems problems;
  body_fields fields{*body, problems};
  pipeline_draft draft;
  draft.name = fields.text("name", name_rule(true)).value_or("");
  if (const auto word = fields.text("type", {})) draft.type = known_type(*word, problems).value_or(draft.type);
  draft.schedule = read_schedule(fields, "schedule");
  auto source = read_definition_field(fields);
  check_parts(*body, fields);
  auto once = idempotency_key(in, problems);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  if (!source) {
    auto composed = compose(value{value::object{}}, *body);
    if (!composed) return send(render_error(style, composed.error()));
    source = std::move(*composed);
    draft.defaults.unfinished = true;
  }
  draft.source = std::move(*source);
  with.ops.create_pipeline(in.who, std::move(draft), std::move(once),
                           [body, done = answer_as_read(in, with, send, 201)](result<pipeline_view> made) mutable {
                             done(made ? std::move(made) : unexpected(in_terms_of(*body, std::move(made).error())));
                           });
}

void get_pipeline(const request& in, const services& with, responder send) {
  const auto id = pipeline_in_path(in, send);
  if (!id) return;
  // Never a 304: how its last run stands and when the next one is due are part of the answer, and not of the tag.
  with.ops.get_pipeline(in.who, *id,
                        answer_with<pipeline_view>(style, send, [](const auto& p) { return show(200, p); }));
}

/// Does `change` to the pipeline in the state that `If-Match` allows, or in any if there is none.
template <class Change>
void change_if_matched(const request& in, const services& with, const responder& send, pipeline_id id, Change change) {
  auto if_match = in.header_text("if-match");
  if (if_match.empty()) return change(std::optional<pipeline_state>{});
  with.ops.get_pipeline(in.who, id, then<pipeline_view>(style, send, [if_match, send, change](const auto& now) {
                          if (!may_change(if_match, now.record))
                            return send(render_error(style, changed_meanwhile(now.record)));
                          change(std::optional{pipeline_state::of(now.record)});
                        }));
}

void delete_pipeline(const request& in, const services& with, responder send) {
  const auto id = pipeline_in_path(in, send);
  if (!id) return;
  change_if_matched(in, with, send, *id, [&ops = with.ops, who = in.who, id = *id, send](auto if_state) {
    ops.delete_pipeline(who, id, if_state, answer_with<void>(style, send, &no_content));
  });
}

void set_enabled(const request& in, const services& with, const responder& send, bool enabled) {
  const auto id = pipeline_in_path(in, send);
  if (!id) return;
  change_if_matched(
    in, with, send, *id,
    [&ops = with.ops, who = in.who, id = *id, enabled, done = answer_as_read(in, with, send, 200)](auto if_state) {
      pipeline_patch patch;
      patch.if_state = if_state;
      patch.enabled = enabled;
      ops.update_pipeline(who, id, std::move(patch), done);
    });
}

/// A change of some fields. Parts of a definition are set into what is stored, so the pipeline is read first and the change
/// holds for the revision that was read; where another one came in between, it is read again.
class patching : public std::enable_shared_from_this<patching> {
public:
  /// @param patch Without what the body's parts make of the stored definition.
  patching(operations& ops, const request& in, pipeline_id id, value body, pipeline_patch patch,
           reply<pipeline_view> done)
      : ops_(ops), who_(in.who), id_(id), if_match_(in.header_text("if-match")), body_(std::move(body)),
        patch_(std::move(patch)), done_(std::move(done)) {}

  void read() {
    ops_.get_pipeline(who_, id_, [self = shared_from_this()](result<pipeline_view> now) {
      if (!now) self->done_(unexpected(std::move(now).error()));
      else self->write(*now);
    });
  }

private:
  static constexpr int tries_max = 5;

  void write(const pipeline_view& now) {
    if (!may_change(if_match_, now.record)) return done_(unexpected(changed_meanwhile(now.record)));
    auto next = patch_;
    next.defaults = task_defaults(now.record.attributes);
    if (!if_match_.empty()) next.if_state = pipeline_state::of(now.record);
    if (!next.source && has_parts(body_)) {
      auto merged = merge(now);
      if (!merged) return done_(unexpected(std::move(merged).error()));
      next.source = std::move(*merged);
      next.defaults.unfinished = true;
      next.if_state = pipeline_state::of(now.record);
    }
    ops_.update_pipeline(who_, id_, std::move(next), [self = shared_from_this()](result<pipeline_view> changed) {
      const bool again = !changed && changed.error().code == errc::precondition_failed && self->if_match_.empty() &&
                         ++self->tries_ < tries_max;
      if (again) self->read();
      else if (changed) self->done_(std::move(changed));
      else self->done_(unexpected(in_terms_of(self->body_, std::move(changed).error())));
    });
  }

  [[nodiscard]] result<definition> merge(const pipeline_view& now) const {
    const auto stored = now.source ? read_definition(*now.source) : std::nullopt;
    if (stored && is_composed(*stored)) return compose(*stored, body_);
    if (body_.find("source") && body_.find("destination")) return compose(value{value::object{}}, body_);
    return fail(errc::invalid_transition, "the pipeline has a definition of another form: send definition, or source "
                                          "and destination together in its place");
  }

  operations& ops_;
  caller who_;
  pipeline_id id_;
  std::string if_match_;
  value body_;
  pipeline_patch patch_;
  reply<pipeline_view> done_;
  int tries_ = 0;
};

pipeline_patch read_patch(const value& body, request_problems& problems) {
  body_fields fields{body, problems};
  pipeline_patch patch;
  patch.name = fields.text("name", name_rule(false));
  if (const auto word = fields.text("type", {})) patch.type = known_type(*word, problems);
  if (auto schedule = read_schedule(fields, "schedule")) patch.schedule = std::move(schedule);
  else if (fields.is_null("schedule")) patch.schedule.emplace();
  patch.source = read_definition_field(fields);
  check_parts(body, fields);
  for (const auto* name : {"name", "type", "definition"})
    if (fields.is_null(name)) problems.add(name, "must not be null; leave it out to keep it as it is");
  return patch;
}

void patch_pipeline(const request& in, const services& with, responder send) {
  const auto id = pipeline_in_path(in, send);
  if (!id) return;
  auto body = json_object_body(in);
  if (!body) return send(render_error(style, body.error()));
  request_problems problems;
  auto patch = read_patch(*body, problems);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  std::make_shared<patching>(with.ops, in, *id, std::move(*body), std::move(patch), answer_as_read(in, with, send, 200))
    ->read();
}

void pause_pipeline(const request& in, const services& with, responder send) { set_enabled(in, with, send, false); }
void resume_pipeline(const request& in, const services& with, responder send) { set_enabled(in, with, send, true); }

void trigger_pipeline(const request& in, const services& with, responder send) {
  const auto id = pipeline_in_path(in, send);
  if (!id) return;
  trigger(in, with, std::move(send), *id, std::nullopt, &write_job, [](json_writer& w, const run_record& run) {
    w.member("id", job_text(run.id)).member("pipeline_id", pipeline_text(run.pipeline));
  });
}

constexpr std::array rows{
  route{.method = verb::get,
        .pattern = "/v1/pipelines",
        .permission = scope::read_pipelines,
        .handle = &list_pipelines,
        .operation = "cloud.listPipelines",
        .summary = "List pipelines, newest first",
        .query = "page:integer=1,limit:integer=20,status:text,type:text",
        .gives = "200 CloudPipelineList"},
  route{.method = verb::post,
        .pattern = "/v1/pipelines",
        .permission = scope::write_pipelines,
        .body = body_rule::json,
        .holds_definition = true,
        .handle = &create_pipeline,
        .operation = "cloud.createPipeline",
        .summary = "Create a pipeline from a definition, or from source, transformations and destination; beside a "
                   "definition these have no effect. What is missing is a warning",
        .takes = "CloudPipelineCreate",
        .gives = "201 CloudPipelineDetail"},
  route{.method = verb::get,
        .pattern = "/v1/pipelines/{id}",
        .permission = scope::read_pipelines,
        .handle = &get_pipeline,
        .operation = "cloud.getPipeline",
        .summary = "Get a pipeline",
        .gives = "200 CloudPipelineDetail"},
  route{.method = verb::patch,
        .pattern = "/v1/pipelines/{id}",
        .permission = scope::write_pipelines,
        .body = body_rule::json,
        .holds_definition = true,
        .handle = &patch_pipeline,
        .operation = "cloud.changePipeline",
        .summary = "Change some fields of a pipeline; source, transformations and destination each by itself. A secret "
                   "sent back as *** keeps its value",
        .takes = "CloudPipelinePatch",
        .gives = "200 CloudPipelineDetail"},
  route{.method = verb::del,
        .pattern = "/v1/pipelines/{id}",
        .permission = scope::write_pipelines,
        .handle = &delete_pipeline,
        .operation = "cloud.deletePipeline",
        .summary = "Delete a pipeline with its jobs, logs and files",
        .gives = "204"},
  route{.method = verb::post,
        .pattern = "/v1/pipelines/{id}/trigger",
        .permission = scope::write_pipelines,
        .body = body_rule::optional_json,
        .handle = &trigger_pipeline,
        .operation = "cloud.triggerPipeline",
        .summary = "Start a job; with Prefer: wait=N answers 200 once it ended",
        .takes = "CloudTrigger",
        .gives = "200 JobDetail,202 JobDetail"},
  route{.method = verb::post,
        .pattern = "/v1/pipelines/{id}/pause",
        .permission = scope::write_pipelines,
        .handle = &pause_pipeline,
        .operation = "cloud.pausePipeline",
        .summary = "Pause a pipeline: schedules start it no more",
        .gives = "200 CloudPipelineDetail"},
  route{.method = verb::post,
        .pattern = "/v1/pipelines/{id}/resume",
        .permission = scope::write_pipelines,
        .handle = &resume_pipeline,
        .operation = "cloud.resumePipeline",
        .summary = "Let schedules start a pipeline again",
        .gives = "200 CloudPipelineDetail"},
};

constexpr std::array schemas{
  schema{"CloudPipelineCreate",
         R"({"type":"object","required":["name"],"properties":{"name":{"type":"string"},)"
         R"("type":{"enum":["etl","automation","saas"]},"schedule":{"type":"string"},"source":{"type":"object"},)"
         R"("destination":{"type":"object"},"transformations":{"type":["array","object"]},)"
         R"("definition":{"type":["object","string"]}}})"},
  schema{"CloudPipelinePatch",
         R"({"type":"object","properties":{"name":{"type":"string"},"type":{"enum":["etl","automation","saas"]},)"
         R"("schedule":{"type":["string","null"]},"source":{"type":["object","null"]},)"
         R"("destination":{"type":["object","null"]},"transformations":{"type":["array","object","null"]},)"
         R"("definition":{"type":["object","string"]}}})"},
  schema{"CloudPipeline",
         R"({"type":"object","properties":{"id":{"type":"string"},"name":{"type":"string"},)"
         R"("type":{"enum":["etl","automation","saas"]},"status":{"enum":["active","paused","error"]},)"
         R"("schedule":{"type":["string","null"]},"last_run_at":{"type":["string","null"],"format":"date-time"},)"
         R"("next_run_at":{"type":["string","null"],"format":"date-time"},)"
         R"("created_at":{"type":"string","format":"date-time"}}})"},
  schema{"CloudPipelineDetail",
         R"({"type":"object","properties":{"data":{"allOf":[{"$ref":"#/components/schemas/CloudPipeline"},)"
         R"({"type":"object","properties":{"source":{"type":"object","description":"Secrets are shown as ***."},)"
         R"("destination":{"type":"object"},"transformations":{"type":["array","object"]},)"
         R"("updated_at":{"type":"string","format":"date-time"},"warnings":{"type":"array","items":{"type":"string"},)"
         R"("description":"Only where there are any."}}}]}}})"},
  schema{
    "CloudPipelineList",
    R"({"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/components/schemas/CloudPipeline"}},)"
    R"("meta":{"type":"object","properties":{"total":{"type":"integer"},"page":{"type":"integer"},)"
    R"("limit":{"type":"integer"},"total_pages":{"type":"integer"}}}}})"},
  schema{"CloudTrigger", R"({"type":"object","properties":{"parameters":{"type":"object"},)"
                         R"("priority":{"enum":["HIGH","NORMAL","LOW"],"description":"Else the definition's."}}})"},
};

} // namespace

surface pipeline_routes() { return {"cloud", style, rows, schemas}; }

} // namespace penstock::cloud
