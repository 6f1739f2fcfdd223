#include "api/surfaces/entity_tag.hpp"

#include "api/request_options.hpp"

namespace penstock {

std::string entity_tag(const pipeline_record& p) {
  return "\"" + std::to_string(p.revision) + "-" + std::to_string(to_ms(p.updated_at.value_or(p.created_at))) + "\"";
}

std::optional<response> not_modified(const std::string& if_none_match, const pipeline_record& p) {
  if (if_none_match.empty() || !lists_tag(if_none_match, entity_tag(p), true)) return std::nullopt;
  response r;
  r.status = 304;
  r.with("ETag", entity_tag(p));
  return r;
}

bool may_change(const std::string& if_match, const pipeline_record& p) {
  return if_match.empty() || lists_tag(if_match, entity_tag(p), false);
}

error changed_meanwhile(const pipeline_record& p) {
  return {errc::precondition_failed, "the pipeline has changed; its ETag is " + entity_tag(p), {}};
}

} // namespace penstock
