#include "actors/core/pipeline_records.hpp"

#include "actors/core/sealed_records.hpp"

namespace penstock {

result<opened_revision> open_revision(const entity_surroundings& around, const pipeline_record& pipeline) {
  auto revision = read_record<revision_record>(around.state, keys::revision(pipeline.id, pipeline.revision));
  if (!revision) return unexpected(std::move(revision).error());
  const sealed_place place{pipeline.workspace, pipeline.id.raw, pipeline.revision,
                           static_cast<std::uint8_t>(sealed_kind::definition)};
  auto source = open_record<definition>(around.seals, place, revision->sealed_definition);
  if (!source) return unexpected(std::move(source).error());
  return opened_revision{std::move(*source), std::move(revision->warnings)};
}

} // namespace penstock
