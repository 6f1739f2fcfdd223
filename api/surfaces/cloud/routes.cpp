#include "api/surfaces/cloud/routes.hpp"

#include "api/answering.hpp"
#include "api/body_fields.hpp"
#include "api/json_writer.hpp"
#include "api/query_fields.hpp"
#include "api/request_options.hpp"

#include <array>

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

std::string key_id(const api_key_id& id) {
  auto text = to_text(id);
  std::erase(text, '-');
  return "key_" + text;
}

void write_scopes(json_writer& w, const std::vector<std::string>& scopes) {
  w.key("scopes").begin_list();
  for (const auto& s : scopes) w.text(s);
  w.end_list();
}

void write_key(json_writer& w, const api_key_record& k, const std::string* secret) {
  w.begin_object().member("id", key_id(k.id)).member("name", k.name);
  if (secret) w.member("key", *secret);
  w.member("prefix", kind_of_key(k.prefix));
  write_scopes(w, k.scopes);
  w.member("created_at", k.created_at);
  if (!secret) w.member("last_used", k.last_used);
  w.member("expires_at", k.expires_at).end_object();
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
  return draft;
}

void create_key(const request& in, const services& with, responder send) {
  const auto body = json_object_body(in);
  if (!body) return send(render_error(style, body.error()));
  request_problems problems;
  auto draft = read_draft(*body, problems);
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
  with.ops.revoke_key(in.who, id, answer_with<void>(style, send, [] { return no_content(); }));
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

constexpr std::array rows{
  route{.method = verb::get,
        .pattern = "/v1/api-keys",
        .permission = scope::admin,
        .handle = &list_keys,
        .operation = "cloud.listKeys",
        .summary = "List API keys, without their values",
        .query = "page:integer=1,limit:integer=20",
        .gives = "200 ApiKeyList"},
  route{.method = verb::post,
        .pattern = "/v1/api-keys",
        .permission = scope::admin,
        .body = body_rule::json,
        .handle = &create_key,
        .operation = "cloud.createKey",
        .summary = "Make an API key; its value is shown this once",
        .takes = "ApiKeyCreate",
        .gives = "201 ApiKeyCreated"},
  route{.method = verb::del,
        .pattern = "/v1/api-keys/{id}",
        .permission = scope::admin,
        .handle = &revoke_key,
        .operation = "cloud.revokeKey",
        .summary = "Revoke an API key for good",
        .gives = "204"},
  route{.method = verb::get,
        .pattern = "/v1/whoami",
        .permission = scope::none,
        .handle = &whoami,
        .operation = "cloud.whoami",
        .summary = "Who the credentials stand for",
        .gives = "200 WhoAmI"},
};

constexpr std::array schemas{
  schema{
    "ApiKeyCreate",
    R"({"type":"object","required":["name","scopes"],"properties":{"name":{"type":"string"},)"
    R"("scopes":{"type":"array","items":{"enum":["read:pipelines","read:jobs","read:metrics","write:pipelines","admin"]}},)"
    R"("expires_in_days":{"type":"integer","minimum":1}}})"},
  schema{
    "ApiKey",
    R"({"type":"object","properties":{"id":{"type":"string"},"name":{"type":"string"},"prefix":{"type":"string"},)"
    R"("scopes":{"type":"array","items":{"type":"string"}},"created_at":{"type":"string","format":"date-time"},)"
    R"("last_used":{"type":["string","null"],"format":"date-time"},"expires_at":{"type":["string","null"],"format":"date-time"}}})"},
  schema{"ApiKeyList",
         R"({"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/components/schemas/ApiKey"}},)"
         R"("meta":{"type":"object","properties":{"total":{"type":"integer"},"page":{"type":"integer"},)"
         R"("limit":{"type":"integer"},"total_pages":{"type":"integer"}}}}})"},
  schema{"ApiKeyCreated", R"({"type":"object","properties":{"data":{"allOf":[{"$ref":"#/components/schemas/ApiKey"},)"
                          R"({"type":"object","properties":{"key":{"type":"string"}}}]},"note":{"type":"string"}}})"},
  schema{
    "WhoAmI",
    R"({"type":"object","properties":{"data":{"type":"object","properties":{"workspace_id":{"type":"string","format":"uuid"},)"
    R"("subject":{"type":"string"},"scopes":{"type":"array","items":{"type":"string"}}}}}})"},
};

} // namespace

surface routes() { return {"cloud", style, rows, schemas}; }

} // namespace penstock::cloud
