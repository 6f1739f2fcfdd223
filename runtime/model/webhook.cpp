#include "runtime/model/webhook.hpp"

#include <array>
#include <utility>

namespace penstock {

namespace {

constexpr std::array<std::pair<event_type, std::string_view>, 5> event_names{{
  {event_type::job_completed, "job.completed"},
  {event_type::job_failed, "job.failed"},
  {event_type::pipeline_paused, "pipeline.paused"},
  {event_type::etl_run_completed, "etl.run.completed"},
  {event_type::etl_run_failed, "etl.run.failed"},
}};

} // namespace

std::string_view to_text(event_type t) noexcept {
  for (const auto& [known, name] : event_names)
    if (known == t) return name;
  return "trigger.callback";
}

std::string shown_id(event_id id) {
  auto text = to_text(id);
  std::erase(text, '-');
  return "evt_" + text;
}

std::optional<event_type> parse_event_type(std::string_view text) noexcept {
  for (const auto& [known, name] : event_names)
    if (name == text) return known;
  return std::nullopt;
}

std::vector<std::string_view> event_type_names() {
  std::vector<std::string_view> out;
  for (const auto& [known, name] : event_names) out.push_back(name);
  return out;
}

std::string_view to_text(delivery_status s) noexcept {
  switch (s) {
    case delivery_status::pending: return "pending";
    case delivery_status::delivered: return "delivered";
    case delivery_status::failed: return "failed";
    case delivery_status::dropped: return "dropped";
  }
  return "unknown";
}

} // namespace penstock
