#include "actors/core/dependencies.hpp"
#include "actors/core/requests.hpp"
#include "actors/core/schedule_reads.hpp"
#include "actors/core/schedule_records.hpp"
#include "actors/node_impl.hpp"

#include <algorithm>

namespace penstock {

namespace {

/// Submits a change of the system tables and answers with what it stored.
template <class Record>
system_change change_to(std::function<result<void>(system_draft&, timestamp)> decide, Record record,
                        reply<Record> done) {
  return {std::move(decide), [record = std::move(record), done = std::move(done)](result<void> stored) {
            if (stored) done(record);
            else done(unexpected(std::move(stored).error()));
          }};
}

/// An `Idempotency-Key`'s dependency has an id that follows from it, so a repeat finds what was made.
uuid id_from(std::string_view hash) {
  uuid id;
  std::copy_n(hash.begin(), std::min(hash.size(), id.bytes.size()), id.bytes.begin());
  // Version 8, RFC 9562, section 5.8.
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x80);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id;
}

const dependency_record* made_earlier(const system_tables& tables, dependency_id id) {
  const auto it = tables.dependencies().find(id);
  return it == tables.dependencies().end() ? nullptr : &it->second;
}

bool is_same(const dependency_record& a, const dependency_record& b) {
  return a.upstream == b.upstream && a.downstream == b.downstream && a.type == b.type;
}

/// All nodes hold the calendars in memory.
constexpr std::size_t calendars_max = 100;

bool has_room(const system_tables& tables, const calendar_record& calendar) {
  if (tables.calendars().contains({calendar.workspace, calendar.name})) return true;
  const auto own = std::count_if(tables.calendars().begin(), tables.calendars().end(),
                                 [&](const auto& entry) { return entry.first.first == calendar.workspace; });
  return static_cast<std::size_t>(own) < calendars_max;
}

/// A calendar that is named must be there, or a slip of the pen lets a schedule fire on every holiday.
result<void> check_calendar(const system_registry& registry, workspace_id workspace, const schedule_draft& draft) {
  if (!draft.calendar || draft.calendar->empty() || *draft.calendar == "holidays") return {};
  const bool there = registry.read([&](const system_tables& t) {
    return t.calendars().contains({workspace, *draft.calendar});
  });
  if (there) return {};
  const auto why = "there is no calendar \"" + *draft.calendar + "\"; make it before schedules name it";
  return unexpected(error{errc::invalid_argument, "calendar: " + why, {{"calendar", why}}});
}

} // namespace

// --- schedules ----------------------------------------------------------------------------------

void node_impl::create_schedule(const caller& who, pipeline_id pipeline, schedule_draft draft, request_key once,
                                reply<schedule_view> done) {
  post_or_refuse(done, [this, who, pipeline, draft = std::move(draft), once = std::move(once), done]() mutable {
    schedule_created command;
    auto& record = command.record;
    record.id = schedule_id{make_uuid7(clock_->now(), pipeline.slot(), random_->next())};
    record.workspace = who.workspace;
    record.created_by = who.subject;
    apply_draft(record, draft);
    if (draft.parameters) command.parameters = std::move(*draft.parameters);
    // Reads zones from files the first time: not a thing to do in an actor.
    const auto holidays = holidays_for(registry_, record);
    if (auto right = check_schedule(record, holidays.get(), clock_->now()); !right)
      return done(unexpected(std::move(right).error()));
    if (auto there = check_calendar(registry_, who.workspace, draft); !there)
      return done(unexpected(std::move(there).error()));
    command.once = std::move(once);
    command.done = std::move(done);
    auto note = note_of(who, record.id.raw);
    submit(pipeline.raw, pipeline_command{std::move(command)}, std::move(note));
  });
}

void node_impl::update_schedule(const caller& who, schedule_id id, schedule_draft changes, reply<schedule_view> done) {
  post_or_refuse(done, [this, who, id, changes = std::move(changes), done]() mutable {
    auto view = schedule_reads{around_}.schedule(who.workspace, id);
    if (!view) return done(unexpected(std::move(view).error()));
    auto after = view->record;
    apply_draft(after, changes);
    const auto holidays = holidays_for(registry_, after);
    if (auto right = check_schedule(after, holidays.get(), clock_->now()); !right)
      return done(unexpected(std::move(right).error()));
    if (auto there = check_calendar(registry_, who.workspace, changes); !there)
      return done(unexpected(std::move(there).error()));
    submit(view->record.pipeline.raw,
           pipeline_command{schedule_changed{who.workspace, id, std::move(changes), std::nullopt, std::move(done)}},
           note_of(who, id.raw));
  });
}

void node_impl::pause_schedule(const caller& who, schedule_id id, bool paused, reply<schedule_view> done) {
  post_or_refuse(done, [this, who, id, paused, done] {
    auto view = schedule_reads{around_}.schedule(who.workspace, id);
    if (!view) return done(unexpected(std::move(view).error()));
    submit(view->record.pipeline.raw, pipeline_command{schedule_changed{who.workspace, id, {}, paused, done}},
           note_of(who, id.raw));
  });
}

void node_impl::delete_schedule(const caller& who, schedule_id id, reply<void> done) {
  post_or_refuse(done, [this, who, id, done] {
    auto view = schedule_reads{around_}.schedule(who.workspace, id);
    if (!view) return done(unexpected(std::move(view).error()));
    submit(view->record.pipeline.raw, pipeline_command{schedule_deleted{who.workspace, id, done}},
           note_of(who, id.raw));
  });
}

void node_impl::get_schedule(const caller& who, schedule_id id, reply<schedule_view> done) {
  answer_from_pool<schedule_view>(
    std::move(done), [this, workspace = who.workspace, id] { return schedule_reads{around_}.schedule(workspace, id); });
}

void node_impl::list_schedules(const caller& who, schedule_filter filter, page which,
                               reply<listing<schedule_view>> done) {
  answer_from_pool<listing<schedule_view>>(std::move(done), [this, workspace = who.workspace, filter, which] {
    return schedule_reads{around_}.schedules(workspace, filter, which);
  });
}

void node_impl::preview_schedule(const caller& who, preview_request request, reply<std::vector<timestamp>> done) {
  answer_from_pool<std::vector<timestamp>>(
    *thinking_, std::move(done),
    [this, workspace = who.workspace, request = std::move(request)]() -> result<std::vector<timestamp>> {
      schedule_record record;
      record.workspace = workspace;
      if (request.schedule) {
        auto view = schedule_reads{around_}.schedule(workspace, *request.schedule);
        if (!view) return unexpected(std::move(view).error());
        record = std::move(view->record);
      }
      apply_draft(record, request.draft);
      const auto holidays = holidays_for(registry_, record);
      return penstock::preview_schedule(record, holidays.get(), request.from.value_or(clock_->now()), request.limit);
    });
}

// --- backfills ----------------------------------------------------------------------------------

void node_impl::create_backfill(const caller& who, backfill_draft draft, request_key once, reply<backfill_view> done) {
  post_or_refuse(done, [this, who, draft = std::move(draft), once = std::move(once), done]() mutable {
    backfill_created command;
    auto& record = command.record;
    record.id = backfill_id{make_uuid7(clock_->now(), draft.pipeline.slot(), random_->next())};
    record.workspace = who.workspace;
    record.created_by = who.subject;
    record.from = std::move(draft.from);
    record.to = std::move(draft.to);
    record.granularity = draft.granularity;
    record.timezone = std::move(draft.timezone);
    record.concurrency = draft.concurrency;
    record.priority = static_cast<std::uint8_t>(draft.priority);
    record.dry_run = draft.dry_run;
    if (auto right = intervals_of(record); !right) return done(unexpected(std::move(right).error()));
    command.parameters = std::move(draft.parameters);
    command.once = std::move(once);
    command.done = std::move(done);
    auto note = note_of(who, record.id.raw);
    submit(draft.pipeline.raw, pipeline_command{std::move(command)}, std::move(note));
  });
}

void node_impl::get_backfill(const caller& who, backfill_id id, reply<backfill_view> done) {
  answer_from_pool<backfill_view>(
    std::move(done), [this, workspace = who.workspace, id] { return schedule_reads{around_}.backfill(workspace, id); });
}

void node_impl::list_backfills(const caller& who, std::optional<pipeline_id> pipeline, page which,
                               reply<listing<backfill_view>> done) {
  answer_from_pool<listing<backfill_view>>(std::move(done), [this, workspace = who.workspace, pipeline, which] {
    return schedule_reads{around_}.backfills(workspace, pipeline, which);
  });
}

void node_impl::change_backfill(const caller& who, backfill_id id, backfill_action action, reply<backfill_view> done) {
  post_or_refuse(done, [this, who, id, action, done] {
    auto view = schedule_reads{around_}.backfill(who.workspace, id);
    if (!view) return done(unexpected(std::move(view).error()));
    submit(view->record.pipeline.raw, pipeline_command{backfill_changed{who.workspace, id, action, done}},
           note_of(who, id.raw));
  });
}

// --- dependencies -------------------------------------------------------------------------------

void node_impl::add_dependency(const caller& who, dependency_draft draft, request_key once,
                               reply<dependency_record> done) {
  post_or_refuse(done, [this, who, draft, once = std::move(once), done]() mutable {
    for (const auto id : {draft.upstream, draft.downstream})
      if (auto may = schedule_reads{around_}.may_depend(who.workspace, id); !may)
        return done(unexpected(std::move(may).error()));
    const auto record = std::make_shared<dependency_record>();
    record->id =
      dependency_id{once.key.empty() ? make_uuid7(clock_->now(), draft.downstream.slot(), random_->next())
                                     : id_from(seals_.keyed_hash(std::string{who.workspace.view()} + once.key))};
    record->workspace = who.workspace;
    record->upstream = draft.upstream;
    record->downstream = draft.downstream;
    record->type = draft.type;
    record->created_at = clock_->now();
    record->created_by = who.subject;
    const auto decide = [this, record](system_draft& tables, timestamp) -> result<void> {
      if (const auto* earlier = made_earlier(tables.tables(), record->id)) {
        if (!is_same(*earlier, *record)) return reused_key();
        *record = *earlier;
        return {};
      }
      return penstock::add_dependency(tables, *record,
                                      [this](pipeline_id id) { return schedule_reads{around_}.name_of(id); });
    };
    submit(system_entity,
           system_change{decide,
                         [record, done](result<void> stored) {
                           if (stored) done(*record);
                           else done(unexpected(std::move(stored).error()));
                         }},
           note_of(who, record->id.raw));
  });
}

void node_impl::remove_dependency(const caller& who, dependency_id id, reply<void> done) {
  submit(system_entity,
         system_change{[workspace = who.workspace, id](system_draft& tables, timestamp) {
                         return penstock::remove_dependency(tables, workspace, id);
                       },
                       std::move(done)},
         note_of(who, id.raw));
}

void node_impl::dependencies_of(const caller& who, pipeline_id id, reply<dependency_graph> done) {
  answer_from_pool<dependency_graph>(std::move(done), [this, workspace = who.workspace, id] {
    return schedule_reads{around_}.dependencies(workspace, id);
  });
}

// --- calendars ----------------------------------------------------------------------------------

void node_impl::put_calendar(const caller& who, calendar_record calendar, reply<calendar_record> done) {
  auto note = note_of(who, calendar.name);
  calendar.workspace = who.workspace;
  calendar.updated_at = clock_->now();
  submit(system_entity,
         change_to<calendar_record>(
           [calendar](system_draft& tables, timestamp) -> result<void> {
             if (!has_room(tables.tables(), calendar))
               return fail(errc::invalid_argument,
                           "a workspace may have at most " + std::to_string(calendars_max) + " calendars");
             tables.put(calendar);
             return {};
           },
           calendar, std::move(done)),
         std::move(note));
}

void node_impl::delete_calendar(const caller& who, std::string name, reply<void> done) {
  auto note = note_of(who, name);
  submit(
    system_entity,
    system_change{[workspace = who.workspace, name = std::move(name)](system_draft& tables, timestamp) -> result<void> {
                    if (!tables.tables().calendars().contains({workspace, name}))
                      return fail(errc::not_found, "there is no calendar " + name);
                    tables.erase_calendar(workspace, name);
                    return {};
                  },
                  std::move(done)},
    std::move(note));
}

void node_impl::list_calendars(const caller& who, reply<std::vector<calendar_record>> done) {
  done(registry_.read([&](const system_tables& t) {
    std::vector<calendar_record> out;
    for (const auto& [key, record] : t.calendars())
      if (key.first == who.workspace) out.push_back(record);
    return out;
  }));
}

} // namespace penstock
