#include "actors/core/schedule_records.hpp"

#include "actors/core/sealed_records.hpp"

namespace penstock {

namespace {

template <class Record>
sealed_place place(const Record& record, sealed_kind kind) {
  return {record.workspace, record.id.raw, 0, static_cast<std::uint8_t>(kind)};
}

/// Adds an error's problems under the name of the member they are about.
void add_problems(std::vector<problem>& to, const error& from, const std::string& field) {
  if (from.problems.empty()) to.push_back({field, from.message, 0, 0});
  for (auto p : from.problems) {
    if (p.field.empty() || !p.field.starts_with(field)) p.field = field;
    // Some messages begin with their field.
    if (const auto prefix = p.field + ": "; p.message.starts_with(prefix)) p.message.erase(0, prefix.size());
    to.push_back(std::move(p));
  }
}

error wrong_schedule(std::vector<problem> problems) {
  std::string message;
  for (const auto& p : problems) message += (message.empty() ? "" : "; ") + p.field + ": " + p.message;
  return {errc::invalid_argument, std::move(message), std::move(problems)};
}

} // namespace

sealed_place parameters_place(const schedule_record& record) { return place(record, sealed_kind::parameters); }
sealed_place error_place(const schedule_record& record) { return place(record, sealed_kind::error); }
sealed_place parameters_place(const backfill_record& record) { return place(record, sealed_kind::parameters); }
sealed_place error_place(const backfill_record& record) { return place(record, sealed_kind::error); }

schedule_view open_schedule(const entity_surroundings& around, schedule_record record) {
  schedule_view view;
  if (auto parameters = open_value(around.seals, parameters_place(record), record.sealed_parameters))
    view.parameters = std::move(*parameters);
  view.error = open_text(around.seals, error_place(record), record.sealed_error);
  if (record.next_at && record.skip_holidays) {
    const auto holidays = holidays_for(*around.registry, record);
    if (const auto rule = rule_of(record, holidays.get()))
      record.next_at = next_firing(*rule, *record.next_at - milliseconds{1});
  }
  record.sealed_parameters.clear();
  record.sealed_error.clear();
  view.record = std::move(record);
  return view;
}

backfill_view open_backfill(const sealer& seals, backfill_record record) {
  backfill_view view;
  if (auto parameters = open_value(seals, parameters_place(record), record.sealed_parameters))
    view.parameters = std::move(*parameters);
  view.error = open_text(seals, error_place(record), record.sealed_error);
  if (const auto intervals = intervals_of(record); intervals && intervals->size() > 0) {
    view.first = shown((*intervals)[0]);
    view.last = shown((*intervals)[intervals->size() - 1]);
  }
  record.sealed_parameters.clear();
  record.sealed_error.clear();
  view.record = std::move(record);
  return view;
}

void apply_draft(schedule_record& record, const schedule_draft& draft) {
  if (draft.name) record.name = *draft.name;
  if (draft.cron) record.cron = *draft.cron;
  if (draft.timezone) record.timezone = *draft.timezone;
  if (draft.business_days_only) record.business_days_only = *draft.business_days_only;
  if (draft.skip_holidays) record.skip_holidays = *draft.skip_holidays;
  if (draft.calendar) record.calendar = *draft.calendar;
  if (draft.maintenance_windows) record.maintenance_windows = *draft.maintenance_windows;
  if (draft.overlap) record.overlap = *draft.overlap;
  if (draft.catchup) record.catchup = *draft.catchup;
  if (draft.catchup_runs) record.catchup_runs = *draft.catchup_runs;
  if (draft.priority) record.priority = static_cast<std::uint8_t>(*draft.priority);
}

result<schedule_rule> rule_of(const schedule_record& record, const holiday_calendar* holidays) {
  std::vector<problem> problems;
  schedule_rule rule;
  if (auto cron = parse_cron(record.cron)) rule.cron = *cron;
  else add_problems(problems, cron.error(), "cronExpression");
  if (auto zone = find_time_zone(record.timezone)) rule.zone = *zone;
  else add_problems(problems, zone.error(), "timezone");
  if (auto windows = parse_maintenance_windows(record.maintenance_windows, "maintenanceWindows"))
    rule.windows = std::move(*windows);
  else add_problems(problems, windows.error(), "maintenanceWindows");
  if (!problems.empty()) return unexpected(wrong_schedule(std::move(problems)));
  rule.business_days_only = record.business_days_only;
  rule.skip_holidays = record.skip_holidays;
  rule.holidays = holidays;
  return rule;
}

result<void> check_schedule(const schedule_record& record, const holiday_calendar* holidays, timestamp now) {
  const auto rule = rule_of(record, holidays);
  if (!rule) return unexpected(rule.error());
  auto problems = check_rule(*rule, now);
  for (auto& p : problems)
    if (p.field == "cron") p.field = "cronExpression";
  if (!problems.empty()) return unexpected(wrong_schedule(std::move(problems)));
  return {};
}

result<std::vector<timestamp>> preview_schedule(const schedule_record& record, const holiday_calendar* holidays,
                                                timestamp from, std::size_t limit) {
  const auto rule = rule_of(record, holidays);
  if (!rule) return unexpected(rule.error());
  return preview(*rule, from, limit);
}

std::shared_ptr<const holiday_calendar> holidays_for(const system_registry& registry, const schedule_record& record) {
  if (!record.skip_holidays) return nullptr;
  const auto name = record.calendar.empty() ? std::string{"holidays"} : record.calendar;
  return registry.read([&](const system_tables& t) { return t.holidays(record.workspace, name); });
}

result<backfill_intervals> intervals_of(const backfill_record& record) {
  auto zone = find_time_zone(record.timezone);
  if (!zone) {
    std::vector<problem> problems;
    add_problems(problems, zone.error(), "timezone");
    return unexpected(wrong_schedule(std::move(problems)));
  }
  return backfill_intervals::make({record.from, record.to, record.granularity, *zone});
}

} // namespace penstock
