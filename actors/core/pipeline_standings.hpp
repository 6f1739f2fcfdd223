#pragma once

#include "runtime/model/records.hpp"
#include "storage/store.hpp"

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace penstock {

/// By what lists of pipelines are sorted. A record beside the pipeline's own, as the ends of runs change it, too.
struct standing_record {
  workspace_id workspace;
  pipeline_type type = pipeline_type::etl;
  bool enabled = true;
  bool failing = false; ///< The last of its runs to end failed; cancelled ones do not count.

  [[nodiscard]] pipeline_standing standing() const noexcept {
    if (!enabled) return pipeline_standing::paused;
    return failing ? pipeline_standing::error : pipeline_standing::active;
  }

  friend bool operator==(const standing_record&, const standing_record&) = default;
  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "workspace", s.workspace);
    v(2, "type", s.type);
    v(3, "enabled", s.enabled);
    v(4, "failing", s.failing);
  }
};

/// What an entity's decision means for a pipeline's standing.
struct standing_change {
  enum class kind : std::uint8_t {
    described, ///< The pipeline was made or changed.
    run_ended, ///< One of its runs ended; `failing` says how.
    deleted,
  };
  kind what = kind::described;
  pipeline_id pipeline;
  workspace_id workspace;
  pipeline_type type = pipeline_type::etl;
  bool enabled = true;
  bool failing = false;
};

/// The standings of a partition's pipelines. A pipeline and its runs decide side by side, so none of them can know whether
/// an end changes the standing: their partition can, which puts their decisions in order. Only what changes is written.
class pipeline_standings {
public:
  pipeline_standings(partition_id p, const state_reader& state) : partition_(p), state_(state) {}

  /// Adds to a decision's mutations what `change` makes of the standing. Decisions must come in the order in which they
  /// become durable.
  void apply(const standing_change& change, mutation_batch& out);
  /// The decision that was last added to is the entry with this index.
  void proposed(std::uint64_t index);
  /// Entries up to `index` are in the store; what is known of others is kept.
  void durable(std::uint64_t index);
  /// What was decided and is not in the store is void.
  void forget() noexcept;

private:
  struct known_standing {
    std::optional<standing_record> record; ///< None: there is no such pipeline.
    std::uint64_t changed_at = 0;
  };

  [[nodiscard]] known_standing& find(pipeline_id id);

  partition_id partition_;
  const state_reader& state_;
  std::unordered_map<pipeline_id, known_standing> known_;
  std::vector<pipeline_id> changed_; ///< By the decision that is not proposed yet.
};

/// @returns nothing for a pipeline that is not there.
[[nodiscard]] std::optional<standing_record> read_standing(const state_reader& state, pipeline_id id);

} // namespace penstock
