#pragma once

#include "runtime/plan/task_draft.hpp"

namespace penstock {

/// Turns the references of `ctx.drafts` into indexes and puts the tasks into `ctx.made` in an order in which each
/// stands behind those it needs, as near to the written one as that allows. Reports repeated ids, references to no task
/// or to one without a table, and cycles. The drafts are used up; the plan is only whole if there are no problems.
void link_tasks(compile_context& ctx);

} // namespace penstock
