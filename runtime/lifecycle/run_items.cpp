#include "runtime/lifecycle/run_items.hpp"

#include <cmath>

namespace penstock {

namespace {

constexpr std::uint32_t items_max = 100'000;
/// A hundred years: beyond it a sleep is a mistake, and sums stay within range.
constexpr double sleep_seconds_max = 100.0 * 366 * 86'400;

value run_names(const run_record& header) {
  value names;
  names.set("id", to_text(header.id));
  names.set("logical_time", to_rfc3339(header.logical_at.value_or(header.created_at)));
  return names;
}

} // namespace

result<item_list> items_of(const for_each_spec& spec, const value& parameters) {
  if (spec.kind == for_each_kind::count) return item_list{spec.count, {}};
  placeholder_scope scope;
  scope.params = &parameters;
  auto bound = substitute(spec.items, scope);
  if (!bound) return unexpected(std::move(bound).error());
  if (const auto* count = bound->as_int()) {
    if (*count >= 0 && *count <= items_max) return item_list{static_cast<std::uint32_t>(*count), {}};
  } else if (const auto* list = bound->as_list(); list && list->size() <= items_max) {
    const auto total = static_cast<std::uint32_t>(list->size());
    return item_list{total, std::move(*bound)};
  }
  return fail(errc::invalid_argument, "for_each must be a number from 0 to 100000 or a list of at most 100000 items");
}

std::unique_ptr<fan_state> open_fan(std::uint32_t total, value list) {
  auto fan = std::make_unique<fan_state>();
  fan->items = std::move(list);
  fan->all.resize(total);
  return fan;
}

value item_value(const fan_state& fan, std::uint32_t index) {
  if (const auto* list = fan.items.as_list(); list && index < list->size()) return (*list)[index];
  return static_cast<std::int64_t>(index);
}

result<value> bind_value(const run_record& run, const value& parameters, const value& what, const value* item) {
  const auto names = run_names(run);
  placeholder_scope scope;
  scope.params = &parameters;
  scope.run = &names;
  scope.item = item;
  return substitute(what, scope);
}

attempt_binding binding_of(const run_state& run, task_index task, std::uint32_t item) {
  attempt_binding out{run.graph, run.parameters, task, run_names(run.header), std::nullopt};
  const auto& fan = run.tasks[task].fan;
  if (fan && item < fan->all.size()) out.item = item_value(*fan, item);
  return out;
}

result<value> attempt_binding::bind(const value& what, placeholder_budget& budget) const {
  placeholder_scope scope;
  scope.params = parameters.get();
  scope.run = &run;
  scope.item = item ? &*item : nullptr;
  return substitute(what, scope, budget);
}

std::string error_of_run(const task_spec& task, const std::string& error_text) {
  return "task " + task.id + ": " + error_text;
}

result<timestamp> sleep_due(const value& config, timestamp now) {
  if (const auto* seconds = config.find("seconds")) {
    const auto amount = seconds->number();
    if (!seconds->is_number() || !std::isfinite(amount) || amount < 0 || amount > sleep_seconds_max)
      return fail(errc::invalid_argument, "seconds must be a number from 0 to 3162240000");
    return now + milliseconds{std::llround(amount * 1000)};
  }
  const auto* until = config.find("until");
  const auto* text = until ? until->as_string() : nullptr;
  const auto due = text ? parse_rfc3339(*text) : std::nullopt;
  if (!due) return fail(errc::invalid_argument, "until must be a time as in 2026-01-31T09:30:00Z");
  return *due;
}

} // namespace penstock
