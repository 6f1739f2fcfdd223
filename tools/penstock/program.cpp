#include "tools/penstock/program.hpp"

#include "runtime/model/json.hpp"
#include "tools/penstock/commands.hpp"
#include "tools/penstock/text_format.hpp"

#include <algorithm>
#include <iostream>

namespace penstock::cli {

namespace {

constexpr option_row global_options[] = {
  {"server", "URL", "the server [PENSTOCK_SERVER, else http://127.0.0.1:8080]", 's'},
  {"key", "KEY", "the API key [PENSTOCK_KEY, else the file ~/.config/penstock/key]", 'k'},
  {"output", "FORM", "table, or json: the server's answer as it is [table]"},
  {"help", "", "print help, and stop", 'h'},
  {"version", "", "print the version, and stop"},
};

constexpr std::string_view exit_codes_help =
  "Exit codes:\n"
  "  0  done; a run or backfill that was waited for succeeded\n"
  "  1  the run or backfill that was waited for failed or was cancelled, or a webhook's test was not delivered\n"
  "  2  the command line is wrong\n"
  "  3  the server does not answer\n"
  "  4  the key is missing, unknown or lacks the right\n"
  "  5  no such pipeline, run, schedule, backfill, webhook, key or file on the server\n"
  "  6  the server refused: a mistake in a definition, a parameter, a state that does not allow it\n"
  "  7  the server is overloaded, not ready, or failed\n"
  "  8  a file of this machine cannot be read or written\n";

std::vector<command_row> all_commands() {
  std::vector<command_row> all;
  for (const auto part : {pipeline_commands(), run_commands(), schedule_commands(), backfill_commands(),
                          dependency_commands(), calendar_commands(), pool_commands(), webhook_commands(),
                          key_commands(), audit_commands(), server_commands()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

std::string name_of(const command_row& row) {
  return (row.group.empty() ? "" : std::string{row.group} + " ") + std::string{row.verb};
}

void append_line(std::string& out, const std::string& left, std::string_view help) {
  constexpr std::size_t width = 32;
  out += "  " + left + std::string(width_of(left) + 2 < width ? width - width_of(left) - 2 : 1, ' ');
  out.append(help) += '\n';
}

void append_options(std::string& out, std::span<const option_row> options) {
  for (const auto& o : options) {
    append_line(out,
                (o.letter != 0 ? std::string{"-"} + o.letter + ", " : "    ") + "--" + std::string{o.name} +
                  (o.value_name.empty() ? "" : " " + std::string{o.value_name}),
                o.help);
  }
}

std::string overview() {
  std::string out = "penstock: the command line of Penstock\n\nusage: penstock COMMAND [option…]\n\nCommands:\n";
  for (const auto& row : all_commands())
    append_line(out, name_of(row) + (row.words.empty() ? "" : " " + std::string{row.words}), first_line(row.help));
  out +=
    "\nA PIPELINE is a name or an id; a RUN or BACKFILL is an id, or a pipeline's name for its newest one; a SCHEDULE\n"
    "is an id, its name, or the name of a pipeline that has no other.\n\nOptions of every command:\n";
  append_options(out, global_options);
  out += "\nMore on a command: penstock COMMAND --help\n\n";
  out.append(exit_codes_help);
  return out;
}

std::string help_of(const command_row& row) {
  std::string out = "usage: penstock " + name_of(row) + (row.words.empty() ? "" : " " + std::string{row.words}) +
                    (row.options.empty() ? "" : " [option…]") + "\n\n";
  out.append(row.help) += "\n";
  if (!row.examples.empty()) out.append("\nExamples:\n").append(row.examples);
  if (!row.options.empty()) out += "\nOptions:\n";
  append_options(out, row.options);
  out += "\nOptions of every command:\n";
  append_options(out, global_options);
  return out;
}

/// Options of every command: enough to tell options from words before the command is known.
std::vector<option_row> every_option(const std::vector<command_row>& commands) {
  std::vector<option_row> all{std::begin(global_options), std::end(global_options)};
  for (const auto& row : commands) {
    for (const auto& o : row.options) {
      if (std::none_of(all.begin(), all.end(), [&](const option_row& known) { return known.name == o.name; }))
        all.push_back(o);
    }
  }
  return all;
}

outcome<command_row> find_command(const std::vector<command_row>& commands, const std::vector<std::string>& words) {
  std::vector<std::string> names;
  for (const auto& row : commands) {
    names.push_back(name_of(row));
    if (row.group.empty() ? words[0] == row.verb : words.size() > 1 && words[0] == row.group && words[1] == row.verb)
      return row;
  }
  const bool is_group =
    std::any_of(commands.begin(), commands.end(), [&](const command_row& r) { return r.group == words[0]; });
  std::vector<std::string_view> known;
  std::string given = words[0];
  if (is_group && words.size() == 1) {
    std::string verbs;
    for (const auto& row : commands) {
      if (row.group == words[0]) verbs += (verbs.empty() ? "" : ", ") + std::string{row.verb};
    }
    return give_up(exit_code::usage, "penstock " + words[0] + " what? One of " + verbs);
  }
  if (words.size() > 1) given += " " + words[1];
  known.assign(names.begin(), names.end());
  return give_up(exit_code::usage, "unknown command " + given + did_you_mean(given, known, "penstock "));
}

outcome<void> check_usage(const command_row& row, const command_line& line, std::size_t words) {
  for (const auto& given : line.options) {
    const auto is_it = [&](const option_row& o) { return o.name == given.name; };
    if (std::any_of(std::begin(global_options), std::end(global_options), is_it)) continue;
    if (std::any_of(row.options.begin(), row.options.end(), is_it)) continue;
    return give_up(exit_code::usage, "penstock " + name_of(row) + " does not take --" + given.name);
  }
  if (words < row.words_least || words > row.words_most) {
    const auto usage = "usage: penstock " + name_of(row) + (row.words.empty() ? "" : " " + std::string{row.words});
    return give_up(exit_code::usage, (words < row.words_least ? "something is missing; " : "too many words; ") + usage);
  }
  return {};
}

std::string variable(const environment& variables, std::string_view name) {
  for (const auto& [n, text] : variables) {
    if (n == name) return text;
  }
  return {};
}

std::string trimmed(std::string text) {
  constexpr std::string_view blanks = " \t\r\n";
  text.erase(text.find_last_not_of(blanks) + 1);
  text.erase(0, text.find_first_not_of(blanks));
  return text;
}

std::string key_for(const command_line& line, const environment& variables) {
  if (const auto* given = line.find("key")) return *given;
  if (auto given = variable(variables, "PENSTOCK_KEY"); !given.empty()) return given;
  auto directory = variable(variables, "XDG_CONFIG_HOME");
  if (directory.empty()) directory = variable(variables, "HOME") + "/.config";
  const auto kept = read_text_file(directory + "/penstock/key");
  return kept ? trimmed(*kept) : "";
}

std::string server_for(const command_line& line, const environment& variables) {
  if (const auto* given = line.find("server")) return *given;
  const auto given = variable(variables, "PENSTOCK_SERVER");
  return given.empty() ? "http://127.0.0.1:8080" : given;
}

outcome<exit_code> run_command(const command_row& row, const command_line& line, const environment& variables,
                               std::ostream& out, std::ostream& err) {
  const std::size_t name_words = row.group.empty() ? 1 : 2;
  if (line.has("help")) {
    out << help_of(row);
    return exit_code::ok;
  }
  if (const auto right = check_usage(row, line, line.words.size() - name_words); !right)
    return unexpected(right.error());
  const auto* form = line.find("output");
  if (form != nullptr && *form != "table" && *form != "json") {
    return give_up(exit_code::usage, "--output takes table or json, not \"" + *form + "\"");
  }
  api_client api(server_for(line, variables), key_for(line, variables));
  command_context with{api,
                       line,
                       {line.words.begin() + static_cast<std::ptrdiff_t>(name_words), line.words.end()},
                       form != nullptr && *form == "json",
                       out,
                       err,
                       detect_screen()};
  return row.run(with);
}

outcome<exit_code> dispatch(const std::vector<std::string>& arguments, const environment& variables, std::ostream& out,
                            std::ostream& err) {
  const auto commands = all_commands();
  auto line = parse_command_line(arguments, every_option(commands));
  if (!line) return give_up(exit_code::usage, line.error().message);
  if (line->has("version")) {
    out << "penstock " PENSTOCK_VERSION "\n";
    return exit_code::ok;
  }
  if (!line->words.empty() && line->words[0] == "help") {
    line->words.erase(line->words.begin());
    line->options.push_back({"help", "true"});
  }
  if (line->words.empty()) {
    if (!line->has("help")) return give_up(exit_code::usage, "no command given\n\n" + overview());
    out << overview();
    return exit_code::ok;
  }
  const auto row = find_command(commands, line->words);
  if (!row) return unexpected(row.error());
  return run_command(*row, *line, variables, out, err);
}

} // namespace

std::string command_context::option(std::string_view name) const {
  const auto* given = line.find(name);
  return given == nullptr ? std::string{} : *given;
}

void print_json(std::ostream& out, const value& answer) { out << write_json_pretty(answer) << '\n'; }

exit_code run_program(const std::vector<std::string>& arguments, const environment& variables, std::ostream& out,
                      std::ostream& err) {
  const auto done = dispatch(arguments, variables, out, err);
  if (done) return *done;
  err << "penstock: " << done.error().message << '\n';
  return done.error().code;
}

} // namespace penstock::cli
