#include "tools/penstock/program.hpp"

#include "runtime/model/json.hpp"
#include "tools/penstock/access.hpp"
#include "tools/penstock/command_help.hpp"
#include "tools/penstock/command_names.hpp"
#include "tools/penstock/definition_file.hpp"
#include "tools/penstock/output.hpp"
#include "tools/penstock/text_format.hpp"

#include <algorithm>
#include <cctype>

#include <unistd.h>

namespace penstock::cli {

namespace {

/// Where a command writes to.
struct streams {
  std::ostream& out;
  std::ostream& err;
  std::ostream& drawing;
};

/// Options of every command: enough to tell options from words before the command is known.
std::vector<option_row> every_option(const std::vector<command_row>& commands) {
  std::vector<option_row> all{global_options().begin(), global_options().end()};
  for (const auto& row : commands) {
    for (const auto& o : row.options) {
      if (std::none_of(all.begin(), all.end(), [&](const option_row& known) { return known.name == o.name; }))
        all.push_back(o);
    }
  }
  return all;
}

bool is_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// What can be judged of an option's value without the server and the command.
outcome<void> check_value(const option_row& row, const std::string& given) {
  const auto option = "--" + std::string{row.name};
  if (row.value_name.empty() && given != "true" && given != "false")
    return give_up(exit_code::usage, option + " takes true or false, not \"" + given + "\"");
  if (row.value_name == "N" && !is_number(given))
    return give_up(exit_code::usage, option + " takes a whole number, not \"" + given + "\"");
  if (row.name == "param") return check_parameters({given});
  if (row.name == "output" && given != "table" && given != "json")
    return give_up(exit_code::usage, option + " takes table or json, not \"" + given + "\"");
  return {};
}

/// The first word of the usage that is not there.
std::string missing_word(const command_row& row, std::size_t given) {
  auto words = row.words;
  for (; given > 0; --given) words.remove_prefix(std::min(words.find(' ') + 1, words.size()));
  auto word = words.substr(0, words.find(' '));
  if (word.ends_with("…")) word.remove_suffix(std::string_view{"…"}.size());
  return std::string{word};
}

outcome<void> check_usage(const command_row& row, const command_line& line, std::size_t words) {
  for (const auto& given : line.options) {
    const option_row* known = nullptr;
    for (const auto options : {global_options(), row.options})
      for (const auto& option : options)
        if (option.name == given.name) known = &option;
    if (known == nullptr)
      return give_up(exit_code::usage, "penstock " + name_of(row) + " does not take --" + given.name);
    if (auto right = check_value(*known, given.value); !right) return right;
  }
  if (words < row.words_least)
    return give_up(exit_code::usage, missing_word(row, words) + " is missing; " + usage_of(row));
  if (words > row.words_most) return give_up(exit_code::usage, "too many words; " + usage_of(row));
  return {};
}

outcome<exit_code> run_command(const command_row& row, const command_line& line, const environment& variables,
                               const streams& to) {
  const std::size_t name_words = row.group.empty() ? 1 : 2;
  if (const auto right = check_usage(row, line, line.words.size() - name_words); !right)
    return unexpected(right.error());
  const auto server = find_server(line, variables);
  if (!server) return unexpected(server.error());
  const auto key = find_key(line, variables);
  if (!key) return unexpected(key.error());
  const auto* form = line.find("output");
  api_client api(*server, *key);
  command_context with{api,
                       line,
                       {line.words.begin() + static_cast<std::ptrdiff_t>(name_words), line.words.end()},
                       form != nullptr && *form == "json",
                       to.out,
                       to.err,
                       to.drawing,
                       detect_screen()};
  return row.run(with);
}

outcome<exit_code> print_help(std::span<const command_row> commands, const std::vector<std::string>& words,
                              std::ostream& out) {
  if (words.empty() || words[0] == "help" || words[0] == "version") {
    out << overview();
  } else if (words.size() == 1 && is_group(commands, words[0])) {
    out << help_of_group(words[0]);
  } else {
    const auto row = find_command(commands, words);
    if (!row) return unexpected(row.error());
    out << help_of(*row);
  }
  return exit_code::ok;
}

/// Whether help is asked for; takes the word `help` out if it is by that.
bool takes_help(std::span<const command_row> commands, command_line& line) {
  auto& words = line.words;
  const bool is_first = !words.empty() && words[0] == "help";
  const bool is_second = words.size() > 1 && is_group(commands, words[0]) && words[1] == "help";
  if (is_first || is_second) words.erase(words.begin() + (is_first ? 0 : 1));
  const auto* option = line.find("help");
  return is_first || is_second || (option != nullptr && *option != "false");
}

outcome<exit_code> dispatch(const std::vector<std::string>& arguments, const environment& variables,
                            const streams& to) {
  const auto commands = all_commands();
  auto line = parse_command_line(arguments, every_option(commands));
  if (!line) return give_up(exit_code::usage, line.error().message);
  if (takes_help(commands, *line)) return print_help(commands, line->words, to.out);
  if (line->has("version") || (line->words.size() == 1 && line->words[0] == "version")) {
    to.out << "penstock " PENSTOCK_VERSION "\n";
    return exit_code::ok;
  }
  if (line->words.empty()) return give_up(exit_code::usage, "no command given\n\n" + overview());
  const auto row = find_command(commands, line->words);
  if (!row) return unexpected(row.error());
  return run_command(*row, *line, variables, to);
}

} // namespace

std::vector<command_row> all_commands() {
  std::vector<command_row> all;
  for (const auto part : {pipeline_commands(), run_commands(), schedule_commands(), backfill_commands(),
                          dependency_commands(), calendar_commands(), pool_commands(), webhook_commands(),
                          key_commands(), audit_commands(), server_commands()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

std::string command_context::option(std::string_view name) const {
  const auto* given = line.find(name);
  return given == nullptr ? std::string{} : *given;
}

bool command_context::is_on(std::string_view name) const { return option(name) == "true"; }

void print_json(std::ostream& out, const value& answer) { out << write_json_pretty(answer) << '\n'; }

void print_table(command_context& with, const std::vector<std::string>& headings,
                 const std::vector<std::vector<std::string>>& rows, std::string_view what) {
  with.out << show_table(headings, rows);
  if (rows.empty()) with.err << "no " << what << '\n';
}

exit_code run_program(const std::vector<std::string>& arguments, const environment& variables, std::ostream& out,
                      std::ostream& err) {
  // What tasks print and people name must not drive a terminal.
  escaping_buffer escaped_out{out};
  escaping_buffer escaped_err{err};
  std::ostream shown_out{isatty(STDOUT_FILENO) != 0 ? &escaped_out : out.rdbuf()};
  std::ostream shown_err{isatty(STDERR_FILENO) != 0 ? &escaped_err : err.rdbuf()};
  // What is said of the output comes behind it.
  shown_err.tie(&out);
  const auto done = dispatch(arguments, variables, {shown_out, shown_err, out});
  if (done) return *done;
  shown_err << "penstock: " << done.error().message << '\n';
  return done.error().code;
}

} // namespace penstock::cli
