#include "tools/penstock/command_help.hpp"

#include "tools/penstock/text_format.hpp"

namespace penstock::cli {

namespace {

constexpr option_row every_command[] = {
  {"server", "URL", "the server [PENSTOCK_SERVER, else http://127.0.0.1:8080]", 's'},
  {"key", "KEY", "the API key [PENSTOCK_KEY, else the file ~/.config/penstock/key]", 'k'},
  {"output", "FORM", "table, or json: what the server answered; of a list its entries [table]"},
  {"help", "", "print help, and stop", 'h'},
  {"version", "", "print the version, and stop"},
};

constexpr std::string_view exit_codes_help =
  "Exit codes:\n"
  "  0  done; a run or backfill that was waited for succeeded\n"
  "  1  the run or backfill that was waited for failed or was cancelled, or a webhook's test was not delivered\n"
  "  2  the command line is wrong\n"
  "  3  the server does not answer, or not as a Penstock server does\n"
  "  4  the key is missing, unknown or lacks the right\n"
  "  5  no such pipeline, run, schedule, backfill, webhook, key or file on the server\n"
  "  6  the server refused: a mistake in a definition, a parameter, a state that does not allow it\n"
  "  7  the server is overloaded, not ready, or failed\n"
  "  8  a file of this machine cannot be read or written, or the output cannot be written\n";

std::string with_words(const command_row& row) {
  return name_of(row) + (row.words.empty() ? "" : " " + std::string{row.words});
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

} // namespace

std::span<const option_row> global_options() { return every_command; }

std::string name_of(const command_row& row) {
  return (row.group.empty() ? "" : std::string{row.group} + " ") + std::string{row.verb};
}

std::string usage_of(const command_row& row) { return "usage: penstock " + with_words(row); }

std::string overview() {
  std::string out = "penstock: the command line of Penstock\n\nusage: penstock COMMAND [option…]\n\nCommands:\n";
  for (const auto& row : all_commands()) append_line(out, with_words(row), first_line(row.help));
  out +=
    "\nA PIPELINE is a name or an id; a RUN or BACKFILL is an id, or a pipeline's name for its newest one; a SCHEDULE\n"
    "is an id, its name, or the name of a pipeline that has no other.\n\nOptions of every command:\n";
  append_options(out, every_command);
  out += "\nMore on a command: penstock COMMAND --help\n\n";
  out.append(exit_codes_help);
  return out;
}

std::string help_of_group(std::string_view group) {
  const std::string name{group};
  std::string out = "usage: penstock " + name + " COMMAND [option…]\n\nCommands:\n";
  for (const auto& row : all_commands())
    if (row.group == group) append_line(out, with_words(row), first_line(row.help));
  return out + "\nMore on a command: penstock " + name + " COMMAND --help\n";
}

std::string help_of(const command_row& row) {
  auto out = usage_of(row) + (row.options.empty() ? "" : " [option…]") + "\n\n";
  out.append(row.help) += "\n";
  if (!row.examples.empty()) out.append("\nExamples:\n").append(row.examples);
  if (!row.options.empty()) out += "\nOptions:\n";
  append_options(out, row.options);
  out += "\nOptions of every command:\n";
  append_options(out, every_command);
  return out;
}

} // namespace penstock::cli
