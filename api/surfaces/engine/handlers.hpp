#pragma once

#include "api/route.hpp"

namespace penstock::engine_surface {

void list_pipelines(const request& in, const services& with, responder send);
void create_pipeline(const request& in, const services& with, responder send);
void get_pipeline(const request& in, const services& with, responder send);
void update_pipeline(const request& in, const services& with, responder send);
void delete_pipeline(const request& in, const services& with, responder send);

void run_pipeline(const request& in, const services& with, responder send);
void get_run(const request& in, const services& with, responder send);
void cancel_run(const request& in, const services& with, responder send);
void stream_run(const request& in, const services& with, responder send);

} // namespace penstock::engine_surface
