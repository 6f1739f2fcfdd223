#include "runtime/model/json.hpp"
#include "tools/penstock/commands.hpp"
#include "tools/penstock/fields.hpp"
#include "tools/penstock/output.hpp"
#include "tools/penstock/text_format.hpp"

#include <charconv>
#include <chrono>

namespace penstock::cli {

namespace {

/// Whoever asks how the server is does not want to wait for long.
constexpr std::chrono::seconds health_answer_within{10};

std::string scopes_of(const value& key) {
  std::string all;
  const auto* scopes = key.find("scopes");
  if (scopes == nullptr || scopes->as_list() == nullptr) return all;
  for (const auto& scope : *scopes->as_list()) {
    if (scope.as_string() != nullptr) all += (all.empty() ? "" : ",") + *scope.as_string();
  }
  return all;
}

outcome<exit_code> create(command_context& with) {
  value body;
  body.set("name", with.words[0]);
  value scopes{value::list{}};
  for (const auto& scope : with.line.all("scope")) scopes.push_back(scope);
  if (scopes.as_list()->empty()) {
    return give_up(exit_code::usage,
                   "give --scope at least once: read:pipelines, write:pipelines, read:jobs, read:metrics or admin");
  }
  body.set("scopes", std::move(scopes));
  if (const auto days = with.option("expires-in-days"); !days.empty()) {
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(days.data(), days.data() + days.size(), number);
    if (problem != std::errc{} || end != days.data() + days.size() || number < 1) {
      return give_up(exit_code::usage, "--expires-in-days takes a whole number from 1, not \"" + days + "\"");
    }
    body.set("expires_in_days", number);
  }
  const auto answer = with.api.send("POST", "/v1/api-keys", object_with({{"id"}, {"key"}}), std::move(body));
  if (!answer) return unexpected(answer.error());
  const auto& key = data_of(*answer);
  const auto id = text_of(key, "id");
  // The key alone on standard output, so that it can be piped to where it is kept.
  const auto shown = with.as_json ? write_json_pretty(key) : text_of(key, "key");
  if (!write_for_sure(with.out, shown + "\n"))
    return give_up(exit_code::local_file, "key " + id +
                                            " was made but could not be shown, and cannot be shown again; "
                                            "revoke it: penstock key revoke " +
                                            id);
  if (!with.as_json) with.err << "key " << id << " created; it is shown this once only\n";
  return exit_code::ok;
}

outcome<exit_code> list(command_context& with) {
  constexpr std::size_t page_size = 100;
  value::list keys;
  for (int page = 1;; ++page) {
    const auto answer = with.api.get(
      "/v1/api-keys?limit=" + std::to_string(page_size) + "&page=" + std::to_string(page), list_of({{"id"}, {"name"}}));
    if (!answer) return unexpected(answer.error());
    const auto part = entries_of(*answer);
    keys.insert(keys.end(), part.begin(), part.end());
    if (part.size() < page_size) break;
  }
  if (with.as_json) {
    print_json(with.out, value{std::move(keys)});
    return exit_code::ok;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& key : keys) {
    const auto expires = text_of(key, "expires_at");
    rows.push_back({text_of(key, "name"), text_of(key, "id"), text_of(key, "prefix"), scopes_of(key),
                    show_time(text_of(key, "created_at")), show_time(text_of(key, "last_used")),
                    expires.empty() ? "never" : show_time(expires)});
  }
  print_table(with, {"NAME", "ID", "PREFIX", "SCOPES", "CREATED", "LAST USED", "EXPIRES"}, rows, "keys");
  return exit_code::ok;
}

outcome<exit_code> revoke(command_context& with) {
  const auto gone = with.api.send("DELETE", "/v1/api-keys/" + encode(with.words[0]), answer_form{});
  if (!gone) return unexpected(gone.error());
  with.err << "key " << with.words[0] << " revoked\n";
  return exit_code::ok;
}

/// Asks whether the server is `path`; one that is not says so with a status that means failure.
outcome<api_answer> ask_state(api_client& api, const std::string& path) {
  const api_request request{.path = path, .needs = object_with({{"status"}}), .answer_within = health_answer_within};
  auto answer = api.ask(request);
  if (!answer || answer->status / 100 == 2) return answer;
  const bool is_ours = answer->status >= 429 && !text_of(answer->body, "code").empty();
  if (!is_ours) return unexpected(api.strange(request, "the status is " + std::to_string(answer->status)));
  return answer;
}

outcome<exit_code> health(command_context& with) {
  const auto live = ask_state(with.api, "/health");
  if (!live) return unexpected(live.error());
  const auto ready = ask_state(with.api, "/ready");
  if (!ready) return unexpected(ready.error());
  const bool is_ready = ready->status == 200;
  if (with.as_json) {
    value both;
    both.set("server", with.api.server());
    both.set("live", live->status == 200);
    both.set("ready", is_ready);
    both.set("health", live->body);
    both.set("readiness", ready->body);
    print_json(with.out, both);
  } else {
    const auto version = text_of(live->body, "version");
    with.out << with.api.server() << " is " << (live->status == 200 ? "live" : "not well") << " and "
             << (is_ready ? "ready" : "not ready") << (version.empty() ? "" : ", version " + version) << '\n';
    if (!is_ready) with.out << explain(*ready).message << '\n';
  }
  return is_ready ? exit_code::ok : exit_code::server_failed;
}

constexpr option_row create_options[] = {
  {"scope", "SCOPE", "a right: read:pipelines, write:pipelines, read:jobs, read:metrics, admin; may be repeated"},
  {"expires-in-days", "N", "after which it is refused; without it the key does not expire"}};

constexpr command_row key_rows[] = {
  {"key", "create", "NAME", 1, 1, "make an API key and print it, this once only", create_options, &create},
  {"key", "list", "", 0, 0, "list the API keys", {}, &list},
  {"key", "revoke", "ID", 1, 1, "take an API key's rights away for good", {}, &revoke},
};

constexpr command_row server_rows[] = {
  {"", "health", "", 0, 0, "tell whether the server is live and ready", {}, &health},
};

} // namespace

std::span<const command_row> key_commands() { return key_rows; }
std::span<const command_row> server_commands() { return server_rows; }

} // namespace penstock::cli
