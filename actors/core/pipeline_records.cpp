#include "actors/core/pipeline_records.hpp"

#include "actors/core/run_core.hpp"
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

void add_runs(const entity_surroundings& around, pipeline_view& view) {
  const auto id = view.record.id;
  const auto standing = read_standing(around.state, id);
  view.failing = standing && standing->failing;
  const auto p = partition_of(id.slot(), around.partition_count);
  const auto runs = keys::index_prefix(p, keys::index_kind::runs_of_pipeline, id.raw);
  std::optional<run_id> newest;
  around.state.scan(family::index, runs, keys::behind(runs), [&](std::string_view key, std::string_view) {
    newest = run_id{keys::turned_id(key)};
    return false;
  });
  if (!newest) return;
  if (auto run = read_record<run_record>(around.state, keys::run(*newest)))
    view.last_run = open_run(around.seals, std::move(*run)).record;
}

} // namespace penstock
