#pragma once

#include "runtime/error.hpp"
#include "runtime/model/ids.hpp"
#include "runtime/model/records.hpp"

#include <cstdint>
#include <vector>

namespace penstock {

/// Names one attempt of one task (or item) on its node.
struct attempt_ref {
  run_id run;
  std::uint32_t task = 0;
  std::uint32_t item = 0;
  std::uint32_t attempt = 1;

  friend auto operator<=>(const attempt_ref&, const attempt_ref&) = default;
};

enum class attempt_outcome : std::uint8_t { succeeded = 1, failed = 2, cancelled = 3 };

/// How an attempt ended, as the engine that did it reports.
struct attempt_result {
  attempt_ref ref;
  attempt_outcome outcome = attempt_outcome::succeeded;
  error why;             ///< Of a failure; a sentence for people, with the engine's words.
  bool retryable = true; ///< False: trying again cannot help (a definition's mistake).
  timestamp started_at;
  timestamp ended_at;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::vector<artifact> artifacts; ///< The output table first, files of a sink after it.
  bool has_output_file = false;    ///< The last artifact is a sink's file, offered as the run's download.
  value items;                     ///< `expand_items`: a list of objects.
};

} // namespace penstock
