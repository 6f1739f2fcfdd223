#include "runtime/model/json.hpp"
#include "tools/penstock/commands.hpp"
#include "tools/penstock/fields.hpp"
#include "tools/penstock/output.hpp"
#include "tools/penstock/starter_fields.hpp"
#include "tools/penstock/text_format.hpp"

#include "runtime/plan/duration.hpp"

#include <algorithm>
#include <charconv>

namespace penstock::cli {

namespace {

constexpr std::string_view base = "/v1/webhooks";
constexpr std::size_t page_size = 100;
constexpr std::size_t deliveries_default = 20;
constexpr std::size_t label_width = 14;

std::string path_of(const std::string& id) { return std::string{base} + "/" + encode(id); }

std::string events_of(const value& webhook) {
  std::string all;
  const auto* events = webhook.find("events");
  if (events == nullptr || events->as_list() == nullptr) return all;
  for (const auto& event : *events->as_list())
    if (event.as_string() != nullptr) all += (all.empty() ? "" : ",") + *event.as_string();
  return all;
}

std::string state_of(const value& webhook) {
  const auto* enabled = webhook.find("enabled");
  if (enabled != nullptr && enabled->as_bool() != nullptr && *enabled->as_bool()) return "enabled";
  return text_of(webhook, "disabled_reason").empty() ? "paused" : "disabled";
}

/// What options say of an endpoint.
outcome<value> read_options(const command_context& with) {
  value body{value::object{}};
  for (const auto* name : {"url", "description", "secret"}) take_text(with, name, name, body);
  if (auto retries = take_number(with, "retries", "max_retries", body); !retries)
    return unexpected(std::move(retries).error());
  if (const auto given = with.line.all("event"); !given.empty()) {
    value events{value::list{}};
    for (const auto& event : given) events.push_back(event);
    body.set("events", std::move(events));
  }
  return body;
}

/// Prints what an answer holds, and a secret that the server made: it is never shown again, so it goes where it can be
/// piped to, before anything else is said.
/// @param before lines that stand before the secret
outcome<void> print_secret(command_context& with, const value& answer, const std::string& before) {
  const auto& webhook = data_of(answer);
  const auto id = text_of(webhook, "id");
  const auto secret = text_of(webhook, "secret");
  const auto shown = with.as_json ? write_json_pretty(answer) + "\n" : before + (secret.empty() ? "" : secret + "\n");
  if (!write_for_sure(with.out, shown) && !secret.empty())
    return give_up(exit_code::local_file, "the secret of webhook " + id +
                                            " could not be shown, and cannot be shown again; "
                                            "have another one made: penstock webhook rotate-secret " +
                                            id);
  return {};
}

constexpr std::string_view once_only = "the secret is shown this once only\n";

outcome<exit_code> create(command_context& with) {
  auto body = read_options(with);
  if (!body) return unexpected(body.error());
  if (body->find("events") == nullptr)
    return give_up(exit_code::usage, "give --event at least once: job.completed, job.failed, pipeline.paused, "
                                     "etl.run.completed or etl.run.failed");
  body->set("url", with.words[0]);
  const auto made = with.api.send("POST", std::string{base}, object_with({{"id"}}), std::move(*body));
  if (!made) return unexpected(made.error());
  const auto& webhook = data_of(*made);
  if (const auto done = print_secret(with, *made, text_of(webhook, "id") + "\n"); !done)
    return unexpected(done.error());
  if (!with.as_json) with.err << "webhook created\n" << (text_of(webhook, "secret").empty() ? "" : once_only);
  return exit_code::ok;
}

outcome<value::list> fetch_pages(api_client& api, const std::string& path, std::size_t limit) {
  value::list all;
  for (int page = 1; all.size() < limit; ++page) {
    const auto size = std::min(limit, page_size);
    const auto answer =
      api.get(path + "?limit=" + std::to_string(size) + "&page=" + std::to_string(page), list_of({{"id"}}));
    if (!answer) return unexpected(answer.error());
    const auto part = entries_of(*answer);
    all.insert(all.end(), part.begin(), part.end());
    if (part.size() < size) break;
  }
  if (all.size() > limit) all.resize(limit);
  return all;
}

outcome<exit_code> list(command_context& with) {
  auto all = fetch_pages(with.api, std::string{base}, SIZE_MAX);
  if (!all) return unexpected(all.error());
  if (with.as_json) {
    print_json(with.out, value{std::move(*all)});
    return exit_code::ok;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& webhook : *all)
    rows.push_back({text_of(webhook, "id"), state_of(webhook), events_of(webhook), fit(text_of(webhook, "url"), 80)});
  print_table(with, {"WEBHOOK", "STATE", "EVENTS", "URL"}, rows, "webhooks");
  return exit_code::ok;
}

void print_webhook(command_context& with, const value& webhook) {
  const auto line = [&](std::string_view label, const std::string& text) {
    if (!text.empty())
      with.out << label << std::string(label.size() < label_width ? label_width - label.size() : 1, ' ') << text
               << '\n';
  };
  const auto reason = text_of(webhook, "disabled_reason");
  line("id:", text_of(webhook, "id"));
  line("url:", text_of(webhook, "url"));
  line("description:", text_of(webhook, "description"));
  line("events:", events_of(webhook));
  line("state:", state_of(webhook) + (reason.empty() ? "" : ": " + reason));
  if (const auto retries = int_of(webhook, "max_retries"); retries > 0) line("retries:", std::to_string(retries));
  if (const auto until = text_of(webhook, "old_secret_until"); !until.empty())
    line("old secret:", "until " + show_time(until));
  line("created:", show_time(text_of(webhook, "created_at")));
}

/// Prints an endpoint as an answer shows it.
outcome<exit_code> print_answer(command_context& with, const outcome<value>& answer) {
  if (!answer) return unexpected(answer.error());
  if (with.as_json) print_json(with.out, *answer);
  else print_webhook(with, data_of(*answer));
  return exit_code::ok;
}

outcome<exit_code> show(command_context& with) {
  return print_answer(with, with.api.get(path_of(with.words[0]), object_with({{"id"}})));
}

outcome<exit_code> update(command_context& with) {
  auto body = read_options(with);
  if (!body) return unexpected(body.error());
  if (body->as_object()->empty())
    return give_up(exit_code::usage, "say what is to change: --url, --event, --description or --retries");
  return print_answer(with, with.api.send("PATCH", path_of(with.words[0]), object_with({{"id"}}), std::move(*body)));
}

outcome<exit_code> set_enabled(command_context& with, bool enabled) {
  value body;
  body.set("enabled", enabled);
  const auto answer = with.api.send("PATCH", path_of(with.words[0]), object_with({{"id"}}), std::move(body));
  if (!answer) return unexpected(answer.error());
  if (with.as_json) print_json(with.out, *answer);
  else with.err << "webhook " << with.words[0] << (enabled ? " resumed\n" : " paused\n");
  return exit_code::ok;
}

outcome<exit_code> pause(command_context& with) { return set_enabled(with, false); }
outcome<exit_code> resume(command_context& with) { return set_enabled(with, true); }

outcome<exit_code> remove(command_context& with) {
  const auto gone = with.api.send("DELETE", path_of(with.words[0]), answer_form{});
  if (!gone) return unexpected(gone.error());
  with.err << "webhook " << with.words[0] << " deleted\n";
  return exit_code::ok;
}

std::string told(const value& attempt) {
  const auto status = int_of(attempt, "response_status");
  auto error = text_of(attempt, "error");
  while (error.ends_with('.')) error.pop_back(); // The sentence goes on.
  auto text = status == 0 ? std::string{} : std::to_string(status);
  if (!error.empty()) text += (text.empty() ? "" : ", ") + error;
  return text + " after " + show_duration(milliseconds{int_of(attempt, "latency_ms")});
}

outcome<exit_code> test(command_context& with) {
  const auto answer =
    with.api.send("POST", path_of(with.words[0]) + "/test", object_with({{"delivered", needed_member::kind::flag}}));
  if (!answer) return unexpected(answer.error());
  const auto* delivered = data_of(*answer).find("delivered");
  const bool is_delivered = delivered != nullptr && delivered->as_bool() != nullptr && *delivered->as_bool();
  if (with.as_json) {
    print_json(with.out, *answer);
  } else {
    const auto* attempt = data_of(*answer).find("attempt");
    with.out << (is_delivered ? "delivered" : "not delivered") << (attempt == nullptr ? "" : ": " + told(*attempt))
             << '\n';
  }
  return is_delivered ? exit_code::ok : exit_code::run_failed;
}

outcome<exit_code> rotate(command_context& with) {
  value body{value::object{}};
  take_text(with, "secret", "secret", body);
  if (with.line.has("overlap")) {
    const auto overlap = parse_duration(value{with.option("overlap")});
    if (!overlap || *overlap % 1'000 != 0)
      return give_up(exit_code::usage,
                     "--overlap takes whole seconds such as 0s, 30m or 2d, not \"" + with.option("overlap") + "\"");
    body.set("overlap_seconds", static_cast<std::int64_t>(*overlap / 1'000));
  }
  const auto answer =
    with.api.send("POST", path_of(with.words[0]) + "/rotate-secret", object_with({{"id"}}), std::move(body));
  if (!answer) return unexpected(answer.error());
  const auto& webhook = data_of(*answer);
  if (const auto done = print_secret(with, *answer, ""); !done) return unexpected(done.error());
  if (with.as_json) return exit_code::ok;
  const auto until = text_of(webhook, "old_secret_until");
  with.err << "secret replaced; "
           << (until.empty() ? "the old one is void" : "the old one signs, too, until " + show_time(until)) << '\n'
           << (text_of(webhook, "secret").empty() ? "" : once_only);
  return exit_code::ok;
}

std::vector<std::string> delivery_row(const value& delivery) {
  const auto* attempts = delivery.find("attempts");
  const auto* tried = attempts == nullptr ? nullptr : attempts->as_list();
  const auto next = text_of(delivery, "next_attempt_at");
  return {text_of(delivery, "id"),
          text_of(delivery, "event"),
          text_of(delivery, "status"),
          show_time(text_of(delivery, "created_at")),
          std::to_string(tried == nullptr ? 0 : tried->size()),
          next.empty() ? "-" : show_time(next),
          tried == nullptr || tried->empty() ? "-" : fit(told(tried->back()), 60)};
}

outcome<exit_code> deliveries(command_context& with) {
  std::size_t limit = deliveries_default;
  if (const auto given = with.option("limit"); with.line.has("limit")) {
    const auto [end, problem] = std::from_chars(given.data(), given.data() + given.size(), limit);
    if (problem != std::errc{} || end != given.data() + given.size() || limit < 1 || limit > 1'000)
      return give_up(exit_code::usage, "--limit takes a whole number from 1 to 1000, not \"" + given + "\"");
  }
  auto all = fetch_pages(with.api, path_of(with.words[0]) + "/deliveries", limit);
  if (!all) return unexpected(all.error());
  if (with.as_json) {
    print_json(with.out, value{std::move(*all)});
    return exit_code::ok;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& delivery : *all) rows.push_back(delivery_row(delivery));
  print_table(with, {"DELIVERY", "EVENT", "STATUS", "CREATED", "ATTEMPTS", "NEXT", "LAST ATTEMPT"}, rows, "deliveries");
  return exit_code::ok;
}

outcome<exit_code> redeliver(command_context& with) {
  const auto answer = with.api.send("POST", std::string{base} + "/deliveries/" + encode(with.words[0]) + "/redeliver",
                                    object_with({{"id"}}));
  if (!answer) return unexpected(answer.error());
  if (with.as_json) print_json(with.out, *answer);
  else with.err << "delivery " << with.words[0] << " is posted again\n";
  return exit_code::ok;
}

constexpr std::string_view event_help =
  "job.completed, job.failed, pipeline.paused, etl.run.completed or etl.run.failed; may be repeated";

constexpr option_row create_options[] = {
  {"event", "EVENT", event_help},
  {"secret", "TEXT", "what signs; without it one is made and shown this once"},
  {"description", "TEXT", "for people"},
  {"retries", "N", "how often a failed delivery is tried again; without it the server's number"},
};
constexpr option_row update_options[] = {
  {"url", "URL", "where events are posted"},
  {"event", "EVENT", event_help},
  {"description", "TEXT", "for people"},
  {"retries", "N", "how often a failed delivery is tried again"},
};
constexpr option_row rotate_options[] = {
  {"secret", "TEXT", "what signs from now on; without it one is made and shown this once"},
  {"overlap", "TIME", "how long the old one signs beside it, such as 0s or 2d [1d]"},
};
constexpr option_row deliveries_options[] = {{"limit", "N", "at most so many, newest first [20]", 'n'}};

constexpr command_row rows[] = {
  {"webhook", "create", "URL", 1, 1, "have events posted to a URL", create_options, &create,
   "  penstock webhook create https://example.com/hook --event job.completed --event job.failed\n"},
  {"webhook", "list", "", 0, 0, "list the webhooks", {}, &list},
  {"webhook", "show", "ID", 1, 1, "show a webhook", {}, &show},
  {"webhook", "update", "ID", 1, 1, "change what is given, and nothing else", update_options, &update},
  {"webhook", "pause", "ID", 1, 1, "post nothing to a webhook", {}, &pause},
  {"webhook", "resume", "ID", 1, 1, "post to a webhook again, also to one that the server disabled", {}, &resume},
  {"webhook", "delete", "ID", 1, 1, "delete a webhook; what is not delivered yet is dropped", {}, &remove},
  {"webhook", "test", "ID", 1, 1, "post an event with made-up data, and tell what came of it", {}, &test},
  {"webhook", "rotate-secret", "ID", 1, 1, "replace what signs", rotate_options, &rotate},
  {"webhook", "deliveries", "ID", 1, 1, "list what was posted, and what became of it", deliveries_options, &deliveries},
  {"webhook", "redeliver", "DELIVERY", 1, 1, "post the same bytes again", {}, &redeliver},
};

} // namespace

std::span<const command_row> webhook_commands() { return rows; }

} // namespace penstock::cli
