#include "actors/core/job_claim_core.hpp"
#include "actors/core/pipeline_core.hpp"
#include "actors/core/run_history.hpp"
#include "actors/core/sealed_records.hpp"
#include "actors/core/system_core.hpp"
#include "storage/run_keys.hpp"

#include <algorithm>

// How a deleted pipeline and all that was its own leaves the store, step by step.
namespace penstock {

namespace {

constexpr std::size_t runs_cancelled_at_once = 1'000;
constexpr std::size_t runs_cleared_at_once = 100;
constexpr std::size_t schedules_cleared_at_once = 100;
constexpr std::size_t counts_cleared_at_once = 1'000;
/// Keys of tasks, items and the like that one step takes out: a commit stays small, however large a run was.
constexpr std::size_t keys_cleared_at_once = 5'000;
/// Until the runs that were cancelled with their pipeline have stopped.
constexpr milliseconds clear_pause{200};

} // namespace

keys::timer pipeline_core::clear_timer(timestamp due) const {
  return {partition(), due, static_cast<std::uint8_t>(timer_kind::clear_pipeline), id_.raw, 0, 0, 0};
}

void pipeline_core::set_clear_timer(timestamp due, proposal& out) {
  const auto timer = clear_timer(due);
  clear_at_ = due;
  out.mutations.put(family::timers, timer.encode(), {});
  out.effects.push_back(arm_timer{timer});
}

bool pipeline_core::awaits(const keys::timer& timer) const {
  if (clear_at_) return *clear_at_ == timer.due;
  std::string bytes;
  return around_.state.get(family::timers, timer.encode(), bytes);
}

bool pipeline_core::cancel_runs(proposal& out) const {
  std::size_t told = 0;
  const auto cancel_those = [&](keys::index_kind kind, auto id) {
    const auto prefix = keys::index_prefix(partition(), kind, id_.raw);
    if (told >= runs_cancelled_at_once) return;
    around_.state.scan(family::index, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view) {
      out.effects.push_back(tell_run{run_id{id(key)}, cancel_run{"deletion of the pipeline"}});
      return ++told < runs_cancelled_at_once;
    });
  };
  cancel_those(keys::index_kind::active_runs, keys::turned_id);
  cancel_those(keys::index_kind::queued_runs, keys::plain_id);
  return told > 0;
}

bool pipeline_core::clear_runs(bounded_removal& room, proposal& out) const {
  std::size_t seen = 0;
  const auto prefix = keys::index_prefix(partition(), keys::index_kind::runs_of_pipeline, id_.raw);
  around_.state.scan(family::index, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view) {
    return ++seen <= runs_cleared_at_once && clear_run(run_id{keys::turned_id(key)}, room, out);
  });
  return seen > 0;
}

bool pipeline_core::clear_run(run_id id, bounded_removal& room, proposal& out) const {
  if (!room.remove_all(family::state, keys::tasks_prefix(id))) return false;
  if (!room.remove_all(family::history, keys::history_prefix(id))) return false;
  const auto header = read_record<run_record>(around_.state, keys::run(id));
  const auto p = partition();
  out.mutations.remove(family::state, keys::run(id));
  out.mutations.remove(family::index, keys::index_entry(p, keys::index_kind::runs_of_pipeline, id_.raw, id.raw));
  if (header) {
    run_history::cleared(out.mutations, p, *header);
    if (header->webhook) {
      // Not sent again if it is lost: a claim whose run is gone gives way when it is asked for.
      auto key = job_key(around_.seals, trigger_id{*header->webhook}, header->external_job_id);
      out.effects.push_back(tell_entity{job_entity(key), claim_command{release_job{key, id, {}}}});
    }
  }
  out.effects.push_back(remove_files{id});
  return true;
}

bool pipeline_core::clear_starters(bounded_removal& room, proposal& out) {
  const bool schedules = schedules_.clear(schedules_cleared_at_once, out) > 0;
  const bool backfills = backfills_.clear(room, out);
  const auto left = around_.registry->read([&](const system_tables& t) {
    auto all = t.upstream_of(id_);
    const auto more = t.downstream_of(id_);
    all.insert(all.end(), more.begin(), more.end());
    return all;
  });
  for (const auto& dependency : left)
    out.effects.push_back(
      tell_entity{system_entity, system_change{[id = dependency.id](system_draft& draft, timestamp) {
                                                 draft.erase(id);
                                                 return result<void>{};
                                               },
                                               {}}});
  return schedules || backfills || !left.empty();
}

bool pipeline_core::clear_counts(proposal& out) const {
  std::size_t removed = 0;
  for (std::uint8_t status = keys::any_status; status <= static_cast<std::uint8_t>(run_status::cancelled); ++status) {
    const auto base = keys::run_births_of_pipeline(partition(), id_, status);
    around_.state.scan(family::counters, base, keys::behind(base), [&](std::string_view key, std::string_view) {
      out.mutations.remove(family::counters, key);
      return ++removed < counts_cleared_at_once;
    });
    if (removed >= counts_cleared_at_once) return true;
  }
  return removed > 0;
}

bool pipeline_core::clear_self(bounded_removal& room, proposal& out) const {
  for (const auto& prefix : {keys::upstream_marks_prefix(id_), keys::heard_runs_prefix(id_), keys::leases_prefix(id_),
                             keys::revisions_prefix(id_)})
    if (!room.remove_all(family::state, prefix)) return false;
  out.mutations.remove(family::state, keys::pipeline(id_));
  return true;
}

void pipeline_core::clear(const clear_step& command, timestamp now, proposal& out) {
  out.mutations.remove(family::timers, command.timer.encode());
  if (!load() || !record_->deleted || !awaits(command.timer)) return;
  clear_at_ = timestamp{}; // If it comes again, it is not awaited.
  bounded_removal room{around_.state, out.mutations, keys_cleared_at_once};
  const bool active = cancel_runs(out);
  const bool starters = clear_starters(room, out);
  const bool runs = !active && clear_runs(room, out);
  const bool all = !active && !starters && !runs && !clear_counts(out) && clear_self(room, out);
  if (!all) set_clear_timer(std::max(now, command.timer.due) + (runs ? milliseconds{1} : clear_pause), out);
}

} // namespace penstock
