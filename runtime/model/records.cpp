#include "runtime/model/records.hpp"

namespace penstock {

std::string_view to_text(run_status s) noexcept {
  switch (s) {
    case run_status::pending: return "pending";
    case run_status::running: return "running";
    case run_status::succeeded: return "succeeded";
    case run_status::failed: return "failed";
    case run_status::cancelled: return "cancelled";
  }
  return "unknown";
}

std::string_view to_text(task_status s) noexcept {
  switch (s) {
    case task_status::pending: return "pending";
    case task_status::running: return "running";
    case task_status::waiting: return "waiting";
    case task_status::succeeded: return "succeeded";
    case task_status::failed: return "failed";
    case task_status::cancelled: return "cancelled";
    case task_status::skipped: return "skipped";
    case task_status::blocked: return "blocked";
  }
  return "unknown";
}

std::string_view to_text(trigger_kind t) noexcept {
  switch (t) {
    case trigger_kind::manual: return "manual";
    case trigger_kind::schedule: return "schedule";
    case trigger_kind::backfill: return "backfill";
    case trigger_kind::dependency: return "dependency";
    case trigger_kind::webhook: return "webhook";
    case trigger_kind::parent: return "parent";
    case trigger_kind::api: return "api";
  }
  return "unknown";
}

std::string_view to_text(pipeline_type t) noexcept {
  switch (t) {
    case pipeline_type::etl: return "etl";
    case pipeline_type::automation: return "automation";
    case pipeline_type::saas: return "saas";
  }
  return "etl";
}

std::optional<pipeline_type> parse_pipeline_type(std::string_view text) noexcept {
  for (const auto t : {pipeline_type::etl, pipeline_type::automation, pipeline_type::saas})
    if (to_text(t) == text) return t;
  return std::nullopt;
}

std::string_view to_text(pipeline_standing s) noexcept {
  switch (s) {
    case pipeline_standing::active: return "active";
    case pipeline_standing::paused: return "paused";
    case pipeline_standing::error: return "error";
  }
  return "active";
}

std::optional<pipeline_standing> parse_pipeline_standing(std::string_view text) noexcept {
  for (const auto s : {pipeline_standing::active, pipeline_standing::paused, pipeline_standing::error})
    if (to_text(s) == text) return s;
  return std::nullopt;
}

} // namespace penstock
