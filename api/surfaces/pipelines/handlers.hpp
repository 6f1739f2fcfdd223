#pragma once

#include "api/route.hpp"

namespace penstock::pipelines {

void list_pipelines(const request& in, const services& with, responder send);
void create_pipeline(const request& in, const services& with, responder send);
void get_pipeline(const request& in, const services& with, responder send);
void update_pipeline(const request& in, const services& with, responder send);
void delete_pipeline(const request& in, const services& with, responder send);
void duplicate_pipeline(const request& in, const services& with, responder send);

void start_run(const request& in, const services& with, responder send);
void list_runs(const request& in, const services& with, responder send);
void get_run(const request& in, const services& with, responder send);
void get_logs(const request& in, const services& with, responder send);
void download_output(const request& in, const services& with, responder send);
void cancel_run(const request& in, const services& with, responder send);

} // namespace penstock::pipelines
