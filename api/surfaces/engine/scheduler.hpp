#pragma once

#include "api/route.hpp"

/// The scheduler of the engine surface: `/api/v1/scheduler/…`. A file per resource.
namespace penstock::engine_surface {

[[nodiscard]] surface scheduler_routes();

void list_schedules(const request& in, const services& with, responder send);
void create_schedule(const request& in, const services& with, responder send);
void get_schedule(const request& in, const services& with, responder send);
void update_schedule(const request& in, const services& with, responder send);
void delete_schedule(const request& in, const services& with, responder send);
void pause_schedule(const request& in, const services& with, responder send);
void resume_schedule(const request& in, const services& with, responder send);
void next_runs(const request& in, const services& with, responder send);

void list_backfills(const request& in, const services& with, responder send);
void create_backfill(const request& in, const services& with, responder send);
void get_backfill(const request& in, const services& with, responder send);
void pause_backfill(const request& in, const services& with, responder send);
void resume_backfill(const request& in, const services& with, responder send);
void cancel_backfill(const request& in, const services& with, responder send);
void retry_backfill(const request& in, const services& with, responder send);

void get_dependencies(const request& in, const services& with, responder send);
void add_dependency(const request& in, const services& with, responder send);
void remove_dependency(const request& in, const services& with, responder send);

void list_calendars(const request& in, const services& with, responder send);
void get_calendar(const request& in, const services& with, responder send);
void put_calendar(const request& in, const services& with, responder send);
void delete_calendar(const request& in, const services& with, responder send);

} // namespace penstock::engine_surface
