#include "api/surfaces/cloud/definition_ends.hpp"

#include "runtime/model/json.hpp"
#include "runtime/model/yaml.hpp"
#include "runtime/plan/common_fields.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace penstock::cloud {
namespace {

value none() { return value{value::object{{"type", value{"none"}}}}; }

/// A step as it was written, with its connector as `type`.
value typed(const value& step) {
  const auto* members = step.as_object();
  if (!members) return none();
  const auto* type = step.find("type");
  if (type && type->as_string()) return step;
  for (const auto* name : {"connector", "name", "connection"})
    if (const auto* given = step.find(name); given && given->as_string()) {
      value::object out{{"type", std::string_view{name} == "connection" ? value{name} : *given}};
      for (const auto& [key, member] : *members)
        if (key != "type" && key != "connector") out.emplace_back(key, member);
      return value{std::move(out)};
    }
  return none();
}

/// A task of the native form without what every task may have: `type` is its connector.
value typed_task(const value& task) {
  const auto& common = common_field_names();
  const auto* connector = task.find("connector");
  value::object out{{"type", connector ? *connector : value{"none"}}};
  for (const auto& [key, member] : *task.as_object())
    if (key != "connector" && std::find(common.begin(), common.end(), key) == common.end())
      out.emplace_back(key, member);
  return value{std::move(out)};
}

bool is_task_of(const value& task, std::string_view type) {
  const auto* given = task.find("type");
  const auto* text = given ? given->as_string() : nullptr;
  return text && *text == type;
}

/// The values of a list or of an object's members.
std::vector<const value*> entries(const value* several) {
  std::vector<const value*> out;
  if (!several) return out;
  if (const auto* items = several->as_list())
    for (const auto& item : *items) out.push_back(&item);
  if (const auto* members = several->as_object())
    for (const auto& [name, member] : *members) out.push_back(&member);
  return out;
}

} // namespace

std::optional<value> read_definition(const definition& written) {
  auto read = written.format == definition_format::json
                ? read_json(written.text, {.bytes_max = written.text.size(), .nodes_max = SIZE_MAX})
                : read_yaml(written.text, {.bytes_max = written.text.size(), .nodes_max = SIZE_MAX});
  if (!read || !read->as_object()) return std::nullopt;
  return std::move(*read);
}

bool is_composed(const value& definition) {
  for (const auto* name : {"tasks", "target", "sources", "sinks"})
    if (definition.find(name)) return false;
  return true;
}

value source_of(const value& definition) {
  if (const auto* tasks = definition.find("tasks")) {
    for (const auto* task : entries(tasks))
      if (is_task_of(*task, "source")) return typed_task(*task);
    return none();
  }
  if (const auto* source = definition.find("source")) return typed(*source);
  const auto several = entries(definition.find("sources"));
  return several.empty() ? none() : typed(*several.front());
}

value destination_of(const value& definition) {
  if (const auto* tasks = definition.find("tasks")) {
    const auto all = entries(tasks);
    const auto last = std::find_if(all.rbegin(), all.rend(), [](const value* t) { return is_task_of(*t, "sink"); });
    return last == all.rend() ? none() : typed_task(**last);
  }
  for (const auto* name : {"destination", "target"})
    if (const auto* sink = definition.find(name)) return typed(*sink);
  const auto several = entries(definition.find("sinks"));
  return several.empty() ? none() : typed(*several.back());
}

} // namespace penstock::cloud
