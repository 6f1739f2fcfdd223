#include "runtime/plan/common_fields.hpp"

#include "runtime/model/nearest_name.hpp"
#include "runtime/plan/field_checks.hpp"
#include "runtime/plan/placeholders.hpp"

#include <array>
#include <utility>

namespace penstock {

namespace {

constexpr std::int64_t retries_max = 1'000;
constexpr std::int64_t items_max = 100'000;

/// An integer from `least` to `most`.
std::optional<std::uint32_t> expect_count(const value& v, std::int64_t least, std::int64_t most, const field_path& path,
                                          compile_context& ctx) {
  const auto* n = v.as_int();
  if (n && *n >= least && *n <= most) return static_cast<std::uint32_t>(*n);
  const std::string wanted = "an integer from " + std::to_string(least) + " to " + std::to_string(most);
  if (n) ctx.problems.add(path, v.at, "must be " + wanted + ", not " + std::to_string(*n));
  else wrong_kind(v, wanted, path, ctx);
  return std::nullopt;
}

void take_backoff(retry_policy& policy, const value& v, const field_path& path, compile_context& ctx) {
  const auto* text = v.as_string();
  if (text && *text == "fixed") policy.backoff = backoff_kind::fixed;
  else if (text && *text == "exponential") policy.backoff = backoff_kind::exponential;
  else ctx.problems.add(path, v.at, "must be fixed or exponential");
}

void take_retry_field(retry_policy& policy, std::string_view name, value& v, const field_path& path,
                      compile_context& ctx) {
  if (name == "max") {
    if (const auto n = expect_count(v, 0, retries_max, path, ctx)) policy.attempts_max = *n + 1;
  } else if (name == "attempts") {
    if (const auto n = expect_count(v, 1, retries_max + 1, path, ctx)) policy.attempts_max = *n;
  } else if (name == "delay") {
    if (const auto ms = expect_duration(v, true, path, ctx)) policy.delay_ms = *ms;
  } else if (name == "max_delay") {
    if (const auto ms = expect_duration(v, true, path, ctx)) policy.delay_max_ms = *ms;
  } else if (name == "backoff") {
    take_backoff(policy, v, path, ctx);
  } else if (name == "jitter") {
    if (const auto n = expect_count(v, 0, 100, path, ctx)) policy.jitter_percent = *n;
  } else {
    static const std::vector<std::string_view> known{"max", "attempts", "delay", "backoff", "max_delay", "jitter"};
    ctx.problems.add(
      path, v.at, "is not a field of retries, which takes " + any_of(known) + did_you_mean(nearest_name(name, known)));
  }
}

void take_for_each(task_draft& draft, value& v, const field_path& path, compile_context& ctx) {
  for_each_spec& spec = draft.spec.for_each;
  if (v.as_int()) {
    const auto n = expect_count(v, 0, items_max, path, ctx);
    spec.kind = for_each_kind::count;
    spec.count = n.value_or(0);
  } else if (const auto* items = v.as_list()) {
    if (items->size() > static_cast<std::size_t>(items_max))
      ctx.problems.add(path, v.at, "has " + std::to_string(items->size()) + " items; at most 100000 are taken");
    check_texts(v, path, draft, ctx);
    spec.kind = for_each_kind::list;
    spec.items = std::move(v);
  } else if (const auto* text = v.as_string()) {
    if (is_placeholder(*text)) {
      check_texts(v, path, draft, ctx);
      spec.kind = for_each_kind::list;
      spec.items = std::move(v);
    } else {
      spec.kind = for_each_kind::table;
      draft.table = task_reference{*text, path.text(), v.at};
    }
  } else {
    wrong_kind(v, "an integer, a list, the id of a task or a placeholder", path, ctx);
  }
}

void take_when(task_draft& draft, value& v, const field_path& path, compile_context& ctx) {
  const auto* text = v.as_string();
  if (text && !is_placeholder(*text))
    return ctx.problems.add(
      path, v.at, "must be true, false or one placeholder such as {{ params.full }}; nothing else is evaluated");
  if (v.as_list() || v.as_object()) return wrong_kind(v, "true, false or one placeholder", path, ctx);
  check_texts(v, path, draft, ctx);
  draft.spec.when = std::move(v);
}

void take_needs(task_draft& draft, value& v, const field_path& path, compile_context& ctx) {
  draft.needs = read_references(v, path, ctx);
}

void take_retries(task_draft& draft, value& v, const field_path& path, compile_context& ctx) {
  draft.spec.retry = read_retries(v, path, ctx);
}

void take_timeout(task_draft& draft, value& v, const field_path& path, compile_context& ctx) {
  draft.spec.timeout_ms = expect_duration(v, false, path, ctx).value_or(0);
}

void take_pool(task_draft& draft, value& v, const field_path& path, compile_context& ctx) {
  const auto* text = expect_name(v, path, ctx);
  if (text && text->size() > 100) ctx.problems.add(path, v.at, "must have at most 100 characters");
  if (text) draft.spec.pool = *text;
}

void take_priority(task_draft& draft, value& v, const field_path& path, compile_context& ctx) {
  if (const auto priority = expect_priority(v, path, ctx)) {
    draft.spec.priority = *priority;
    draft.spec.priority_given = true;
  }
}

void take_secrets(task_draft& draft, value& v, const field_path& path, compile_context& ctx) {
  auto* items = expect_list(v, path, ctx);
  if (!items) return;
  check_texts(v, path, draft, ctx);
  for (std::size_t i = 0; i < items->size(); ++i)
    if (const auto* text = expect_name((*items)[i], path.element(i), ctx)) draft.spec.secrets.push_back(*text);
}

void take_checks(task_draft& draft, value& v, const field_path& path, compile_context& ctx) {
  draft.spec.checks = read_checks(v, path, draft, ctx);
}

void take_description(task_draft&, value& v, const field_path& path, compile_context& ctx) {
  expect_text(v, path, ctx); // For readers of the definition; a run has no use for it.
}

void take_idempotent(task_draft& draft, value& v, const field_path& path, compile_context& ctx) {
  draft.spec.idempotent = expect_bool(v, path, ctx).value_or(false);
}

struct common_field {
  std::string_view name;
  void (*take)(task_draft&, value&, const field_path&, compile_context&);
};

constexpr std::array<common_field, 11> common_fields{{
  {"needs", take_needs},
  {"retries", take_retries},
  {"timeout", take_timeout},
  {"when", take_when},
  {"for_each", take_for_each},
  {"pool", take_pool},
  {"priority", take_priority},
  {"secrets", take_secrets},
  {"checks", take_checks},
  {"description", take_description},
  {"idempotent", take_idempotent},
}};

} // namespace

bool take_common_field(task_draft& draft, std::string_view name, value& v, const field_path& path,
                       compile_context& ctx) {
  for (const common_field& field : common_fields) {
    if (field.name != name) continue;
    field.take(draft, v, path, ctx);
    return true;
  }
  return false;
}

const std::vector<std::string_view>& common_field_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> made{"id", "type"};
    for (const common_field& field : common_fields) made.push_back(field.name);
    return made;
  }();
  return names;
}

retry_policy read_retries(value& v, const field_path& path, compile_context& ctx) {
  retry_policy policy;
  if (v.as_int()) {
    policy.attempts_max = expect_count(v, 0, retries_max, path, ctx).value_or(0) + 1;
    return policy;
  }
  auto* members = v.as_object();
  if (!members) {
    wrong_kind(v, "an integer or an object with max, delay and backoff", path, ctx);
    return policy;
  }
  for (auto& [name, field] : *members) take_retry_field(policy, name, field, path.member(name), ctx);
  const bool has_max = v.find("max") != nullptr;
  const bool has_attempts = v.find("attempts") != nullptr;
  if (has_max && has_attempts)
    ctx.problems.add(path, v.at, "must have max (tries after the first) or attempts (all tries), not both");
  if (!has_max && !has_attempts)
    ctx.problems.add(path, v.at, "must have max (tries after the first) or attempts (all tries)");
  return policy;
}

std::vector<check_spec> read_checks(value& v, const field_path& path, task_draft& draft, compile_context& ctx) {
  std::vector<check_spec> checks;
  auto* items = expect_list(v, path, ctx);
  if (!items) return checks;
  for (std::size_t i = 0; i < items->size(); ++i) {
    value& item = (*items)[i];
    const field_path item_path = path.element(i);
    check_spec check{"check " + std::to_string(i + 1), {}};
    const auto take_sql = [&](const value& sql, const field_path& at) {
      const auto* text = expect_name(sql, at, ctx);
      if (!text) return;
      check_texts(sql, at, draft, ctx);
      check_sql(*text, true, sql.at, at, ctx);
      check.sql = *text;
    };
    if (item.as_string()) {
      take_sql(item, item_path);
    } else if (auto* members = item.as_object()) {
      for (auto& [name, field] : *members) {
        const field_path field_at = item_path.member(name);
        if (name == "sql") take_sql(field, field_at);
        else if (name != "name")
          ctx.problems.add(field_at, field.at, "is not a field of a check, which takes name and sql");
        else if (const auto* text = expect_name(field, field_at, ctx)) check.name = *text;
      }
      if (!item.find("sql")) ctx.problems.add(item_path.member("sql"), item.at, "is missing");
    } else {
      wrong_kind(item, "an object with name and sql", item_path, ctx);
    }
    checks.push_back(std::move(check));
  }
  return checks;
}

std::vector<task_reference> read_references(value& v, const field_path& path, compile_context& ctx) {
  std::vector<task_reference> references;
  if (const auto* one = v.as_string()) {
    references.push_back({*one, path.text(), v.at});
    return references;
  }
  auto* items = v.as_list();
  if (!items) {
    wrong_kind(v, "a list of task ids or one", path, ctx);
    return references;
  }
  for (std::size_t i = 0; i < items->size(); ++i) {
    const field_path item_path = path.element(i);
    if (const auto* text = expect_text((*items)[i], item_path, ctx))
      references.push_back({*text, item_path.text(), (*items)[i].at});
  }
  return references;
}

} // namespace penstock
