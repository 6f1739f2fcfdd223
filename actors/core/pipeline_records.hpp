#pragma once

#include "actors/core/entity_core.hpp"

namespace penstock {

/// What a user wrote as the newest revision, and what he was warned of.
struct opened_revision {
  definition source;
  std::vector<std::string> warnings;
};

/// @returns `errc::not_found` if the revision is not in the store (yet), `errc::corrupt_record` if it does not open.
[[nodiscard]] result<opened_revision> open_revision(const entity_surroundings& around, const pipeline_record& pipeline);

/// Adds how the pipeline's runs stand, as far as that is durable.
void add_runs(const entity_surroundings& around, pipeline_view& view);

} // namespace penstock
