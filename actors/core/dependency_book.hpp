#pragma once

#include "actors/core/pipeline_runs.hpp"

#include <map>
#include <optional>
#include <string>
#include <unordered_set>

namespace penstock {

/// What is known of a pipeline that another one depends on, as it lies in the store.
struct upstream_mark_record {
  bool satisfied = false;   ///< It ended as wanted since the last start of the downstream.
  std::string sealed_error; ///< Why the start that its last end was to cause could not be made.

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "satisfied", s.satisfied);
    // 2 is taken: runs that were heard of, which have keys of their own since.
    v(3, "sealed_error", s.sealed_error);
  }
};

/// Where the error of a mark belongs.
[[nodiscard]] sealed_place error_place(workspace_id workspace, pipeline_id downstream);

/// The ends of other pipelines that one pipeline waits for. Once each of them is satisfied a run starts, in the commit
/// that clears the marks. A run whose end was heard of is remembered as long as its message may come again.
class dependency_book {
public:
  dependency_book(const entity_surroundings& around, pipeline_runs& runs) : around_(around), runs_(runs) {}

  void upstream_ended(const penstock::upstream_ended& message, timestamp now, proposal& out);
  /// Starts a run if nothing is missing. Also when the pipeline takes starts again.
  void try_start(timestamp now, proposal& out);

private:
  static constexpr std::size_t heard_min = 64;

  void load();
  /// Forgets runs whose messages are out of the outbox.
  void forget_taken(proposal& out);
  [[nodiscard]] bool may_come_again(run_id run) const;
  void store(pipeline_id upstream, const upstream_mark_record& mark, proposal& out) const;

  const entity_surroundings& around_;
  pipeline_runs& runs_;
  std::optional<std::map<pipeline_id, upstream_mark_record>> marks_;
  std::unordered_set<run_id> heard_;
  std::size_t forget_at_ = heard_min; ///< How many may be remembered before those that cannot come again are forgotten.
};

} // namespace penstock
