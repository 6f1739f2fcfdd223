#include "runtime/plan/compile.hpp"
#include "runtime/plan/parameters.hpp"

#include <map>
#include <string_view>
#include <utility>

namespace penstock {

namespace {

bool is_time_text(const value& v, bool date_only) {
  const auto* text = v.as_string();
  if (!text || !parse_rfc3339(*text)) return false;
  const bool is_date = text->size() == std::string_view{"2026-01-31"}.size();
  return !date_only || is_date;
}

bool fits(parameter_type type, const value& v) {
  switch (type) {
    case parameter_type::any: return true;
    case parameter_type::string: return v.as_string() != nullptr;
    case parameter_type::integer: return v.as_int() != nullptr;
    case parameter_type::number: return v.is_number();
    case parameter_type::boolean: return v.as_bool() != nullptr;
    case parameter_type::date: return is_time_text(v, true);
    case parameter_type::timestamp: return is_time_text(v, false);
    case parameter_type::list: return v.as_list() != nullptr;
    case parameter_type::object: return v.as_object() != nullptr;
  }
  return false;
}

std::string_view wanted(parameter_type type) {
  switch (type) {
    case parameter_type::string: return "text";
    case parameter_type::integer: return "an integer";
    case parameter_type::number: return "a number";
    case parameter_type::boolean: return "true or false";
    case parameter_type::date: return "a date such as 2026-01-31";
    case parameter_type::timestamp: return "a time such as 2026-01-31T09:30:00Z";
    case parameter_type::list: return "a list";
    case parameter_type::object: return "an object";
    case parameter_type::any: break;
  }
  return "anything";
}

/// What a wrong value is called: a text that looks like nothing of the type is quoted, for it has the right kind.
std::string described(parameter_type type, const value& v) {
  const auto* text = v.as_string();
  const bool is_time = type == parameter_type::date || type == parameter_type::timestamp;
  if (!text || !is_time || text->size() > 40) return std::string{v.kind_name()};
  return "`" + *text + "`";
}

} // namespace

std::string parameter_mismatch(parameter_type type, const value& v) {
  if (fits(type, v)) return {};
  return "must be " + std::string{wanted(type)} + ", not " + described(type, v);
}

result<value> bind_parameters(const plan& p, const value& given) {
  if (!given.is_null() && !given.as_object())
    return fail(errc::invalid_argument, "parameters must be an object, not " + std::string{given.kind_name()});

  error wrong{errc::invalid_argument, {}, {}};
  const auto refuse = [&](const std::string& name, const value::place at, const std::string& message) {
    if (!wrong.message.empty()) wrong.message += "; ";
    wrong.message += message;
    wrong.problems.push_back({"parameters." + name, message, at.line, at.column});
  };

  // Sorted once, for both sides may be long.
  std::map<std::string_view, const value*> by_name;
  if (const auto* members = given.as_object())
    for (const auto& [name, v] : *members) by_name.emplace(name, &v);

  value::object bound;
  for (const parameter_spec& spec : p.parameters) {
    const auto found = by_name.extract(spec.name);
    const value* v = found ? found.mapped() : nullptr;
    if (!v && !spec.has_default) refuse(spec.name, {}, "parameter `" + spec.name + "` is missing");
    else if (!v) bound.emplace_back(spec.name, spec.default_value);
    else if (const auto why = parameter_mismatch(spec.type, *v); !why.empty())
      refuse(spec.name, v->at, "parameter `" + spec.name + "` " + why);
    else bound.emplace_back(spec.name, *v);
  }
  if (!wrong.problems.empty()) return unexpected(std::move(wrong));

  if (const auto* members = given.as_object())
    for (const auto& [name, v] : *members)
      if (by_name.contains(name)) bound.emplace_back(name, v); // Undeclared, so still there.
  return value{std::move(bound)};
}

} // namespace penstock
