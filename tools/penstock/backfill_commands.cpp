#include "runtime/model/ids.hpp"
#include "tools/penstock/backfill_progress.hpp"
#include "tools/penstock/fields.hpp"
#include "tools/penstock/starter_fields.hpp"
#include "tools/penstock/text_format.hpp"
#include "tools/penstock/watching.hpp"

#include <chrono>

namespace penstock::cli {

namespace {

timestamp now() { return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now()); }

constexpr std::size_t searched_page = 100;
const answer_form a_backfill = object_with({{"id"}, {"status"}});

std::string base() { return std::string{scheduler_path} + "backfill"; }
std::string path_of(const std::string& id) { return base() + "/" + encode(id); }

/// The id of a backfill given as such, or the newest one of a pipeline given by name.
outcome<std::string> find_backfill(api_client& api, const std::string& id_or_pipeline) {
  if (const auto id = parse_uuid(id_or_pipeline)) return to_text(*id);
  const auto pipeline = find_pipeline(api, id_or_pipeline);
  if (!pipeline) {
    auto why = pipeline.error();
    if (why.code == exit_code::not_found) why.message.insert(0, "no backfill has the id " + id_or_pipeline + ", and ");
    return unexpected(std::move(why));
  }
  // Newest first, and whoever says a pipeline's name means what runs.
  bool has_dry_runs = false;
  for (std::size_t passed = 0;;) {
    const auto page = api.get(base() + "?limit=" + std::to_string(searched_page) + "&offset=" + std::to_string(passed) +
                                "&pipelineId=" + encode(*pipeline),
                              list_of(a_backfill.members));
    if (!page) return unexpected(page.error());
    const auto entries = entries_of(*page);
    for (const auto& entry : entries) {
      if (!read_backfill(entry, "").dry_run) return text_of(entry, "id");
      has_dry_runs = true;
    }
    passed += entries.size();
    if (entries.size() < searched_page) break;
  }
  return give_up(exit_code::not_found,
                 "pipeline " + id_or_pipeline +
                   (has_dry_runs ? " has no backfills yet, only dry runs" : " has no backfills yet"));
}

std::string pipeline_name(api_client& api, const value& backfill) {
  const auto id = text_of(backfill, "pipelineId");
  const auto pipeline = api.get("/api/pipelines/" + encode(id), object_with({{"name"}}));
  const auto name = pipeline ? text_of(*pipeline, "name") : "";
  return name.empty() ? id : name;
}

exit_code code_of(const backfill_snapshot& b) {
  return b.status == "COMPLETED" || b.dry_run ? exit_code::ok : exit_code::run_failed;
}

/// Shows a backfill until it has ended or stands still, through restarts of the server.
outcome<exit_code> watch_backfill(command_context& with, const std::string& id) {
  backfill_display display(with.out, with.drawing, with.on);
  std::string pipeline;
  auto code = exit_code::ok;
  const auto look = [&]() -> outcome<bool> {
    const auto answer = with.api.get(path_of(id), a_backfill);
    if (!answer) return unexpected(answer.error());
    if (pipeline.empty()) pipeline = pipeline_name(with.api, *answer);
    const auto snapshot = read_backfill(*answer, pipeline);
    code = code_of(snapshot);
    const bool is_over = snapshot.stands_still();
    if (with.as_json && is_over) print_json(with.out, *answer);
    else if (!with.as_json && is_over) display.finish(snapshot, now());
    else if (!with.as_json) display.show(snapshot, now());
    return is_over;
  };
  const auto miss = [&] {
    if (!with.as_json) display.note("the server does not answer; the backfill goes on when it is back");
  };
  const auto stopping = "the backfill goes on; stop it: penstock backfill cancel " + id;
  if (const auto seen = keep_watching(with, {look, miss, stopping}); !seen) return unexpected(seen.error());
  return code;
}

outcome<value> read_options(command_context& with, const std::string& pipeline) {
  value body{value::object{}};
  body.set("pipelineId", pipeline);
  for (const auto& [option, field] :
       {std::pair{"from", "from"}, std::pair{"to", "to"}, std::pair{"timezone", "timezone"}})
    take_text(with, option, field, body);
  body.set("granularity", "DAILY");
  take_word(with, "granularity", "granularity", body);
  take_word(with, "priority", "priority", body);
  for (auto done : {take_number(with, "concurrency", "concurrency", body), take_switch(with, "dry-run", "dryRun", body),
                    take_parameters(with, pipeline, "parameterOverrides", body)})
    if (!done) return unexpected(std::move(done).error());
  return body;
}

outcome<exit_code> create(command_context& with) {
  if (!with.line.has("from") || !with.line.has("to"))
    return give_up(exit_code::usage, "give --from and --to, such as --from 2025-11-01 --to 2025-11-30");
  const auto pipeline = find_pipeline(with.api, with.words[0]);
  if (!pipeline) return unexpected(pipeline.error());
  auto body = read_options(with, *pipeline);
  if (!body) return unexpected(body.error());
  const auto made = with.api.send("POST", base(), a_backfill, std::move(*body));
  if (!made) return unexpected(made.error());
  const auto snapshot = read_backfill(*made, with.words[0]);
  if (with.is_on("watch") && !snapshot.dry_run) return watch_backfill(with, snapshot.id);
  if (with.as_json) {
    print_json(with.out, *made);
  } else if (snapshot.dry_run) {
    for (const auto& line : tell_end(snapshot)) with.out << line << '\n';
  } else {
    // The id alone on standard output, so that scripts can use it.
    with.out << snapshot.id << '\n';
    with.err << "backfill of " << show_count(snapshot.total) << (snapshot.total == 1 ? " interval" : " intervals")
             << " began; watch it: penstock backfill show " << snapshot.id << " --watch\n";
  }
  return exit_code::ok;
}

outcome<exit_code> show(command_context& with) {
  const auto id = find_backfill(with.api, with.words[0]);
  if (!id) return unexpected(id.error());
  if (with.is_on("watch")) return watch_backfill(with, *id);
  const auto answer = with.api.get(path_of(*id), a_backfill);
  if (!answer) return unexpected(answer.error());
  if (with.as_json) {
    print_json(with.out, *answer);
    return exit_code::ok;
  }
  const auto snapshot = read_backfill(*answer, pipeline_name(with.api, *answer));
  auto on = with.on;
  if (!on.is_terminal) on.columns = 10'000;
  for (const auto& line : draw_backfill(snapshot, {}, on)) with.drawing << line << '\n';
  if (snapshot.stands_still())
    for (const auto& line : tell_end(snapshot)) with.out << line << '\n';
  return exit_code::ok;
}

outcome<exit_code> list(command_context& with) {
  auto path = base();
  if (!with.words.empty()) {
    const auto pipeline = find_pipeline(with.api, with.words[0]);
    if (!pipeline) return unexpected(pipeline.error());
    path += "?pipelineId=" + encode(*pipeline);
  }
  const auto all = fetch_all(with.api, path, a_backfill.members);
  if (!all) return unexpected(all.error());
  if (with.as_json) {
    print_json(with.out, value{*all});
    return exit_code::ok;
  }
  const auto names = pipeline_names(with.api);
  if (!names) return unexpected(names.error());
  std::vector<std::vector<std::string>> rows;
  for (const auto& entry : *all) {
    const auto b = read_backfill(entry, name_in(*names, text_of(entry, "pipelineId")));
    rows.push_back({b.id, b.pipeline, b.from, b.to, b.granularity, b.dry_run ? "DRY RUN" : b.status,
                    show_count(b.done()) + "/" + show_count(b.total), show_count(b.failed),
                    show_time(text_of(entry, "createdAt"))});
  }
  print_table(with, {"BACKFILL", "PIPELINE", "FROM", "TO", "EACH", "STATUS", "DONE", "FAILED", "CREATED"}, rows,
              "backfills");
  return exit_code::ok;
}

outcome<exit_code> change(command_context& with, const std::string& action, std::string_view told) {
  const auto id = find_backfill(with.api, with.words[0]);
  if (!id) return unexpected(id.error());
  const auto answer = with.api.send("POST", path_of(*id) + "/" + action, a_backfill);
  if (!answer) return unexpected(answer.error());
  if (with.is_on("watch")) return watch_backfill(with, *id);
  if (with.as_json) print_json(with.out, *answer);
  else with.err << "backfill " << *id << ' ' << told << '\n';
  return exit_code::ok;
}

outcome<exit_code> pause(command_context& with) { return change(with, "pause", "paused; runs under way go on"); }
outcome<exit_code> resume(command_context& with) { return change(with, "resume", "goes on"); }
outcome<exit_code> cancel(command_context& with) { return change(with, "cancel", "cancelled, with its active runs"); }
outcome<exit_code> retry(command_context& with) {
  return change(with, "retry-failed", "runs its failed intervals once more");
}

constexpr option_row watch_option{"watch", "", "show the progress until it has ended"};
constexpr option_row watch_options[] = {watch_option};
constexpr option_row create_options[] = {
  {"from", "DATE", "the first day, or a time such as 2025-11-01T06:00:00Z"},
  {"to", "DATE", "the last day, or a time; it is included"},
  {"granularity", "EACH", "a run per interval: HOURLY, DAILY, WEEKLY or MONTHLY [DAILY]"},
  {"timezone", "ZONE", "time zone of the days, such as Europe/Warsaw [UTC]"},
  {"concurrency", "N", "so many runs at a time, up to 100 [1]"},
  {"priority", "PRIORITY", "HIGH, NORMAL or LOW [NORMAL]"},
  {"param", "NAME=VALUE", "a parameter of the runs; may be repeated", 'p'},
  {"dry-run", "", "tell how many intervals there are, and start nothing"},
  watch_option};

constexpr command_row rows[] = {
  {"backfill", "create", "PIPELINE", 1, 1,
   "run a pipeline for each interval of a range of time\n\n"
   "A run gets its interval as the parameters interval_start and interval_end, and as {{ run.logical_time }}.",
   create_options, &create,
   "  penstock backfill create packages --from 2025-11-01 --to 2025-11-30 --concurrency 4 --watch\n"
   "  penstock backfill create packages --from 2025-01-01 --to 2025-12-31 --granularity MONTHLY --dry-run\n"},
  {"backfill", "show", "BACKFILL", 1, 1, "show a backfill and its progress", watch_options, &show,
   "  penstock backfill show packages --watch\n"},
  {"backfill", "list", "[PIPELINE]", 0, 1, "list backfills", {}, &list},
  {"backfill", "pause", "BACKFILL", 1, 1, "start no further intervals of a backfill", {}, &pause},
  {"backfill", "resume", "BACKFILL", 1, 1, "go on with a paused backfill", watch_options, &resume},
  {"backfill", "cancel", "BACKFILL", 1, 1, "cancel a backfill and its active runs", {}, &cancel},
  {"backfill", "retry", "BACKFILL", 1, 1, "run the failed intervals of a backfill once more", watch_options, &retry},
};

} // namespace

std::span<const command_row> backfill_commands() { return rows; }

} // namespace penstock::cli
