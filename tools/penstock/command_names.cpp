#include "tools/penstock/command_names.hpp"

#include "runtime/model/nearest_name.hpp"
#include "tools/penstock/command_help.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace penstock::cli {

namespace {

/// What other programs call it, and what it is called here; several of a name are tried in this order.
using other_name = std::pair<std::string_view, std::string_view>;

constexpr std::array groups_elsewhere{
  other_name{"job", "run"},           other_name{"jobs", "run"},         other_name{"task", "run"},
  other_name{"workflow", "pipeline"}, other_name{"dag", "pipeline"},     other_name{"flow", "pipeline"},
  other_name{"hook", "webhook"},      other_name{"cron", "schedule"},    other_name{"token", "key"},
  other_name{"apikey", "key"},        other_name{"holiday", "calendar"}, other_name{"dep", "dependency"},
};

constexpr std::array verbs_elsewhere{
  other_name{"add", "create"},    other_name{"new", "create"},    other_name{"make", "create"},
  other_name{"create", "add"},    other_name{"create", "apply"},  other_name{"create", "import"},
  other_name{"create", "set"},    other_name{"add", "apply"},     other_name{"add", "import"},
  other_name{"add", "set"},       other_name{"new", "apply"},     other_name{"update", "apply"},
  other_name{"remove", "delete"}, other_name{"remove", "revoke"}, other_name{"rm", "delete"},
  other_name{"rm", "remove"},     other_name{"rm", "revoke"},     other_name{"delete", "remove"},
  other_name{"delete", "revoke"}, other_name{"delete", "cancel"}, other_name{"ls", "list"},
  other_name{"get", "show"},      other_name{"describe", "show"}, other_name{"status", "show"},
  other_name{"info", "show"},     other_name{"edit", "update"},   other_name{"set", "update"},
  other_name{"stop", "cancel"},   other_name{"kill", "cancel"},   other_name{"abort", "cancel"},
  other_name{"start", "run"},     other_name{"trigger", "run"},   other_name{"execute", "run"},
  other_name{"log", "logs"},      other_name{"follow", "watch"},  other_name{"rotate", "rotate-secret"},
};

/// The word itself, in the singular, and what it is called here.
std::vector<std::string> meanings(const std::string& word, std::span<const other_name> elsewhere) {
  std::vector<std::string> all{word};
  if (word.size() > 1 && word.ends_with('s')) all.push_back(word.substr(0, word.size() - 1));
  for (const auto& [theirs, ours] : elsewhere)
    if (theirs == word) all.emplace_back(ours);
  return all;
}

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (std::size_t i = 0; i < names.size(); ++i)
    all += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + ("penstock " + names[i]);
  return all;
}

/// Names of commands that may have been meant, the likeliest alone if there is one.
std::vector<std::string> likely(std::span<const command_row> commands, const std::vector<std::string>& words) {
  const auto groups = meanings(words[0], groups_elsewhere);
  if (words.size() > 1) {
    for (const auto& group : groups)
      for (const auto& verb : meanings(words[1], verbs_elsewhere))
        for (const auto& row : commands)
          if (row.group == group && row.verb == verb) return {name_of(row)};
  } else {
    for (const auto& group : groups)
      if (is_group(commands, group)) return {group};
  }
  std::vector<std::string> names;
  for (const auto& row : commands) names.push_back(name_of(row));
  const auto given = words[0] + (words.size() > 1 ? " " + words[1] : "");
  if (const auto nearest = nearest_name(given, {names.begin(), names.end()}); !nearest.empty()) return {nearest};
  // A verb without its group.
  for (const auto& verb : meanings(words[0], verbs_elsewhere)) {
    std::vector<std::string> bearing;
    for (const auto& row : commands)
      if (row.verb == verb && row.group != words[0]) bearing.push_back(name_of(row));
    if (!bearing.empty()) return bearing;
  }
  return {};
}

} // namespace

bool is_group(std::span<const command_row> commands, std::string_view word) {
  return !word.empty() && std::any_of(commands.begin(), commands.end(), [&](const auto& r) { return r.group == word; });
}

outcome<command_row> find_command(std::span<const command_row> commands, const std::vector<std::string>& words) {
  for (const auto& row : commands) {
    if (row.group.empty() ? words[0] == row.verb : words.size() > 1 && words[0] == row.group && words[1] == row.verb)
      return row;
  }
  if (words.size() == 1 && is_group(commands, words[0])) {
    std::string verbs;
    for (const auto& row : commands) {
      if (row.group == words[0]) verbs += (verbs.empty() ? "" : ", ") + std::string{row.verb};
    }
    return give_up(exit_code::usage, "penstock " + words[0] + " what? One of " + verbs);
  }
  const auto meant = likely(commands, words);
  return give_up(exit_code::usage, "unknown command " + words[0] + (words.size() > 1 ? " " + words[1] : "") +
                                     (meant.empty() ? "" : "; did you mean " + joined(meant) + "?"));
}

} // namespace penstock::cli
