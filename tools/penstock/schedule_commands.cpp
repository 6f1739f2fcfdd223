#include "runtime/model/ids.hpp"
#include "tools/penstock/fields.hpp"
#include "tools/penstock/schedule_window.hpp"
#include "tools/penstock/starter_fields.hpp"
#include "tools/penstock/text_format.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <sstream>

namespace penstock::cli {

namespace {

const answer_form a_schedule = object_with({{"id"}, {"pipelineId"}});

std::string base() { return std::string{scheduler_path} + "schedules"; }
std::string path_of(const std::string& id) { return base() + "/" + encode(id); }

outcome<value> one_of(std::vector<value> found, const std::string& word, const std::string& what) {
  if (found.size() == 1) return std::move(found.front());
  auto message = std::to_string(found.size()) + " schedules " + what + " " + word + "; use an id:";
  for (const auto& entry : found)
    message += "\n  " + text_of(entry, "id") + "  " + text_of(entry, "cronExpression") + "  " + text_of(entry, "name");
  return give_up(exit_code::refused, std::move(message));
}

/// A schedule given by its id, its name, or the name of a pipeline that has no other.
outcome<value> find_schedule(api_client& api, const std::string& word) {
  if (const auto id = parse_uuid(word)) return api.get(path_of(to_text(*id)), a_schedule);
  const auto all = fetch_all(api, base(), a_schedule.members);
  if (!all) return unexpected(all.error());
  std::vector<value> named;
  for (const auto& entry : *all)
    if (text_of(entry, "name") == word) named.push_back(entry);
  if (!named.empty()) return one_of(std::move(named), word, "are named");
  const auto pipeline = find_pipeline(api, word);
  if (!pipeline) {
    if (pipeline.error().code != exit_code::not_found) return unexpected(pipeline.error());
    return give_up(exit_code::not_found, "no schedule has the id or name " + word + ", and no pipeline the name");
  }
  std::vector<value> of_pipeline;
  for (const auto& entry : *all)
    if (text_of(entry, "pipelineId") == *pipeline) of_pipeline.push_back(entry);
  if (of_pipeline.empty()) return give_up(exit_code::not_found, "pipeline " + word + " has no schedules");
  return one_of(std::move(of_pipeline), word, "are of pipeline");
}

/// Everything about a schedule that options say.
outcome<value> read_options(command_context& with, const std::string& pipeline) {
  value body{value::object{}};
  for (const auto& [option, field] : {std::pair{"name", "name"}, std::pair{"cron", "cronExpression"},
                                      std::pair{"timezone", "timezone"}, std::pair{"calendar", "calendar"}})
    take_text(with, option, field, body);
  for (const auto& [option, field] : {std::pair{"overlap", "overlapStrategy"}, std::pair{"catch-up", "catchupStrategy"},
                                      std::pair{"priority", "priority"}})
    take_word(with, option, field, body);
  for (auto done :
       {take_switch(with, "business-days", "businessDaysOnly", body),
        take_switch(with, "skip-holidays", "skipHolidays", body),
        take_number(with, "catch-up-runs", "catchupRuns", body), take_parameters(with, pipeline, "parameters", body)})
    if (!done) return unexpected(std::move(done).error());
  if (const auto given = with.line.all("window"); !given.empty()) {
    auto windows = read_windows(given);
    if (!windows) return unexpected(windows.error());
    body.set("maintenanceWindows", std::move(*windows));
  }
  return body;
}

std::string next_run(const value& schedule) {
  return show_in_zone(text_of(schedule, "nextRunAt"), text_of(schedule, "timezone"));
}

outcome<exit_code> create(command_context& with) {
  if (!with.line.has("cron"))
    return give_up(exit_code::usage, "give --cron with a cron expression, such as --cron \"0 2 * * *\"");
  if (const auto windows = read_windows(with.line.all("window")); !windows) return unexpected(windows.error());
  const auto pipeline = find_pipeline(with.api, with.words[0]);
  if (!pipeline) return unexpected(pipeline.error());
  auto body = read_options(with, *pipeline);
  if (!body) return unexpected(body.error());
  body->set("pipelineId", *pipeline);
  const auto made = with.api.send("POST", base(), a_schedule, std::move(*body));
  if (!made) return unexpected(made.error());
  if (with.as_json) {
    print_json(with.out, *made);
  } else {
    // The id alone on standard output, so that scripts can use it.
    with.out << text_of(*made, "id") << '\n';
    with.err << "schedule created; next run of " << with.words[0] << ": " << next_run(*made) << '\n';
  }
  return exit_code::ok;
}

outcome<exit_code> list(command_context& with) {
  auto path = base();
  if (!with.words.empty()) {
    const auto pipeline = find_pipeline(with.api, with.words[0]);
    if (!pipeline) return unexpected(pipeline.error());
    path += "?pipelineId=" + encode(*pipeline);
  }
  const auto all = fetch_all(with.api, path, a_schedule.members);
  if (!all) return unexpected(all.error());
  if (with.as_json) {
    print_json(with.out, value{*all});
    return exit_code::ok;
  }
  const auto names = pipeline_names(with.api);
  if (!names) return unexpected(names.error());
  std::vector<std::vector<std::string>> rows;
  for (const auto& s : *all) {
    const auto name = text_of(s, "name");
    rows.push_back({text_of(s, "id"), name.empty() ? "-" : fit(name, 30), name_in(*names, text_of(s, "pipelineId")),
                    text_of(s, "cronExpression"), text_of(s, "status"), next_run(s), std::to_string(int_of(s, "fired")),
                    std::to_string(int_of(s, "skipped"))});
  }
  print_table(with, {"SCHEDULE", "NAME", "PIPELINE", "CRON", "STATUS", "NEXT RUN", "FIRED", "SKIPPED"}, rows,
              "schedules");
  return exit_code::ok;
}

void print_schedule(command_context& with, const value& s, const std::string& pipeline) {
  const auto zone = text_of(s, "timezone");
  const auto line = [&](std::string_view label, const std::string& text) {
    with.out << label << std::string(label.size() < 14 ? 14 - label.size() : 1, ' ') << text << '\n';
  };
  const auto is_set = [&](std::string_view field) {
    const auto* flag = s.find(field);
    return flag != nullptr && flag->as_bool() != nullptr && *flag->as_bool();
  };
  line("id:", text_of(s, "id"));
  if (const auto name = text_of(s, "name"); !name.empty()) line("name:", name);
  line("pipeline:", pipeline + " (" + text_of(s, "pipelineId") + ")");
  line("cron:", text_of(s, "cronExpression") + " " + zone);
  line("status:", text_of(s, "status"));
  line("next run:", next_run(s));
  line("last run:", show_in_zone(text_of(s, "lastRunAt"), zone) +
                      (text_of(s, "lastRunId").empty() ? "" : " (" + text_of(s, "lastRunId") + ")"));
  line("counts:", std::to_string(int_of(s, "fired")) + " fired, " + std::to_string(int_of(s, "skipped")) +
                    " skipped, " + std::to_string(int_of(s, "queued")) + " queued");
  if (is_set("businessDaysOnly")) line("days:", "Monday to Friday only");
  if (is_set("skipHolidays")) line("holidays:", "skipped, those of calendar " + text_of(s, "calendar"));
  if (const auto* windows = s.find("maintenanceWindows"))
    for (const auto& window : entries_of(*windows)) line("not during:", show_window(window));
  line("overlap:", text_of(s, "overlapStrategy"));
  line("catch-up:", text_of(s, "catchupStrategy") + (text_of(s, "catchupStrategy") == "RUN_LATEST_N"
                                                       ? ", N = " + std::to_string(int_of(s, "catchupRuns", 1))
                                                       : ""));
  line("priority:", text_of(s, "priority"));
  if (const auto* parameters = s.find("parameters"); parameters && parameters->as_object())
    for (const auto& [name, v] : *parameters->as_object()) line("parameter:", name + " = " + show_value(v));
  if (const auto error = text_of(s, "lastError"); !error.empty()) line("last error:", error);
}

outcome<exit_code> show(command_context& with) {
  const auto found = find_schedule(with.api, with.words[0]);
  if (!found) return unexpected(found.error());
  if (with.as_json) {
    print_json(with.out, *found);
    return exit_code::ok;
  }
  const auto names = pipeline_names(with.api);
  if (!names) return unexpected(names.error());
  print_schedule(with, *found, name_in(*names, text_of(*found, "pipelineId")));
  return exit_code::ok;
}

outcome<exit_code> update(command_context& with) {
  if (const auto windows = read_windows(with.line.all("window")); !windows) return unexpected(windows.error());
  const auto found = find_schedule(with.api, with.words[0]);
  if (!found) return unexpected(found.error());
  auto body = read_options(with, text_of(*found, "pipelineId"));
  if (!body) return unexpected(body.error());
  if (body->as_object()->empty())
    return give_up(exit_code::usage, "nothing to change was given; penstock schedule update --help lists the options");
  const auto changed = with.api.send("PUT", path_of(text_of(*found, "id")), a_schedule, std::move(*body));
  if (!changed) return unexpected(changed.error());
  if (with.as_json) print_json(with.out, *changed);
  else with.err << "schedule " << with.words[0] << " changed; next run: " << next_run(*changed) << '\n';
  return exit_code::ok;
}

outcome<exit_code> set_paused(command_context& with, bool paused) {
  const auto found = find_schedule(with.api, with.words[0]);
  if (!found) return unexpected(found.error());
  const auto changed =
    with.api.send("POST", path_of(text_of(*found, "id")) + (paused ? "/pause" : "/resume"), a_schedule);
  if (!changed) return unexpected(changed.error());
  if (with.as_json) print_json(with.out, *changed);
  else if (paused) with.err << "schedule " << with.words[0] << " paused\n";
  else with.err << "schedule " << with.words[0] << " resumed; next run: " << next_run(*changed) << '\n';
  return exit_code::ok;
}

outcome<exit_code> pause(command_context& with) { return set_paused(with, true); }
outcome<exit_code> resume(command_context& with) { return set_paused(with, false); }

outcome<exit_code> remove(command_context& with) {
  for (const auto& word : with.words) {
    const auto found = find_schedule(with.api, word);
    if (!found) return unexpected(found.error());
    const auto gone = with.api.send("DELETE", path_of(text_of(*found, "id")), answer_form{});
    if (!gone) return unexpected(gone.error());
    with.err << "schedule " << word << " deleted\n";
  }
  return exit_code::ok;
}

/// The question for the server, and the zone in which the times are to be shown.
struct preview_question {
  std::string query;
  std::string zone;
};

/// Five fields, as no schedule is likely to be called.
bool looks_like_cron(const std::string& word) {
  std::istringstream in{word};
  return std::distance(std::istream_iterator<std::string>{in}, {}) == 5;
}

outcome<preview_question> ask_about(command_context& with) {
  if (with.line.has("cron") == !with.words.empty())
    return give_up(exit_code::usage, "give a SCHEDULE, or --cron with an expression");
  if (!with.words.empty()) {
    const auto found = find_schedule(with.api, with.words[0]);
    if (!found) {
      const bool meant = found.error().code == exit_code::not_found && looks_like_cron(with.words[0]);
      if (!meant) return unexpected(found.error());
      return give_up(exit_code::usage, "no schedule is called " + with.words[0] + "; give an expression with --cron");
    }
    return preview_question{"scheduleId=" + encode(text_of(*found, "id")), text_of(*found, "timezone")};
  }
  const auto zone = with.line.has("timezone") ? with.option("timezone") : "UTC";
  auto query = "cronExpression=" + encode(with.option("cron")) + "&timezone=" + encode(zone);
  for (const auto& [option, field] : {std::pair{"business-days", "businessDaysOnly"},
                                      std::pair{"skip-holidays", "skipHolidays"}, std::pair{"calendar", "calendar"}})
    if (with.line.has(option)) query += std::string{"&"} + field + "=" + encode(with.option(option));
  return preview_question{std::move(query), zone};
}

outcome<exit_code> preview(command_context& with) {
  auto question = ask_about(with);
  if (!question) return unexpected(question.error());
  question->query += "&limit=" + encode(with.line.has("limit") ? with.option("limit") : "10");
  if (with.line.has("from")) question->query += "&from=" + encode(with.option("from"));
  const auto answer = with.api.get(std::string{scheduler_path} + "next-runs?" + question->query,
                                   object_with({{"nextRuns", needed_member::kind::list}}));
  if (!answer) return unexpected(answer.error());
  if (with.as_json) {
    print_json(with.out, *answer);
    return exit_code::ok;
  }
  const auto* times = answer->find("nextRuns");
  const auto entries = times ? entries_of(*times) : value::list{};
  std::vector<std::vector<std::string>> rows;
  for (const auto& t : entries)
    if (const auto* text = t.as_string()) rows.push_back({show_in_zone(*text, question->zone), *text});
  if (rows.empty()) with.err << "no run is to come\n";
  else with.out << show_table({"RUN", "UTC"}, rows);
  return exit_code::ok;
}

constexpr option_row name_option{"name", "NAME", "a name for the schedule"};
constexpr option_row cron_option{"cron", "CRON", "five fields: minute, hour, day of month, month, day of week"};
constexpr option_row zone_option{"timezone", "ZONE", "time zone of the expression, such as Europe/Warsaw [UTC]"};
constexpr option_row business_option{"business-days", "",
                                     "Monday to Friday only; in an update also --business-days=false"};
constexpr option_row holidays_option{"skip-holidays", "", "not on days of the calendar; in an update also =false"};
constexpr option_row calendar_option{"calendar", "NAME", "the calendar of the holidays [holidays]"};

/// Of an update, in which what is not given stays as it is: the default in brackets would not be true.
constexpr option_row without_default(option_row row) {
  const auto bracket = row.help.rfind(" [");
  if (row.help.ends_with(']') && bracket != std::string_view::npos) row.help = row.help.substr(0, bracket);
  return row;
}

constexpr std::array rule_options{
  name_option,
  cron_option,
  zone_option,
  business_option,
  holidays_option,
  calendar_option,
  option_row{"window", "WINDOW",
             "no runs in this time: 22:00-02:00, SAT,SUN 00:00-24:00, or START/END; may be repeated; or none"},
  option_row{"overlap", "STRATEGY", "while a run is active: SKIP, QUEUE or CANCEL_RUNNING [SKIP]"},
  option_row{"catch-up", "STRATEGY", "for missed times: SKIP_TO_CURRENT, RUN_ALL or RUN_LATEST_N [SKIP_TO_CURRENT]"},
  option_row{"catch-up-runs", "N", "the N of RUN_LATEST_N [1]"},
  option_row{"param", "NAME=VALUE", "a parameter of the runs; may be repeated", 'p'},
  option_row{"priority", "PRIORITY", "HIGH, NORMAL or LOW [NORMAL]"}};

constexpr auto update_options = [] {
  auto options = rule_options;
  for (auto& option : options) option = without_default(option);
  return options;
}();

constexpr option_row preview_options[] = {cron_option,
                                          zone_option,
                                          business_option,
                                          holidays_option,
                                          calendar_option,
                                          {"from", "TIME", "times after this [now]"},
                                          {"limit", "N", "at most so many, up to 1000 [10]", 'n'}};

constexpr std::size_t many = 10'000;

constexpr command_row rows[] = {
  {"schedule", "create", "PIPELINE", 1, 1, "start runs of a pipeline at certain times", rule_options, &create,
   "  penstock schedule create packages --cron \"0 2 * * *\" --timezone Europe/Warsaw --skip-holidays\n"
   "  penstock schedule create packages --cron \"*/15 8-17 * * MON-FRI\" --overlap QUEUE --param largest=3\n"
   "  penstock schedule create packages --cron \"0 * * * *\" --window \"SUN 22:00-02:00\" --catch-up RUN_ALL\n"},
  {"schedule", "list", "[PIPELINE]", 0, 1, "list schedules", {}, &list},
  {"schedule", "show", "SCHEDULE", 1, 1, "show a schedule", {}, &show},
  {"schedule", "update", "SCHEDULE", 1, 1, "change a schedule; what is not given stays", update_options, &update,
   "  penstock schedule update nightly --cron \"30 3 * * *\"\n"
   "  penstock schedule update nightly --skip-holidays=false --window none\n"},
  {"schedule", "pause", "SCHEDULE", 1, 1, "let a schedule start no runs", {}, &pause},
  {"schedule", "resume", "SCHEDULE", 1, 1, "let a paused schedule start runs again", {}, &resume},
  {"schedule", "delete", "SCHEDULE…", 1, many, "delete schedules; their runs stay", {}, &remove},
  {"schedule", "preview", "[SCHEDULE]", 0, 1, "tell when a schedule or an expression starts its next runs",
   preview_options, &preview,
   "  penstock schedule preview nightly -n 5\n"
   "  penstock schedule preview --cron \"0 2 29 2 *\" --timezone Europe/Warsaw --from 2026-01-01\n"},
};

} // namespace

std::span<const command_row> schedule_commands() { return rows; }

} // namespace penstock::cli
