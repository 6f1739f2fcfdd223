#include "actors/core/repeated_requests.hpp"

#include "actors/core/pipeline_records.hpp"
#include "actors/core/requests.hpp"
#include "actors/core/run_core.hpp"
#include "actors/core/schedule_records.hpp"
#include "actors/core/sealed_records.hpp"

#include <optional>
#include <utility>

namespace penstock {

bool repeated_requests::answer(const uuid& entity, entity_command& command, const audit_note_ptr& note, timestamp now) {
  auto* p = std::get_if<pipeline_command>(&command);
  if (!p) return false;
  if (auto* create = std::get_if<create_pipeline>(p)) return answer_to(entity, command, *create, note, now);
  if (auto* start = std::get_if<start_run>(p)) return answer_to(entity, command, *start, note, now);
  if (auto* schedule = std::get_if<schedule_created>(p)) return answer_to(entity, command, *schedule, note, now);
  if (auto* backfill = std::get_if<backfill_created>(p)) return answer_to(entity, command, *backfill, note, now);
  return false;
}

template <class Command>
bool repeated_requests::answer_to(const uuid& entity, entity_command& whole, Command& command,
                                  const audit_note_ptr& note, timestamp now) {
  if (command.once.key.empty()) return false;
  workspace_id workspace;
  if constexpr (requires { command.record.workspace; }) workspace = command.record.workspace;
  else workspace = command.workspace;
  const auto key = request_key_of(around_.seals, id_, workspace, command.once.key);
  if (const auto it = under_way_.find(key); it != under_way_.end()) {
    it->second.push_back({entity, std::move(whole), note});
    return true;
  }
  auto made = recall_request(around_.state, around_.seals, id_, workspace, command.once, now);
  if (!made) {
    command.done(unexpected(std::move(made).error()));
    return true;
  }
  if (*made) {
    replay(command, **made, now);
    return true;
  }
  under_way_.try_emplace(key);
  if (auto* start = start_that_waits(whole)) {
    // A repeat is answered from what is stored, whether it waits for the end or not.
    release_at_start(*start, [this, key] { over(key); });
    return false;
  }
  command.done = [this, key, inner = std::move(command.done)](auto with) {
    inner(std::move(with));
    over(key);
  };
  return false;
}

void repeated_requests::over(const std::string& key) {
  auto node = under_way_.extract(key);
  if (node.empty()) return;
  for (auto& repeat : node.mapped()) again_(std::move(repeat));
}

void repeated_requests::replay(create_pipeline& command, const uuid& made, timestamp) {
  auto record = read_record<pipeline_record>(around_.state, keys::pipeline(pipeline_id{made}));
  if (!record || record->deleted)
    command.done(fail(errc::not_found, "the pipeline this Idempotency-Key made was deleted"));
  else if (auto opened = open_revision(around_, *record); !opened) command.done(unexpected(std::move(opened).error()));
  else
    command.done(
      pipeline_view{std::move(*record), std::move(opened->source), std::move(opened->warnings), std::nullopt});
}

void repeated_requests::replay(schedule_created& command, const uuid& made, timestamp) {
  auto record = read_record<schedule_record>(around_.state, keys::schedule(schedule_id{made}));
  if (record) command.done(open_schedule(around_, std::move(*record)));
  else command.done(fail(errc::not_found, "the schedule this Idempotency-Key made was deleted"));
}

void repeated_requests::replay(backfill_created& command, const uuid& made, timestamp) {
  auto record = read_record<backfill_record>(around_.state, keys::backfill(backfill_id{made}));
  if (record) command.done(open_backfill(around_.seals, std::move(*record)));
  else command.done(fail(errc::not_found, "the backfill this Idempotency-Key made was deleted"));
}

void repeated_requests::replay(start_run& command, const uuid& made, timestamp now) {
  auto record = read_record<run_record>(around_.state, keys::run(run_id{made}));
  if (!record) {
    command.done(fail(errc::not_found, "the run this Idempotency-Key started was deleted"));
    return;
  }
  started_run again{open_run(around_.seals, std::move(*record)), false, true};
  again.ended = command.wait && is_terminal(again.run.record.status);
  if (command.wait && !again.ended) waiting_.add(again.run.record.id, now + *command.wait, std::move(command.done));
  else command.done(std::move(again));
}

} // namespace penstock
