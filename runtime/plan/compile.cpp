#include "runtime/plan/compile.hpp"

#include "runtime/model/json.hpp"
#include "runtime/model/nearest_name.hpp"
#include "runtime/model/yaml.hpp"
#include "runtime/plan/dialects.hpp"
#include "runtime/plan/plan_graph.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace penstock {

namespace {

constexpr std::size_t warnings_max = 100;

enum class dialect : std::uint8_t { native, pipelines, engine };

/// By the fields at the top, of which each dialect has some of its own.
std::optional<dialect> dialect_of(const value& root, bool unfinished) {
  const auto has = [&](std::string_view name) { return root.find(name) != nullptr; };
  if (has("tasks")) return dialect::native;
  if (has("destination")) return dialect::pipelines;
  if (has("target") || has("sources") || has("sinks")) return dialect::engine;
  if (unfinished) return dialect::pipelines;
  if (const value* source = root.find("source"))
    return source->find("connection") ? dialect::engine : dialect::pipelines;
  if (has("transformations") || has("transforms") || has("quality_checks")) return dialect::engine;
  return std::nullopt;
}

void refuse_unknown_dialect(value& root, compile_context& ctx) {
  const field_path top;
  static const std::vector<std::string_view> telling{"tasks",   "source",          "destination", "target",
                                                     "sources", "transformations", "sinks"};
  // What is misspelt is read as what was meant, so that every mistake is told.
  for (auto& [name, v] : *root.as_object())
    if (nearest_name(name, telling) == "tasks") {
      refuse_head_field(name, v, telling, ctx);
      return compile_native(root, ctx, name);
    }
  std::vector<std::string_view> known = head_field_names();
  known.push_back("version");
  known.insert(known.end(), telling.begin(), telling.end());
  bool is_told = false;
  for (auto& [name, v] : *root.as_object()) {
    if (name == "version" || take_head_field(name, v, top.member(name), ctx)) continue;
    is_told = is_told || !nearest_name(name, telling).empty();
    if (!nearest_name(name, known).empty() || !where_it_belongs(name).empty()) refuse_head_field(name, v, known, ctx);
  }
  if (is_told) return;
  ctx.problems.add(top, root.at,
                   "must have tasks (a list), or source and destination, or sources, transformations and sinks");
}

void compile_dialect(value& root, compile_context& ctx) {
  const auto found = dialect_of(root, ctx.options.unfinished);
  if (!found) return refuse_unknown_dialect(root, ctx);
  switch (*found) {
    case dialect::native: return compile_native(root, ctx);
    case dialect::pipelines: return compile_pipelines(root, ctx);
    case dialect::engine: return compile_engine(root, ctx);
  }
}

/// A name that is not declared may still be given at a start, so it is no error; more likely it is misspelt.
void warn_of_undeclared(compile_context& ctx) {
  if (ctx.parameters_unread) return;
  std::vector<std::string_view> declared;
  for (const parameter_spec& p : ctx.made.parameters) declared.push_back(p.name);
  for (const auto& [name, use] : ctx.params_used) {
    bool known = false;
    for (const std::string_view d : declared) known = known || d == name;
    if (known) continue;
    if (ctx.warnings.size() > warnings_max) return;
    ctx.warn("parameter " + quoted(name) + " is used (line " + std::to_string(use.at.line) +
               ") but not declared, so every start must give it" + did_you_mean(nearest_name(name, declared)),
             use.field, use.at);
  }
}

std::vector<std::string> told_warnings(std::vector<compile_warning>& warnings) {
  std::vector<std::string> told;
  for (std::size_t i = 0; i < std::min(warnings.size(), warnings_max); ++i)
    told.push_back(std::move(warnings[i].sentence));
  if (warnings.size() > warnings_max) told.push_back("and " + std::to_string(warnings.size() - warnings_max) + " more");
  return told;
}

error all_mistakes(compile_context& ctx) {
  for (compile_warning& w : ctx.warnings)
    if (w.at.line > 0) ctx.problems.add_sentence(w.field, w.at, std::move(w.sentence));
  return std::move(ctx.problems).to_error();
}

result<value> read_definition(const definition& source, const definition_limits& limits) {
  const std::size_t bytes = source.text.size();
  const bool is_json = source.format == definition_format::json;
  if (!is_json && bytes > limits.yaml_bytes_max)
    return fail(errc::too_large, "the definition has " + std::to_string(bytes) + " bytes of YAML; at most " +
                                   std::to_string(limits.yaml_bytes_max) + " are taken (--max-yaml)");
  auto read = is_json ? read_json(source.text, {.bytes_max = bytes, .nodes_max = limits.values_max})
                      : read_yaml(source.text, {.bytes_max = bytes, .nodes_max = limits.values_max});
  if (read || read.error().code != errc::too_large) return read;
  error e = std::move(read.error());
  constexpr std::string_view setting = "; a definition may have no more (--max-definition-values)";
  e.message += setting;
  for (auto& p : e.problems) p.message += setting;
  return unexpected(std::move(e));
}

/// Every line of a task's log is searched for each of them.
constexpr std::size_t secrets_max = 1'000;

void check_secrets(compile_context& ctx) {
  for (const auto& draft : ctx.drafts)
    if (const auto count = draft.spec.secrets.size(); count > secrets_max)
      ctx.problems.add(draft.field, draft.at,
                       "has " + std::to_string(count) +
                         " secrets, those in `secrets` and the values of fields such as "
                         "token and password; at most " +
                         std::to_string(secrets_max) + " are masked in its log");
}

} // namespace

result<compiled_plan> compile(const definition& source, const compile_options& options) {
  auto read = read_definition(source, options.limits);
  if (!read) return unexpected(std::move(read.error()));
  compile_context ctx(options);
  if (read->as_object()) compile_dialect(*read, ctx);
  else ctx.problems.add(field_path{}, read->at, "must be an object, not " + std::string{read->kind_name()});
  check_secrets(ctx);
  link_tasks(ctx);
  warn_of_undeclared(ctx);
  if (!ctx.problems.empty()) return unexpected(all_mistakes(ctx));
  if (ctx.sql_texts > options.sql_texts_max)
    ctx.warn("only the first " + std::to_string(options.sql_texts_max) +
               " SQL texts were parsed; mistakes in the others show when they run",
             {}, {});
  return compiled_plan{std::move(ctx.made), told_warnings(ctx.warnings)};
}

} // namespace penstock
