#pragma once

#include "actors/core/entity_core.hpp"
#include "actors/core/messages.hpp"

namespace penstock {

/// What starts a run, from whomever.
struct run_order {
  value parameters;                         ///< Null or an object.
  const compiled_definition* own = nullptr; ///< A definition for this run alone.
  trigger_kind trigger = trigger_kind::manual;
  std::string triggered_by;
  std::string traceparent;
  std::optional<run_id> id;
  std::optional<parent_ref> parent;
  std::optional<timestamp> logical_at;
  std::optional<uuid> launcher;
  std::optional<uuid> webhook;
  std::string external_job_id;
  bool reports_end = false;
  std::optional<std::uint8_t> priority; ///< As `task_priority`; none: the definition's.
};

/// A pipeline as its schedules, backfills and dependencies see it.
class pipeline_runs {
public:
  virtual ~pipeline_runs() = default;

  [[nodiscard]] virtual const pipeline_record& record() const = 0;
  [[nodiscard]] virtual partition_id partition() const = 0;
  /// Begins a run, or lets it wait where the pipeline's limit has no room.
  /// @returns `errc::invalid_argument` if the parameters do not fit; then nothing was changed.
  [[nodiscard]] virtual result<run_record> launch(run_order order, timestamp now, proposal& out) = 0;
  /// Whether a start with these parameters would be taken.
  [[nodiscard]] virtual result<void> check_parameters(const value& parameters) = 0;
};

} // namespace penstock
