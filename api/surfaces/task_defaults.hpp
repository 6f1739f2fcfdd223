#pragma once

#include "runtime/model/value.hpp"
#include "runtime/plan/compile.hpp"

namespace penstock {

/// What tasks without settings of their own get, from a pipeline's kept fields: `maxRetries`, `retryDelaySeconds` and
/// `timeoutSeconds` of the engine surface. A pipeline without them (of another surface) does not retry. Every surface
/// that compiles such a pipeline again must ask here, or its tasks would change with who touched it last.
[[nodiscard]] compile_options task_defaults(const value& attributes);

} // namespace penstock
