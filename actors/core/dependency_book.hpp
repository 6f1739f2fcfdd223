#pragma once

#include "actors/core/pipeline_runs.hpp"

#include <map>
#include <optional>
#include <vector>

namespace penstock {

/// What is known of a pipeline that another one depends on, as it lies in the store.
struct upstream_mark_record {
  bool satisfied = false;   ///< It ended as wanted since the last start of the downstream.
  std::vector<run_id> seen; ///< Its last runs that were heard of: a message that comes twice is known by them.

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "satisfied", s.satisfied);
    v(2, "seen", s.seen);
  }
};

/// The ends of other pipelines that one pipeline waits for. Once each of them is satisfied a run starts, in the commit
/// that clears the marks.
class dependency_book {
public:
  dependency_book(const entity_surroundings& around, pipeline_runs& runs) : around_(around), runs_(runs) {}

  void upstream_ended(const penstock::upstream_ended& message, timestamp now, proposal& out);
  /// Starts a run if nothing is missing. Also when the pipeline takes starts again.
  void try_start(timestamp now, proposal& out);
  /// Takes out all marks.
  void clear(proposal& out);

private:
  void load();
  void store(pipeline_id upstream, const upstream_mark_record& mark, proposal& out) const;

  const entity_surroundings& around_;
  pipeline_runs& runs_;
  std::optional<std::map<pipeline_id, upstream_mark_record>> marks_;
};

} // namespace penstock
