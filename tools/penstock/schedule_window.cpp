#include "tools/penstock/schedule_window.hpp"

#include "runtime/model/json.hpp"
#include "tools/penstock/fields.hpp"

#include <algorithm>

namespace penstock::cli {

namespace {

value text_list(std::string_view words) {
  value list{value::list{}};
  while (!words.empty()) {
    const auto end = std::min(words.find(','), words.size());
    list.push_back(std::string{words.substr(0, end)});
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return list;
}

outcome<value> read_window(const std::string& text) {
  value window{value::object{}};
  if (text.starts_with('{')) {
    auto object = read_json(text);
    if (object && object->as_object()) return std::move(*object);
    return give_up(exit_code::usage, "--window " + text + " is no JSON object");
  }
  if (const auto slash = text.find('/'); slash != std::string::npos) {
    window.set("start", text.substr(0, slash));
    window.set("end", text.substr(slash + 1));
    return window;
  }
  const auto blank = text.find(' ');
  const auto times = blank == std::string::npos ? text : text.substr(blank + 1);
  const auto dash = times.find('-');
  if (dash == std::string::npos)
    return give_up(exit_code::usage,
                   "--window takes 22:00-02:00, SAT,SUN 00:00-24:00, START/END or none, not \"" + text + "\"");
  if (blank != std::string::npos) window.set("days", text_list(std::string_view{text}.substr(0, blank)));
  window.set("from", times.substr(0, dash));
  window.set("to", times.substr(dash + 1));
  return window;
}

} // namespace

outcome<value> read_windows(const std::vector<std::string>& given) {
  value windows{value::list{}};
  if (given.size() == 1 && given.front() == "none") return windows;
  for (const auto& text : given) {
    auto window = read_window(text);
    if (!window) return unexpected(window.error());
    windows.push_back(std::move(*window));
  }
  return windows;
}

std::string show_window(const value& window) {
  const auto either = [&](std::string_view one, std::string_view other) {
    const auto text = text_of(window, one);
    return text.empty() ? text_of(window, other) : text;
  };
  const auto from = either("from", "start");
  const auto to = either("to", "end");
  if (from.empty() || to.empty()) return write_json(window);
  if (from.size() > 5) return from + "/" + to;
  std::string days;
  if (const auto* list = window.find("days"))
    for (const auto& day : entries_of(*list)) days += (days.empty() ? "" : ",") + show_value(day);
  return days + (days.empty() ? "" : " ") + from + "-" + to;
}

std::string show_value(const value& v) { return v.as_string() ? *v.as_string() : write_json(v); }

} // namespace penstock::cli
