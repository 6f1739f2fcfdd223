#include "tools/config.hpp"

#include "runtime/model/json.hpp"
#include "runtime/model/yaml.hpp"
#include "tools/command_line.hpp"
#include "tools/setting_rows.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

extern char** environ;

namespace penstock {

namespace {

constexpr option_row own_rows[] = {
  {"config", "FILE", "read settings from a YAML file, the same names as keys"},
  {"print-config", "", "print the effective settings with where each came from, and stop"},
  {"help", "", "print this, and stop", 'h'},
  {"version", "", "print the version, and stop"},
};

constexpr std::string_view variable_prefix = "PENSTOCK_";

/// Variables with our prefix that belong to the command line program.
constexpr std::string_view foreign_variables[] = {"PENSTOCK_SERVER", "PENSTOCK_KEY"};

const setting_row* find_row(std::string_view name) {
  const auto& rows = setting_rows();
  const auto at = std::find_if(rows.begin(), rows.end(), [&](const setting_row& r) { return r.name == name; });
  return at == rows.end() ? nullptr : &*at;
}

std::vector<option_row> flag_rows() {
  std::vector<option_row> flags{std::begin(own_rows), std::end(own_rows)};
  for (const auto& r : setting_rows()) {
    if (r.place == setting_place::everywhere) flags.push_back({r.name, r.value_name, r.help});
  }
  return flags;
}

/// Collects settings source by source, the weakest first, and remembers where each came from.
class collector {
public:
  void set(const setting_row& row, std::string_view text, const std::string& shown_as) {
    const auto done = row.set(config.settings, text);
    if (!done) {
      // A secret's wrong value is not repeated: it may be a right one with a blank too many.
      complain(shown_as + " " + done.error().message + (row.secret ? "" : ", not \"" + std::string{text} + "\""));
    }
    origins[row.name] = shown_as;
  }

  void complain(std::string what) { problems.push_back(std::move(what)); }

  server_config config;
  std::map<std::string, std::string, std::less<>> origins; ///< Setting -> flag, variable or line of the file.
  std::vector<std::string> problems;
};

std::string as_text(const value& v) {
  if (const auto* s = v.as_string()) return *s;
  if (const auto* b = v.as_bool()) return *b ? "true" : "false";
  if (const auto* i = v.as_int()) return std::to_string(*i);
  return {};
}

void read_file_settings(collector& into, const std::string& path, const std::string& text) {
  const auto document = read_yaml(text);
  if (!document) {
    const auto& problems = document.error().problems;
    const auto place =
      problems.empty() ? "" : ":" + std::to_string(problems[0].line) + ":" + std::to_string(problems[0].column);
    return into.complain(path + place + ": " + (problems.empty() ? document.error().message : problems[0].message));
  }
  if (document->is_null()) return;
  if (document->as_object() == nullptr) return into.complain(path + ": must hold settings as `name: value` lines");
  for (const auto& [key, v] : *document->as_object()) {
    const auto place = path + ":" + std::to_string(v.at.line);
    auto name = key;
    std::replace(name.begin(), name.end(), '_', '-');
    const auto* row = find_row(name);
    if (row == nullptr) {
      std::vector<std::string_view> known;
      for (const auto& r : setting_rows()) known.push_back(r.name);
      into.complain(place + ": unknown setting " + key + did_you_mean(name, known));
    } else if (row->place == setting_place::environment_only) {
      into.complain(place + ": " + key + " is a secret and is taken from " + variable_name(name) + " only");
    } else if (v.is_null() || v.as_list() || v.as_object() || v.as_double()) {
      into.complain(place + ": " + key + " takes one value, not " + std::string{v.kind_name()});
    } else {
      into.set(*row, as_text(v), place + ": " + key);
    }
  }
}

void read_variables(collector& into, const environment& variables) {
  std::vector<std::string> names;
  for (const auto& row : setting_rows()) names.push_back(variable_name(row.name).substr(variable_prefix.size()));
  names.emplace_back("CONFIG");
  const std::vector<std::string_view> known{names.begin(), names.end()};
  for (const auto& [name, text] : variables) {
    if (name.rfind(variable_prefix, 0) != 0 || text.empty()) continue;
    const auto behind = std::string_view{name}.substr(variable_prefix.size());
    const auto at = std::find(known.begin(), known.end(), behind);
    if (at != known.end()) {
      const auto index = static_cast<std::size_t>(at - known.begin());
      if (index < setting_rows().size()) into.set(setting_rows()[index], text, name);
      continue;
    }
    if (std::find(std::begin(foreign_variables), std::end(foreign_variables), name) != std::end(foreign_variables))
      continue;
    const auto hint = did_you_mean(behind, known, variable_prefix);
    // Only what looks misspelt stops the server: other programs may use the prefix as well.
    if (hint.empty()) into.config.warnings.push_back("the variable " + name + " is not known here and is ignored");
    else into.complain("unknown variable " + name + hint);
  }
}

std::string config_path(const command_line& flags, const environment& variables) {
  if (const auto* path = flags.find("config")) return *path;
  for (const auto& [name, text] : variables) {
    if (name == "PENSTOCK_CONFIG") return text;
  }
  return {};
}

/// Fills in what follows from other settings, and looks at them together.
void complete(collector& all) {
  auto& s = all.config.settings;
  const auto absolute = [](const std::string& path) {
    auto plain = std::filesystem::absolute(path).lexically_normal();
    // `/x/` is the same directory as `/x`, but what lies below `/x` does not begin with `/x//`.
    return (plain.has_filename() || !plain.has_relative_path() ? plain : plain.parent_path()).string();
  };
  s.engines.data_dir = absolute(s.data_dir);
  s.engines.files_dir = absolute(s.engines.files_dir.empty() ? s.data_dir + "/files" : s.engines.files_dir);
  if (s.http.jwt_secret && s.http.jwt_secret->size() < 32) {
    all.config.warnings.push_back(
      "PENSTOCK_JWT_SECRET is shorter than the 32 bytes that HS256 asks for (RFC 7518, section 3.2)");
  }
}

void append_row(std::string& out, const std::string& left, std::string_view help) {
  constexpr std::size_t width = 34;
  out += "  " + left;
  out += left.size() + 2 < width ? std::string(width - left.size() - 2, ' ') : "\n" + std::string(width, ' ');
  out.append(help) += '\n';
}

std::string help_text() {
  std::string out =
    "penstockd: the Penstock server\n\nusage: penstockd [option…]\n\n"
    "Options. Each may also stand in the environment (--data-dir as PENSTOCK_DATA_DIR) or as a key\n"
    "(data-dir: …) of the YAML file named by --config; flags win over the environment, that over the file.\n\n";
  for (const auto& row : own_rows)
    append_row(out, "--" + std::string{row.name} + (row.value_name.empty() ? "" : " " + std::string{row.value_name}),
               row.help);
  out += '\n';
  const server_settings defaults;
  for (const auto& row : setting_rows()) {
    if (row.place != setting_place::everywhere) continue;
    const auto standard = row.show(defaults);
    append_row(out, "--" + row.name + (row.value_name.empty() ? "" : " " + row.value_name),
               row.help + (standard.empty() || standard == "false" ? "" : " [" + standard + "]"));
  }
  out += "\nSecrets, from the environment only:\n\n";
  for (const auto& row : setting_rows()) {
    if (row.place == setting_place::environment_only) append_row(out, variable_name(row.name), row.help);
  }
  out +=
    "\nExit codes: 0 stopped by SIGTERM or SIGINT, 1 could not start or go on, 2 wrong option or setting,\n"
    "70 the disk is full or failed: nothing more can be kept, and what was acknowledged is there at the next start.\n";
  return out;
}

/// As a YAML scalar: quoted unless it is a plain word or number, with a unit or without.
std::string as_yaml(const std::string& text) {
  const bool is_plain = std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c); });
  if (is_plain) return text;
  std::string quoted;
  append_json_string(quoted, text);
  return quoted;
}

/// As a YAML file that `--config` takes; secrets are comments.
std::string settings_text(const collector& all) {
  std::string out;
  for (const auto& row : setting_rows()) {
    const auto shown = row.show(all.config.settings);
    const auto origin = all.origins.find(row.name);
    const bool is_comment = row.secret || shown.empty();
    auto line = (is_comment ? "# " : "") + row.name + ": " +
                (shown.empty() ? "not set"
                 : is_comment  ? shown
                               : as_yaml(shown));
    if (line.size() < 44) line.append(44 - line.size(), ' ');
    out += line + " # " + (origin == all.origins.end() ? "default" : origin->second) + '\n';
  }
  return out;
}

} // namespace

environment process_environment() {
  environment variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

void forget_secret_variables() {
  for (const auto& row : setting_rows()) {
    if (!row.secret) continue;
    const auto variable = variable_name(row.name);
    if (char* text = std::getenv(variable.c_str())) ::explicit_bzero(text, std::strlen(text));
    ::unsetenv(variable.c_str());
  }
}

result<std::string> read_text_file(const std::string& path) {
  const auto unreadable = [&](int why) {
    return fail(errc::io_failed, "cannot read " + path + ": " + std::strerror(why));
  };
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return unreadable(EISDIR);
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return unreadable(errno != 0 ? errno : EIO);
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  if (in.bad()) return unreadable(errno != 0 ? errno : EIO);
  return text;
}

result<server_config> read_config(const std::vector<std::string>& arguments, const environment& variables,
                                  const std::function<result<std::string>(const std::string&)>& read_file,
                                  std::string_view version) {
  const auto flags = parse_command_line(arguments, flag_rows());
  if (!flags) return fail(errc::invalid_argument, flags.error().message);
  collector all;
  if (flags->has("help")) return all.config.text = help_text(), all.config;
  if (flags->has("version")) return all.config.text = "penstockd " + std::string{version} + "\n", all.config;
  for (const auto& word : flags->words) all.complain("unexpected argument " + word + ": penstockd takes options only");

  if (const auto path = config_path(*flags, variables); !path.empty()) {
    const auto text = read_file(path);
    if (text) read_file_settings(all, path, *text);
    else all.complain(text.error().message);
  }
  read_variables(all, variables);
  for (const auto& option : flags->options) {
    if (const auto* row = find_row(option.name)) all.set(*row, option.value, "--" + option.name);
  }
  if (!all.problems.empty()) {
    std::string message;
    for (const auto& problem : all.problems) message += (message.empty() ? "" : "\n") + problem;
    return fail(errc::invalid_argument, std::move(message));
  }
  complete(all);
  all.config.settings.http.version = version;
  if (flags->has("print-config")) all.config.text = settings_text(all);
  return std::move(all.config);
}

} // namespace penstock
