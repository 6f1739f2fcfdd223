#pragma once

#include "api/request.hpp"
#include "api/response.hpp"
#include "api/route.hpp"

namespace penstock {

/// `DELETE` of the pipeline named by `{id}`, the same on every surface with problem documents: 204, or 412 if `If-Match`
/// names another state of it.
void delete_pipeline_in_path(const request& in, const services& with, const responder& send);

} // namespace penstock
