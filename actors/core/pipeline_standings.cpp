#include "actors/core/pipeline_standings.hpp"

#include "actors/core/sealed_records.hpp"
#include "storage/run_keys.hpp"

namespace penstock {

namespace {

/// As many as may be held before those in the store are let go.
constexpr std::size_t known_max = 65'536;

void sort_in(mutation_batch& out, partition_id p, pipeline_id id, const standing_record& record, bool present) {
  const auto which = keys::pipeline_class(record.type, record.standing());
  const auto key = keys::pipeline_by_class(p, record.workspace, which, id);
  if (present) out.put(family::index, key, {});
  else out.remove(family::index, key);
  out.add(family::counters, keys::pipelines_of_class(p, record.workspace, which), present ? 1 : -1);
}

} // namespace

pipeline_standings::known_standing& pipeline_standings::find(pipeline_id id) {
  const auto [it, fresh] = known_.try_emplace(id);
  if (fresh) it->second.record = read_standing(state_, id);
  return it->second;
}

void pipeline_standings::apply(const standing_change& change, mutation_batch& out) {
  auto& known = find(change.pipeline);
  auto next = known.record;
  switch (change.what) {
    case standing_change::kind::described:
      if (!next) next.emplace();
      next->workspace = change.workspace;
      next->type = change.type;
      next->enabled = change.enabled;
      break;
    case standing_change::kind::run_ended:
      // Runs of a deleted pipeline still end.
      if (next) next->failing = change.failing;
      break;
    case standing_change::kind::deleted: next.reset(); break;
  }
  if (next == known.record) return;
  const auto same_class =
    next && known.record && next->type == known.record->type && next->standing() == known.record->standing();
  if (!same_class) {
    if (known.record) sort_in(out, partition_, change.pipeline, *known.record, false);
    if (next) sort_in(out, partition_, change.pipeline, *next, true);
  }
  if (next) out.put(family::state, keys::standing(change.pipeline), codec::encode(*next));
  else out.remove(family::state, keys::standing(change.pipeline));
  known = {next, UINT64_MAX};
  changed_.push_back(change.pipeline);
}

void pipeline_standings::proposed(std::uint64_t index) {
  for (const auto id : changed_) known_.at(id).changed_at = index;
  changed_.clear();
}

void pipeline_standings::forget() noexcept {
  known_.clear();
  changed_.clear();
}

void pipeline_standings::durable(std::uint64_t index) {
  if (known_.size() < known_max) return;
  std::erase_if(known_, [&](const auto& entry) { return entry.second.changed_at <= index; });
}

std::optional<standing_record> read_standing(const state_reader& state, pipeline_id id) {
  auto record = read_record<standing_record>(state, keys::standing(id));
  if (!record) return std::nullopt;
  return std::move(*record);
}

} // namespace penstock
