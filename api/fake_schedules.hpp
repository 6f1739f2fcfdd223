#pragma once

#include "actors/refusing_operations.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace penstock::test {

/// Schedules, backfills, dependencies and calendars in memory, for tests of the API: what comes is kept and given back;
/// nothing is decided, nothing comes due. Answers come inside the call, from one thread.
template <class Base>
class fake_schedules : public refusing_schedules<Base> {
public:
  // What a test sets and sees.
  std::optional<error> next_schedule_error; ///< The next operation here fails with it.
  request_key last_schedule_key;
  schedule_draft last_schedule_draft;
  preview_request last_preview;
  backfill_draft last_backfill_draft;
  std::optional<backfill_action> last_backfill_action;
  dependency_draft last_dependency_draft;
  std::map<schedule_id, schedule_view> schedules;
  std::map<backfill_id, backfill_view> backfills;
  std::map<dependency_id, dependency_record> dependencies;
  std::map<std::string, calendar_record> calendars;

  void create_schedule(const caller& who, pipeline_id pipeline, schedule_draft draft, request_key once,
                       reply<schedule_view> done) override {
    answer<schedule_view>(done, [&]() -> result<schedule_view> {
      last_schedule_draft = draft;
      last_schedule_key = once;
      schedule_view made;
      made.record.id = schedule_id{next_id()};
      made.record.pipeline = pipeline;
      made.record.workspace = who.workspace;
      made.record.created_by = who.subject;
      made.record.created_at = at_;
      made.record.next_at = at_ + std::chrono::minutes{1};
      apply(made, draft);
      return schedules[made.record.id] = made;
    });
  }

  void update_schedule(const caller& who, schedule_id id, schedule_draft changes, reply<schedule_view> done) override {
    change(who, id, done, [&](schedule_view& s) {
      last_schedule_draft = changes;
      apply(s, changes);
      s.record.updated_at = at_ + std::chrono::seconds{1};
    });
  }

  void pause_schedule(const caller& who, schedule_id id, bool paused, reply<schedule_view> done) override {
    change(who, id, done, [&](schedule_view& s) {
      s.record.paused = paused;
      s.record.next_at = paused ? std::nullopt : std::optional{at_ + std::chrono::minutes{1}};
    });
  }

  void delete_schedule(const caller&, schedule_id id, reply<void> done) override {
    answer<void>(done, [&]() -> result<void> {
      if (schedules.erase(id) == 0) return missing();
      return {};
    });
  }

  void get_schedule(const caller& who, schedule_id id, reply<schedule_view> done) override {
    change(who, id, done, [](schedule_view&) {});
  }

  void list_schedules(const caller& who, schedule_filter filter, page which,
                      reply<listing<schedule_view>> done) override {
    answer<listing<schedule_view>>(
      done, [&]() -> result<listing<schedule_view>> { return list(schedules, who, filter.pipeline, which); });
  }

  /// Every minute, on the minute; of a schedule that is known, every `catchupRuns` minutes.
  void preview_schedule(const caller&, preview_request request, reply<std::vector<timestamp>> done) override {
    answer<std::vector<timestamp>>(done, [&]() -> result<std::vector<timestamp>> {
      last_preview = request;
      if (request.schedule && !schedules.contains(*request.schedule)) return missing();
      std::vector<timestamp> times;
      const auto minutes =
        std::chrono::minutes{request.schedule ? schedules[*request.schedule].record.catchup_runs : 1};
      for (auto t = request.from.value_or(at_) + minutes; times.size() < request.limit; t += minutes)
        times.push_back(t);
      return times;
    });
  }

  void create_backfill(const caller& who, backfill_draft draft, request_key once, reply<backfill_view> done) override {
    answer<backfill_view>(done, [&]() -> result<backfill_view> {
      last_backfill_draft = draft;
      last_schedule_key = once;
      backfill_view made;
      auto& r = made.record;
      r.id = backfill_id{next_id()};
      r.pipeline = draft.pipeline;
      r.workspace = who.workspace;
      r.from = draft.from;
      r.to = draft.to;
      r.granularity = draft.granularity;
      r.timezone = draft.timezone;
      r.concurrency = draft.concurrency;
      r.priority = static_cast<std::uint8_t>(draft.priority);
      r.dry_run = draft.dry_run;
      r.status = draft.dry_run ? backfill_status::pending : backfill_status::running;
      r.intervals_total = 30;
      r.created_at = at_;
      r.created_by = who.subject;
      made.parameters = draft.parameters;
      return backfills[r.id] = made;
    });
  }

  void get_backfill(const caller&, backfill_id id, reply<backfill_view> done) override {
    answer<backfill_view>(done, [&]() -> result<backfill_view> {
      if (!backfills.contains(id)) return missing();
      return backfills[id];
    });
  }

  void list_backfills(const caller& who, std::optional<pipeline_id> pipeline, page which,
                      reply<listing<backfill_view>> done) override {
    answer<listing<backfill_view>>(
      done, [&]() -> result<listing<backfill_view>> { return list(backfills, who, pipeline, which); });
  }

  void change_backfill(const caller&, backfill_id id, backfill_action action, reply<backfill_view> done) override {
    answer<backfill_view>(done, [&]() -> result<backfill_view> {
      last_backfill_action = action;
      if (!backfills.contains(id)) return missing();
      return backfills[id];
    });
  }

  void add_dependency(const caller& who, dependency_draft draft, request_key once,
                      reply<dependency_record> done) override {
    answer<dependency_record>(done, [&]() -> result<dependency_record> {
      last_dependency_draft = draft;
      last_schedule_key = once;
      dependency_record made;
      made.id = dependency_id{next_id()};
      made.workspace = who.workspace;
      made.upstream = draft.upstream;
      made.downstream = draft.downstream;
      made.type = draft.type;
      made.created_at = at_;
      made.created_by = who.subject;
      return dependencies[made.id] = made;
    });
  }

  void remove_dependency(const caller&, dependency_id id, reply<void> done) override {
    answer<void>(done, [&]() -> result<void> {
      if (dependencies.erase(id) == 0) return missing();
      return {};
    });
  }

  void dependencies_of(const caller&, pipeline_id id, reply<dependency_graph> done) override {
    answer<dependency_graph>(done, [&]() -> result<dependency_graph> {
      dependency_graph graph;
      for (const auto& [known, d] : dependencies) {
        if (d.downstream == id) graph.upstream.push_back({d, true});
        if (d.upstream == id) graph.downstream.push_back(d);
      }
      return graph;
    });
  }

  void put_calendar(const caller& who, calendar_record calendar, reply<calendar_record> done) override {
    answer<calendar_record>(done, [&]() -> result<calendar_record> {
      calendar.workspace = who.workspace;
      calendar.updated_at = at_;
      return calendars[calendar.name] = calendar;
    });
  }

  void delete_calendar(const caller&, std::string name, reply<void> done) override {
    answer<void>(done, [&]() -> result<void> {
      if (calendars.erase(name) == 0) return missing();
      return {};
    });
  }

  void list_calendars(const caller&, reply<std::vector<calendar_record>> done) override {
    answer<std::vector<calendar_record>>(done, [&]() -> result<std::vector<calendar_record>> {
      std::vector<calendar_record> all;
      for (const auto& [name, calendar] : calendars) all.push_back(calendar);
      return all;
    });
  }

private:
  static unexpected<error> missing() { return fail(errc::not_found, "there is no such object"); }

  template <class T, class Work>
  void answer(const reply<T>& done, Work work) {
    if (next_schedule_error) done(unexpected(*std::exchange(next_schedule_error, std::nullopt)));
    else done(work());
  }

  static void apply(schedule_view& to, const schedule_draft& draft) {
    auto& r = to.record;
    if (draft.name) r.name = *draft.name;
    if (draft.cron) r.cron = *draft.cron;
    if (draft.timezone) r.timezone = *draft.timezone;
    if (draft.business_days_only) r.business_days_only = *draft.business_days_only;
    if (draft.skip_holidays) r.skip_holidays = *draft.skip_holidays;
    if (draft.calendar) r.calendar = *draft.calendar;
    if (draft.maintenance_windows) r.maintenance_windows = *draft.maintenance_windows;
    if (draft.overlap) r.overlap = *draft.overlap;
    if (draft.catchup) r.catchup = *draft.catchup;
    if (draft.catchup_runs) r.catchup_runs = *draft.catchup_runs;
    if (draft.priority) r.priority = static_cast<std::uint8_t>(*draft.priority);
    if (draft.parameters) to.parameters = *draft.parameters;
  }

  template <class Change>
  void change(const caller& who, schedule_id id, const reply<schedule_view>& done, Change change) {
    answer<schedule_view>(done, [&]() -> result<schedule_view> {
      const auto it = schedules.find(id);
      if (it == schedules.end() || it->second.record.workspace != who.workspace) return missing();
      change(it->second);
      return it->second;
    });
  }

  template <class Views>
  static auto list(const Views& views, const caller& who, std::optional<pipeline_id> pipeline, page which) {
    listing<typename Views::mapped_type> out;
    for (auto it = views.rbegin(); it != views.rend(); ++it) {
      const auto& r = it->second.record;
      if (r.workspace != who.workspace || (pipeline && r.pipeline != *pipeline)) continue;
      if (out.total++ >= which.offset && out.entries.size() < which.limit) out.entries.push_back(it->second);
    }
    return out;
  }

  uuid next_id() { return make_uuid7(at_, 7, ++ids_); }

  const timestamp at_ = from_ms(1'700'000'000'000);
  std::uint64_t ids_ = 0;
};

} // namespace penstock::test
