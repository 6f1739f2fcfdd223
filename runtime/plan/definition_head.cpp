#include "runtime/model/nearest_name.hpp"
#include "runtime/plan/common_fields.hpp"
#include "runtime/plan/dialects.hpp"
#include "runtime/plan/field_checks.hpp"
#include "runtime/plan/parameters.hpp"

#include <array>
#include <utility>

namespace penstock {

namespace {

constexpr std::size_t parameters_max = 1'000;

parameter_type type_of(const value& v) noexcept {
  if (v.as_string()) return parameter_type::string;
  if (v.as_bool()) return parameter_type::boolean;
  if (v.as_int()) return parameter_type::integer;
  if (v.as_double()) return parameter_type::number;
  if (v.as_list()) return parameter_type::list;
  if (v.as_object()) return parameter_type::object;
  return parameter_type::any;
}

/// {type, default, description}.
void read_declaration(parameter_spec& spec, value& v, const field_path& path, compile_context& ctx) {
  static const std::vector<std::string_view> known{"type", "default", "description"};
  for (auto& [name, field] : *v.as_object()) {
    const field_path at = path.member(name);
    if (name == "type") {
      const auto* text = expect_text(field, at, ctx);
      const auto type = text ? parse_parameter_type(*text) : std::nullopt;
      if (type) spec.type = *type;
      else if (text)
        ctx.problems.add(at, field.at,
                         "must be " + any_of(parameter_type_names()) + ", not " + quoted(*text) +
                           did_you_mean(nearest_name(*text, parameter_type_names())));
    } else if (name == "default") {
      spec.has_default = true;
      spec.default_value = std::move(field);
    } else if (name == "description") {
      expect_text(field, at, ctx);
    } else {
      ctx.problems.add(at, field.at,
                       "is not a field of a parameter, which takes " + any_of(known) +
                         did_you_mean(nearest_name(name, known)));
    }
  }
  if (!spec.has_default) return;
  if (const auto why = parameter_mismatch(spec.type, spec.default_value); !why.empty())
    ctx.problems.add(path.member("default"), spec.default_value.at, why);
}

void take_parameters(value& v, const field_path& path, compile_context& ctx) {
  if (v.is_null()) return;
  auto* members = expect_object(v, path, ctx);
  ctx.parameters_unread = !members || members->size() > parameters_max;
  if (!members) return;
  if (members->size() > parameters_max) return ctx.problems.add(path, v.at, "must be at most 1000");
  for (auto& [name, declared] : *members) {
    const field_path at = path.member(name);
    if (!is_identifier(name))
      ctx.problems.add(at, declared.at, "has a name that is not a letter followed by letters, digits, _ or -");
    parameter_spec spec;
    spec.name = name;
    if (declared.as_object()) {
      read_declaration(spec, declared, at, ctx);
    } else if (!declared.is_null()) { // A name with nothing behind it takes anything and has no default.
      spec.type = type_of(declared);
      spec.has_default = true;
      spec.default_value = std::move(declared);
    }
    ctx.made.parameters.push_back(std::move(spec));
  }
}

void take_timeout(value& v, const field_path& path, compile_context& ctx) {
  if (const auto ms = expect_duration(v, false, path, ctx)) ctx.made.timeout_ms = *ms;
}

void take_defaults(value& v, const field_path& path, compile_context& ctx) {
  auto* members = expect_object(v, path, ctx);
  if (!members) return;
  for (auto& [name, field] : *members) {
    const field_path at = path.member(name);
    if (name == "retries") ctx.defaults.retry = read_retries(field, at, ctx);
    else if (name == "timeout") ctx.defaults.timeout_ms = expect_duration(field, false, at, ctx).value_or(0);
    else
      ctx.problems.add(at, field.at,
                       "is not a field of defaults, which takes retries or timeout" +
                         did_you_mean(nearest_name(name, {"retries", "timeout"})));
  }
}

void take_words(value& v, const field_path& path, compile_context& ctx) {
  if (!v.is_null()) expect_text(v, path, ctx);
}

void take_priority(value& v, const field_path& path, compile_context& ctx) {
  ctx.made.priority = expect_priority(v, path, ctx);
}

void take_concurrency(value& v, const field_path& path, compile_context& ctx) {
  constexpr std::int64_t concurrency_max = 100'000;
  const auto* count = v.as_int();
  if (count && *count >= 1 && *count <= concurrency_max) ctx.made.concurrency = static_cast<std::uint32_t>(*count);
  else ctx.problems.add(path, v.at, "must be a number of runs from 1 to " + std::to_string(concurrency_max));
}

struct head_field {
  std::string_view name;
  void (*take)(value&, const field_path&, compile_context&);
};

constexpr std::array<head_field, 7> head_fields{{
  {"name", take_words},
  {"description", take_words},
  {"parameters", take_parameters},
  {"timeout", take_timeout},
  {"priority", take_priority},
  {"concurrency", take_concurrency},
  {"defaults", take_defaults},
}};

} // namespace

bool take_head_field(std::string_view name, value& v, const field_path& path, compile_context& ctx) {
  for (const head_field& field : head_fields) {
    if (field.name != name) continue;
    field.take(v, path, ctx);
    return true;
  }
  return false;
}

std::string where_it_belongs(std::string_view name) {
  if (nearest_name(name, {"schedule"}).empty()) return {};
  return "; give " + std::string{name == "schedule" ? "it" : "the schedule"} +
         " beside the definition, or use `penstock schedule create`";
}

void refuse_head_field(std::string_view name, const value& v, const std::vector<std::string_view>& known,
                       compile_context& ctx) {
  const field_path top;
  const std::string near = nearest_name(name, known);
  if (near == "parameters") ctx.parameters_unread = true;
  std::string hint = near.empty() ? where_it_belongs(name) : did_you_mean(near);
  if (hint.empty()) hint = ", which takes " + any_of(known);
  ctx.problems.add(top.member(name), v.at, "is not a field of a definition" + hint);
}

const std::vector<std::string_view>& head_field_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> made;
    for (const head_field& field : head_fields) made.push_back(field.name);
    return made;
  }();
  return names;
}

} // namespace penstock
