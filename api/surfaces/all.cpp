#include "api/surfaces/all.hpp"

#include "api/surfaces/cloud/routes.hpp"
#include "api/surfaces/engine/routes.hpp"
#include "api/surfaces/engine/scheduler.hpp"
#include "api/surfaces/node/routes.hpp"
#include "api/surfaces/pipelines/routes.hpp"

namespace penstock {

std::vector<surface> all_surfaces() {
  return {node::routes(), cloud::routes(), pipelines::routes(), engine_surface::routes(),
          engine_surface::scheduler_routes()};
}

} // namespace penstock
