#include "api/surfaces/delete_pipeline.hpp"

#include "api/answering.hpp"
#include "api/request_options.hpp"
#include "api/surfaces/entity_tag.hpp"

namespace penstock {

namespace {

constexpr auto style = error_style::problem;

} // namespace

void delete_pipeline_in_path(const request& in, const services& with, const responder& send) {
  request_problems problems;
  const pipeline_id id{id_in_path(in, "id", problems)};
  if (!problems.empty()) return send(render_error(style, problems.take()));
  auto gone = answer_with<void>(style, send, &no_content);
  auto if_match = in.header_text("if-match");
  if (if_match.empty()) return with.ops.delete_pipeline(in.who, id, {}, std::move(gone));
  with.ops.get_pipeline(
    in.who, id,
    then<pipeline_view>(style, send, [&ops = with.ops, who = in.who, id, if_match, gone, send](const auto& now) {
      if (!may_change(if_match, now.record)) return send(render_error(style, changed_meanwhile(now.record)));
      ops.delete_pipeline(who, id, pipeline_state::of(now.record), gone);
    }));
}

} // namespace penstock
