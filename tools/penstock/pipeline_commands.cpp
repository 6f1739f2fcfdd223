#include "runtime/model/ids.hpp"
#include "runtime/model/json.hpp"
#include "tools/penstock/commands.hpp"
#include "tools/penstock/definition_file.hpp"
#include "tools/penstock/fields.hpp"
#include "tools/penstock/text_format.hpp"

#include <algorithm>
#include <iterator>
#include <set>

namespace penstock::cli {

namespace {

/// The surface that keeps a definition's text as it was written, so that mistakes have a line and a column.
constexpr std::string_view base = "/api/v1/pipelines";
/// The longest time for a run that the surface takes, in seconds: a year.
constexpr int run_timeout_max_s = 31'536'000;

/// What every answer of it holds on a pipeline, or on one of a list.
const answer_form a_pipeline = object_with({{"id"}, {"name"}});
/// The same of one that is asked for alone.
const answer_form a_definition = object_with({{"id"}, {"name"}, {"yamlDefinition"}});

std::string path_of(const std::string& id) { return std::string{base} + "/" + encode(id); }

outcome<value::list> all_pipelines(api_client& api, const std::string& search) {
  constexpr std::size_t page_size = 1'000;
  value::list all;
  while (true) {
    auto path = std::string{base} + "?limit=" + std::to_string(page_size) + "&offset=" + std::to_string(all.size());
    if (!search.empty()) path += "&search=" + encode(search);
    const auto answer = api.get(path, list_of(a_pipeline.members));
    if (!answer) return unexpected(answer.error());
    auto page = entries_of(*answer);
    all.insert(all.end(), std::make_move_iterator(page.begin()), std::make_move_iterator(page.end()));
    if (page.size() < page_size) return all;
  }
}

/// The one pipeline of that name, null if there is none.
outcome<value> find_by_name(api_client& api, const std::string& name) {
  const auto listed = all_pipelines(api, name);
  if (!listed) return unexpected(listed.error());
  std::vector<value> bearing;
  for (const auto& entry : *listed) {
    if (text_of(entry, "name") == name) bearing.push_back(entry);
  }
  if (bearing.size() > 1) {
    auto message = "several pipelines are named " + name + "; use an id:";
    for (const auto& entry : bearing) message += "\n  " + text_of(entry, "id");
    return give_up(exit_code::refused, std::move(message));
  }
  return bearing.empty() ? value{} : std::move(bearing.front());
}

struct applied {
  value pipeline;
  std::string what; ///< "created", "updated" or "unchanged".
};

outcome<applied> send_definition(api_client& api, const definition_file& file, const value& known) {
  value body;
  body.set("yamlDefinition", file.text);
  api_request request{.method = "POST", .path = std::string{base}, .needs = a_pipeline};
  if (known.is_null()) {
    body.set("name", file.name);
    // The surface's defaults (three retries a minute apart, one hour for a run) are not wanted: the definition decides.
    body.set("maxRetries", 0);
    body.set("timeoutSeconds", run_timeout_max_s);
  } else {
    request.method = "PUT";
    request.path = path_of(text_of(known, "id"));
  }
  request.body = std::move(body);
  auto answer = api.ask(request);
  if (!answer) return unexpected(answer.error());
  if (answer->status / 100 == 2) return applied{std::move(answer->body), known.is_null() ? "created" : "updated"};
  const auto mistakes = mistakes_of(*answer);
  if (mistakes.empty()) {
    auto why = explain(*answer);
    why.message.insert(0, file.path + ": ");
    return unexpected(std::move(why));
  }
  return give_up(exit_code::refused, show_mistakes(file.path, mistakes));
}

outcome<applied> apply_file(api_client& api, const std::string& path, const std::string& name_given) {
  const auto file = read_definition(path, name_given);
  if (!file) return unexpected(file.error());
  auto known = find_by_name(api, file->name);
  if (!known) return unexpected(known.error());
  if (!known->is_null()) {
    auto full = api.get(path_of(text_of(*known, "id")), a_definition);
    if (!full) return unexpected(full.error());
    if (text_of(*full, "yamlDefinition") == file->text) return applied{std::move(*full), "unchanged"};
  }
  return send_definition(api, *file, *known);
}

outcome<exit_code> apply(command_context& with) {
  const auto name = with.option("name");
  if (!name.empty() && with.words.size() > 1) return give_up(exit_code::usage, "--name goes with one file only");
  auto worst = exit_code::ok;
  for (const auto& path : with.words) {
    const auto done = apply_file(with.api, path, name);
    if (!done) {
      // One wrong file does not keep the others from being applied.
      with.err << done.error().message << '\n';
      worst = done.error().code;
      if (worst == exit_code::unreachable || worst == exit_code::unauthorized) break;
      continue;
    }
    const auto& pipeline = done->pipeline;
    if (with.as_json) {
      print_json(with.out, pipeline);
    } else {
      with.out << "pipeline " << text_of(pipeline, "name") << " " << done->what << ", version "
               << int_of(pipeline, "version", 1) << " (" << text_of(pipeline, "id") << ")\n";
    }
    if (const auto* warnings = pipeline.find("warnings"); warnings != nullptr && warnings->as_list() != nullptr) {
      for (const auto& w : *warnings->as_list()) {
        if (w.as_string() != nullptr) with.err << path << ": warning: " << *w.as_string() << '\n';
      }
    }
  }
  return worst;
}

outcome<exit_code> list(command_context& with) {
  const auto listed = all_pipelines(with.api, with.option("search"));
  if (!listed) return unexpected(listed.error());
  if (with.as_json) {
    print_json(with.out, value{*listed});
    return exit_code::ok;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& entry : *listed) {
    const auto schedule = text_of(entry, "scheduleCron");
    rows.push_back({text_of(entry, "name"), text_of(entry, "id"), std::to_string(int_of(entry, "version", 1)),
                    text_of(entry, "status"), schedule.empty() ? "-" : schedule,
                    show_time(text_of(entry, "updatedAt"))});
  }
  print_table(with, {"NAME", "ID", "VERSION", "STATUS", "SCHEDULE", "UPDATED"}, rows, "pipelines");
  return exit_code::ok;
}

outcome<exit_code> show(command_context& with) {
  const auto id = find_pipeline(with.api, with.words[0]);
  if (!id) return unexpected(id.error());
  const auto pipeline = with.api.get(path_of(*id), a_definition);
  if (!pipeline) return unexpected(pipeline.error());
  if (with.as_json) {
    print_json(with.out, *pipeline);
    return exit_code::ok;
  }
  const auto schedule = text_of(*pipeline, "scheduleCron");
  with.out << "name:     " << text_of(*pipeline, "name") << "\nid:       " << text_of(*pipeline, "id")
           << "\nversion:  " << int_of(*pipeline, "version", 1) << "\nstatus:   " << text_of(*pipeline, "status")
           << "\nschedule: " << (schedule.empty() ? "none" : schedule)
           << "\ncreated:  " << show_time(text_of(*pipeline, "createdAt"))
           << "\nupdated:  " << show_time(text_of(*pipeline, "updatedAt")) << "\n\n"
           << text_of(*pipeline, "yamlDefinition");
  const auto definition = text_of(*pipeline, "yamlDefinition");
  if (!definition.empty() && definition.back() != '\n') with.out << '\n';
  return exit_code::ok;
}

outcome<exit_code> remove(command_context& with) {
  for (const auto& name : with.words) {
    const auto id = find_pipeline(with.api, name);
    if (!id) return unexpected(id.error());
    const auto gone = with.api.send("DELETE", path_of(*id), answer_form{});
    if (!gone) return unexpected(gone.error());
    with.err << "pipeline " << name << " and its runs deleted\n";
  }
  return exit_code::ok;
}

outcome<exit_code> run(command_context& with) {
  const auto id = find_pipeline(with.api, with.words[0]);
  if (!id) return unexpected(id.error());
  value body{value::object{}};
  if (const auto given = with.line.all("param"); !given.empty()) {
    const auto pipeline = with.api.get(path_of(*id), a_definition);
    if (!pipeline) return unexpected(pipeline.error());
    auto parameters = read_parameters(given, text_of(*pipeline, "yamlDefinition"));
    if (!parameters) return unexpected(parameters.error());
    for (const auto& warning : parameters->warnings) with.err << "warning: " << warning << '\n';
    body.set("parameters", std::move(parameters->given));
  }
  if (const auto priority = with.option("priority"); !priority.empty()) body.set("priority", priority);
  const auto started =
    with.api.send("POST", "/api/pipelines/" + encode(*id) + "/run", object_with({{"id"}}), std::move(body));
  if (!started) return unexpected(started.error());
  const auto run_id = text_of(*started, "id");
  if (with.is_on("wait")) return watch_run(with, run_id);
  if (with.as_json) {
    print_json(with.out, *started);
  } else {
    with.out << run_id << '\n';
    with.err << "started; watch it: penstock run watch " << run_id << '\n';
  }
  return exit_code::ok;
}

constexpr option_row apply_options[] = {{"name", "NAME", "name of the pipeline, instead of the one in the file"}};
constexpr option_row list_options[] = {{"search", "TEXT", "only names that hold this"}};
constexpr option_row run_options[] = {{"param", "NAME=VALUE", "a parameter of the run; may be repeated", 'p'},
                                      {"priority", "PRIORITY", "HIGH, NORMAL or LOW [the definition's]"},
                                      {"wait", "", "watch the run until it has ended", 'w'}};

constexpr std::size_t many = 10'000;

constexpr command_row rows[] = {
  {"pipeline", "apply", "FILE…", 1, many, "create or update pipelines from definitions; - is standard input",
   apply_options, &apply},
  {"pipeline", "list", "", 0, 0, "list the pipelines", list_options, &list},
  {"pipeline", "show", "PIPELINE", 1, 1, "show a pipeline and its definition", {}, &show},
  {"pipeline", "delete", "PIPELINE…", 1, many, "delete pipelines with their runs, logs and files", {}, &remove},
  {"pipeline", "run", "PIPELINE", 1, 1, "start a run", run_options, &run},
};

} // namespace

std::span<const command_row> pipeline_commands() { return rows; }

outcome<std::map<std::string, std::string>> pipeline_names(api_client& api) {
  const auto all = all_pipelines(api, "");
  if (!all) return unexpected(all.error());
  std::map<std::string, std::string> names;
  for (const auto& entry : *all) names.emplace(text_of(entry, "id"), text_of(entry, "name"));
  return names;
}

outcome<std::string> find_pipeline(api_client& api, const std::string& name_or_id) {
  if (const auto id = parse_uuid(name_or_id)) return to_text(*id);
  const auto found = find_by_name(api, name_or_id);
  if (!found) return unexpected(found.error());
  if (!found->is_null()) return text_of(*found, "id");
  const auto all = all_pipelines(api, "");
  if (!all) return unexpected(all.error());
  std::set<std::string> names;
  for (const auto& entry : *all) names.insert(text_of(entry, "name"));
  const std::vector<std::string_view> known{names.begin(), names.end()};
  return give_up(exit_code::not_found, "there is no pipeline " + name_or_id + did_you_mean(name_or_id, known));
}

} // namespace penstock::cli
