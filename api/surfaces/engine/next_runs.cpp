#include "api/answering.hpp"
#include "api/surfaces/engine/render_scheduler.hpp"
#include "api/surfaces/engine/scheduler.hpp"
#include "api/surfaces/engine/scheduler_fields.hpp"
#include "runtime/calendar/cron_syntax.hpp"

#include <algorithm>
#include <memory>

namespace penstock::engine_surface {
namespace {

constexpr auto style = error_style::problem;
constexpr std::uint64_t runs_max = 1'000;
/// Schedules of one pipeline that are looked at together.
constexpr std::uint32_t schedules_max = 100;

/// A time; the `+` of an offset that was not encoded arrives as a blank.
std::optional<timestamp> read_time(const query_fields& query, request_problems& problems, std::string_view name) {
  auto text = query.text(name);
  if (!text) return std::nullopt;
  std::replace(text->begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(text->size(), 11)), text->end(), ' ',
               '+');
  const auto t = parse_rfc3339(*text);
  if (!t) problems.add(std::string{name}, "must be a time such as 2026-01-31T09:30:00Z");
  return t;
}

/// A rule that no schedule has.
schedule_draft read_rule(const query_fields& query, request_problems& problems, std::string cron) {
  schedule_draft draft;
  if (const auto parsed = parse_cron(cron); !parsed)
    for (const auto& p : parsed.error().problems) problems.add("cronExpression", p.message);
  draft.cron = std::move(cron);
  draft.timezone = query.text("timezone");
  draft.business_days_only = query.boolean("businessDaysOnly");
  draft.skip_holidays = query.boolean("skipHolidays");
  draft.calendar = query.text("calendar");
  if (!problems.empty() && draft.timezone) add_zone_problem(problems, *draft.timezone);
  return draft;
}

/// The times of several schedules in one, asked for one after the other.
class merged_preview : public std::enable_shared_from_this<merged_preview> {
public:
  merged_preview(operations& ops, caller who, preview_request request, responder send)
      : ops_(ops), who_(std::move(who)), request_(std::move(request)), send_(std::move(send)) {}

  void begin(const listing<schedule_view>& schedules) {
    if (schedules.total > schedules_max)
      return send_(render_error(style, error{errc::invalid_argument,
                                             "the pipeline has more than " + std::to_string(schedules_max) +
                                               " schedules; ask for one of them with scheduleId",
                                             {}}));
    for (const auto& s : schedules.entries) left_.push_back(s.record.id);
    next();
  }

private:
  void next() {
    if (left_.empty()) return send_(render_next_runs(times_));
    auto request = request_;
    request.schedule = left_.back();
    left_.pop_back();
    ops_.preview_schedule(who_, std::move(request),
                          then<std::vector<timestamp>>(style, send_, [self = shared_from_this()](const auto& times) {
                            self->merge(times);
                            self->next();
                          }));
  }

  void merge(const std::vector<timestamp>& more) {
    times_.insert(times_.end(), more.begin(), more.end());
    std::sort(times_.begin(), times_.end());
    times_.erase(std::unique(times_.begin(), times_.end()), times_.end());
    times_.resize(std::min<std::size_t>(times_.size(), request_.limit));
  }

  operations& ops_;
  const caller who_;
  const preview_request request_;
  const responder send_;
  std::vector<schedule_id> left_;
  std::vector<timestamp> times_;
};

} // namespace

void next_runs(const request& in, const services& with, responder send) {
  request_problems problems;
  const query_fields query{in.query, problems};
  const auto schedule = query.id("scheduleId");
  const auto pipeline = query.id("pipelineId");
  auto cron = query.text("cronExpression");
  preview_request wanted;
  wanted.limit = static_cast<std::uint32_t>(query.number("limit", 20, 1, runs_max));
  wanted.from = read_time(query, problems, "from");
  const int given = (query.text("scheduleId") ? 1 : 0) + (query.text("pipelineId") ? 1 : 0) + (cron ? 1 : 0);
  if (given != 1) problems.add("", "give one of scheduleId, pipelineId and cronExpression");
  if (cron) wanted.draft = read_rule(query, problems, std::move(*cron));
  if (!problems.empty()) return send(render_error(style, problems.take()));
  if (pipeline) {
    const auto merged = std::make_shared<merged_preview>(with.ops, in.who, std::move(wanted), send);
    return with.ops.list_schedules(
      in.who, {pipeline_id{*pipeline}}, {schedules_max, 0},
      then<listing<schedule_view>>(style, send, [merged](const auto& schedules) { merged->begin(schedules); }));
  }
  if (schedule) wanted.schedule = schedule_id{*schedule};
  with.ops.preview_schedule(in.who, std::move(wanted),
                            answer_with<std::vector<timestamp>>(style, send, &render_next_runs));
}

} // namespace penstock::engine_surface
