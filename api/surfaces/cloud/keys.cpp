#include "api/surfaces/cloud/keys.hpp"

#include "api/answering.hpp"
#include "api/body_fields.hpp"
#include "api/json_writer.hpp"
#include "api/query_fields.hpp"
#include "api/rate_limiter.hpp"
#include "api/request_options.hpp"

#include <spdlog/spdlog.h>

namespace penstock::cloud {
namespace {

constexpr auto style = error_style::cloud;
constexpr std::uint64_t page_size_max = 100;
constexpr std::uint64_t page_number_max = 1'000'000'000;
constexpr std::string_view note = "The full key value is shown only once. Store it securely.";

/// The documented prefix, without the characters that tell one key from another.
std::string_view kind_of_key(std::string_view prefix) {
  const auto end = prefix.rfind('_');
  return end == std::string_view::npos ? prefix : prefix.substr(0, end + 1);
}

void write_scopes(json_writer& w, const std::vector<std::string>& scopes) {
  w.key("scopes").begin_list();
  for (const auto& s : scopes) w.text(s);
  w.end_list();
}

void write_key(json_writer& w, const api_key_record& k, const std::string* secret) {
  w.begin_object().member("id", shown_id(k.id)).member("name", k.name);
  if (secret) w.member("key", *secret);
  w.member("prefix", kind_of_key(k.prefix));
  write_scopes(w, k.scopes);
  w.member("created_at", k.created_at);
  if (!secret) w.member("last_used", k.last_used);
  w.member("expires_at", k.expires_at);
  if (k.rate_limit) w.member("rate_limit", std::int64_t{*k.rate_limit});
  w.end_object();
}

response render_keys(const listing<api_key_record>& keys, std::uint64_t number, std::uint64_t size) {
  std::string body;
  json_writer w{body};
  w.begin_object().key("data").begin_list();
  for (const auto& k : keys.entries) write_key(w, k, nullptr);
  w.end_list().key("meta").begin_object().member("total", keys.total).member("page", number).member("limit", size);
  w.member("total_pages", (keys.total + size - 1) / size).end_object().end_object();
  return json_response(200, std::move(body));
}

key_draft read_draft(const value& body, request_problems& problems) {
  body_fields fields{body, problems};
  key_draft draft;
  draft.name = fields.text("name", {.required = true, .bytes_max = 200, .one_line = true}).value_or("");
  draft.scopes = fields.texts("scopes", {.required = true, .count_max = 10}).value_or(std::vector<std::string>{});
  for (const auto& s : draft.scopes)
    if (!parse_scope(s))
      fields.wrong("scopes",
                   "\"" + s +
                     "\" is unknown; scopes are read:pipelines, read:jobs, read:metrics, write:pipelines, admin");
  if (problems.empty() && draft.scopes.empty()) fields.wrong("scopes", "must name at least one scope");
  if (const auto days = fields.integer("expires_in_days", 1, 36'500))
    draft.expires_in_days = static_cast<std::uint32_t>(*days);
  // A key that was to expire must not live for ever.
  if (const auto* given = fields.find("expires_at"); given && !given->is_null())
    fields.wrong("expires_at", "is told and not taken; give expires_in_days");
  if (const auto rate = fields.integer("rate_limit", 1, rate_limiter::rate_max))
    draft.rate_limit = static_cast<std::uint32_t>(*rate);
  return draft;
}

} // namespace

void list_keys(const request& in, const services& with, responder send) {
  request_problems problems;
  const query_fields query{in.query, problems};
  const auto number = query.number("page", 1, 1, page_number_max);
  const auto size = query.number("limit", 20, 1, page_size_max);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.list_keys(in.who, {static_cast<std::uint32_t>(size), (number - 1) * size},
                     answer_with<listing<api_key_record>>(
                       style, send, [number, size](const auto& keys) { return render_keys(keys, number, size); }));
}

void create_key(const request& in, const services& with, responder send) {
  const auto body = json_object_body(in);
  if (!body) return send(render_error(style, body.error()));
  request_problems problems;
  auto draft = read_draft(*body, problems);
  draft.once = idempotency_key(in, problems);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.create_key(in.who, std::move(draft), answer_with<created_key>(style, send, [](const created_key& made) {
                        std::string out;
                        json_writer w{out};
                        w.begin_object().key("data");
                        write_key(w, made.record, &made.key);
                        w.member("note", note).end_object();
                        return std::move(json_response(201, std::move(out)).with("Cache-Control", "no-store"));
                      }));
}

void revoke_key(const request& in, const services& with, responder send) {
  request_problems problems;
  const api_key_id id{id_in_path(in, "id", problems)};
  // An id that no key can have is simply not there, as the document knows only 404.
  if (!problems.empty()) return send(render_error(style, error{errc::not_found, "there is no such API key", {}}));
  with.ops.revoke_key(
    in.who, id, answer_with<revoked_key>(style, send, [workspace = in.who.workspace](const revoked_key& revoked) {
      if (revoked.last_admin)
        spdlog::warn("workspace {} has no API key of scope admin any more: only tokens of that scope make new ones",
                     to_text(workspace));
      return no_content();
    }));
}

void whoami(const request& in, const services&, responder send) {
  std::vector<std::string> names;
  for (const auto s :
       {scope::read_pipelines, scope::read_jobs, scope::read_metrics, scope::write_pipelines, scope::admin})
    if (in.who.scopes & static_cast<scope_set>(s)) names.emplace_back(to_text(s));
  std::string body;
  json_writer w{body};
  w.begin_object()
    .key("data")
    .begin_object()
    .member("workspace_id", in.who.workspace)
    .member("subject", in.who.subject);
  write_scopes(w, names);
  w.end_object().end_object();
  send(json_response(200, std::move(body)));
}

} // namespace penstock::cloud
