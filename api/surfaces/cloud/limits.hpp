#pragma once

#include "api/route.hpp"

/// Who may run when: pools, and the priority of a job.
namespace penstock::cloud {

void list_pools(const request& in, const services& with, responder send);
void put_pool(const request& in, const services& with, responder send);
void delete_pool(const request& in, const services& with, responder send);
void change_job(const request& in, const services& with, responder send);

} // namespace penstock::cloud
