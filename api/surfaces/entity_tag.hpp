#pragma once

#include "api/response.hpp"
#include "runtime/error.hpp"
#include "runtime/model/records.hpp"

#include <optional>
#include <string>

namespace penstock {

/// `ETag` of a pipeline: `"<revision>-<time of the last change>"`, so it changes with whatever a client changes of the
/// pipeline itself, and is the same on every surface. How its runs stand is no part of it.
[[nodiscard]] std::string entity_tag(const pipeline_record& p);

/// 304 for a client whose `If-None-Match` names the pipeline as it is.
[[nodiscard]] std::optional<response> not_modified(const std::string& if_none_match, const pipeline_record& p);

/// Whether a client's `If-Match` (empty: none was given) allows a change of `p`.
[[nodiscard]] bool may_change(const std::string& if_match, const pipeline_record& p);

/// What to tell a client that may not.
[[nodiscard]] error changed_meanwhile(const pipeline_record& p);

} // namespace penstock
