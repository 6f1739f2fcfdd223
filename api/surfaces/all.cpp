#include "api/surfaces/all.hpp"

#include "api/surfaces/cloud/audit.hpp"
#include "api/surfaces/cloud/jobs.hpp"
#include "api/surfaces/cloud/metrics.hpp"
#include "api/surfaces/cloud/pipelines.hpp"
#include "api/surfaces/cloud/routes.hpp"
#include "api/surfaces/cloud/webhooks.hpp"
#include "api/surfaces/cloud/workflows.hpp"
#include "api/surfaces/engine/orchestrator.hpp"
#include "api/surfaces/engine/routes.hpp"
#include "api/surfaces/engine/scheduler.hpp"
#include "api/surfaces/node/routes.hpp"
#include "api/surfaces/pipelines/routes.hpp"

namespace penstock {

std::vector<surface> all_surfaces() {
  return {node::routes(),           cloud::routes(),
          cloud::job_routes(),      cloud::pipeline_routes(),
          cloud::workflow_routes(), pipelines::routes(),
          engine_surface::routes(), engine_surface::scheduler_routes(),
          cloud::webhook_routes(),  engine_surface::orchestrator_routes(),
          cloud::metric_routes(),   cloud::audit_routes()};
}

} // namespace penstock
