#include "runtime/model/ids.hpp"
#include "tools/penstock/fields.hpp"
#include "tools/penstock/starter_fields.hpp"
#include "tools/penstock/text_format.hpp"

namespace penstock::cli {

namespace {

const answer_form a_graph =
  object_with({{"upstream", needed_member::kind::list}, {"downstream", needed_member::kind::list}});

std::string base() { return std::string{scheduler_path} + "dependencies"; }

outcome<exit_code> add(command_context& with) {
  value body;
  for (const auto& [word, field] :
       {std::pair{with.words[0], "upstreamPipelineId"}, std::pair{with.words[1], "downstreamPipelineId"}}) {
    const auto id = find_pipeline(with.api, word);
    if (!id) return unexpected(id.error());
    body.set(field, *id);
  }
  const bool weak = with.is_on("weak");
  body.set("type", weak ? "WEAK" : "STRONG");
  const auto made = with.api.send("POST", base(), object_with({{"id"}}), std::move(body));
  if (!made) return unexpected(made.error());
  if (with.as_json) {
    print_json(with.out, *made);
  } else {
    with.out << text_of(*made, "id") << '\n';
    with.err << with.words[1] << " starts when " << with.words[0] << (weak ? " has ended" : " has succeeded") << '\n';
  }
  return exit_code::ok;
}

/// The dependency between two pipelines.
outcome<std::string> find_between(command_context& with) {
  const auto upstream = find_pipeline(with.api, with.words[0]);
  if (!upstream) return unexpected(upstream.error());
  const auto downstream = find_pipeline(with.api, with.words[1]);
  if (!downstream) return unexpected(downstream.error());
  const auto graph = with.api.get(base() + "/" + encode(*downstream), a_graph);
  if (!graph) return unexpected(graph.error());
  if (const auto* entries = graph->find("upstream"))
    for (const auto& entry : entries_of(*entries))
      if (text_of(entry, "upstreamPipelineId") == *upstream) return text_of(entry, "id");
  return give_up(exit_code::not_found, with.words[1] + " does not depend on " + with.words[0]);
}

outcome<exit_code> remove(command_context& with) {
  auto id = with.words[0];
  if (with.words.size() == 2) {
    const auto found = find_between(with);
    if (!found) return unexpected(found.error());
    id = *found;
  } else if (!parse_uuid(id)) {
    return give_up(exit_code::usage, "give the dependency's id, or both pipelines: UPSTREAM DOWNSTREAM");
  }
  const auto gone = with.api.send("DELETE", base() + "/" + encode(id), answer_form{});
  if (!gone) return unexpected(gone.error());
  with.err << "dependency " << id << " removed\n";
  return exit_code::ok;
}

outcome<exit_code> show(command_context& with) {
  const auto pipeline = find_pipeline(with.api, with.words[0]);
  if (!pipeline) return unexpected(pipeline.error());
  const auto graph = with.api.get(base() + "/" + encode(*pipeline), a_graph);
  if (!graph) return unexpected(graph.error());
  if (with.as_json) {
    print_json(with.out, *graph);
    return exit_code::ok;
  }
  const auto names = pipeline_names(with.api);
  if (!names) return unexpected(names.error());
  std::vector<std::vector<std::string>> rows;
  for (const auto* side : {"upstream", "downstream"})
    if (const auto* entries = graph->find(side))
      for (const auto& entry : entries_of(*entries))
        rows.push_back({name_in(*names, text_of(entry, "upstreamPipelineId")),
                        name_in(*names, text_of(entry, "downstreamPipelineId")), text_of(entry, "type"),
                        text_of(entry, "id")});
  if (rows.empty()) with.err << with.words[0] << " waits for no pipeline, and none waits for it\n";
  else with.out << show_table({"WHEN THIS ENDS", "THIS STARTS", "TYPE", "DEPENDENCY"}, rows);
  return exit_code::ok;
}

constexpr option_row add_options[] = {{"weak", "", "also when it failed or was cancelled, not only when it succeeded"}};

constexpr command_row rows[] = {
  {"dependency", "add", "UPSTREAM DOWNSTREAM", 2, 2,
   "start a pipeline when another one has succeeded\n\n"
   "A pipeline with several dependencies starts once all of them were met since its last start.",
   add_options, &add, "  penstock dependency add orders billing\n  penstock dependency add --weak orders cleaning\n"},
  {"dependency", "remove", "UPSTREAM DOWNSTREAM | ID", 1, 2, "remove a dependency", {}, &remove},
  {"dependency", "show", "PIPELINE", 1, 1, "show what a pipeline waits for, and what waits for it", {}, &show},
};

} // namespace

std::span<const command_row> dependency_commands() { return rows; }

} // namespace penstock::cli
