#include "api/openapi.hpp"

#include "api/json_writer.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

namespace penstock {
namespace {

constexpr std::string_view problem_schema =
  R"({"type":"object","required":["type","title","status","detail","code"],"properties":{"type":{"type":"string"},)"
  R"("title":{"type":"string"},"status":{"type":"integer"},"detail":{"type":"string"},"code":{"type":"string"},)"
  R"("errors":{"type":"array","items":{"type":"object","properties":{"field":{"type":"string"},"message":{"type":"string"},)"
  R"("line":{"type":"integer"},"column":{"type":"integer"}}}}}})";
constexpr std::string_view cloud_error_schema =
  R"({"type":"object","required":["error"],"properties":{"error":{"type":"object","required":["code","message","docs_url"],)"
  R"("properties":{"code":{"type":"string"},"message":{"type":"string"},"docs_url":{"type":"string"}}}}})";

/// What a signed request carries.
struct signature_header {
  std::string_view scheme;
  std::string_view name;
  std::string_view what;
};
constexpr std::array signature_headers{
  signature_header{"webhookId", "X-Webhook-Id", "The id that the webhook's registration answered."},
  signature_header{
    "webhookSignature", "X-Webhook-Signature",
    "Hex HMAC-SHA256 of the body as sent, under the webhook's secret, with or without sha256= before it."},
};

/// Splits at `by` and gives each part, without spaces around it, to `each`.
template <class Each>
void for_parts(std::string_view text, char by, Each each) {
  while (!text.empty()) {
    const auto end = std::min(text.find(by), text.size());
    each(trimmed(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string_view verb_key(verb v) noexcept {
  switch (v) {
    case verb::post: return "post";
    case verb::put: return "put";
    case verb::patch: return "patch";
    case verb::del: return "delete";
    default: return "get";
  }
}

void write_type(json_writer& w, std::string_view type) {
  w.begin_object();
  if (type == "uuid") w.member("type", "string").member("format", "uuid");
  else w.member("type", type == "text" ? std::string_view{"string"} : type);
}

void write_path_parameters(json_writer& w, std::string_view pattern) {
  for (auto at = pattern.find('{'); at != std::string_view::npos; at = pattern.find('{', at + 1)) {
    w.begin_object().member("name", pattern.substr(at + 1, pattern.find('}', at) - at - 1)).member("in", "path");
    w.member("required", true).key("schema").begin_object().member("type", "string").end_object().end_object();
  }
}

/// Entries are `name:type` or `name:type=default`.
void write_query_parameters(json_writer& w, std::string_view query) {
  for_parts(query, ',', [&](std::string_view entry) {
    const auto colon = std::min(entry.find(':'), entry.size());
    const auto equals = std::min(entry.find('='), entry.size());
    const auto type = entry.substr(colon + 1, equals - colon - 1);
    w.begin_object().member("name", entry.substr(0, colon)).member("in", "query").key("schema");
    write_type(w, type);
    if (equals != entry.size()) {
      w.key("default");
      if (type == "text") w.text(entry.substr(equals + 1));
      else w.raw(entry.substr(equals + 1));
    }
    w.end_object().end_object();
  });
}

void write_reference(json_writer& w, std::string_view schema_name) {
  w.key("schema").begin_object().key("$ref").text("#/components/schemas/" + std::string{schema_name}).end_object();
}

void write_body(json_writer& w, const route& row) {
  if (row.body == body_rule::none) return;
  const bool required = row.body != body_rule::optional_json;
  w.key("requestBody").begin_object().member("required", required).key("content").begin_object();
  w.key(media::json).begin_object();
  if (!row.takes.empty()) write_reference(w, row.takes);
  w.end_object().end_object().end_object();
}

/// Entries are a status, then nothing, a media type, `text` schema names or `Name[]` for a list of them.
void write_answers(json_writer& w, const route& row, error_style errors) {
  w.key("responses").begin_object();
  for_parts(row.gives, ',', [&](std::string_view entry) {
    const auto status = entry.substr(0, 3);
    auto what = trimmed(entry.substr(3));
    w.key(status).begin_object().member(
      "description", reason_phrase((status[0] - '0') * 100 + (status[1] - '0') * 10 + (status[2] - '0')));
    if (!what.empty()) {
      w.key("content").begin_object();
      const bool is_media = what.find('/') != std::string_view::npos;
      w.key(is_media ? what : media::json).begin_object();
      if (what.ends_with("[]")) {
        w.key("schema").begin_object().member("type", "array").key("items").begin_object();
        w.key("$ref")
          .text("#/components/schemas/" + std::string{what.substr(0, what.size() - 2)})
          .end_object()
          .end_object();
      } else if (!is_media) {
        write_reference(w, what);
      }
      w.end_object().end_object();
    }
    w.end_object();
  });
  const bool cloud = errors == error_style::cloud;
  w.key("default").begin_object().member("description", "An error").key("content").begin_object();
  w.key(cloud ? media::json : media::problem).begin_object();
  write_reference(w, cloud ? "CloudError" : "Problem");
  w.end_object().end_object().end_object().end_object();
}

void write_operation(json_writer& w, const surface& s, const route& row) {
  w.key(verb_key(row.method)).begin_object().member("operationId", row.operation).member("summary", row.summary);
  w.key("tags").begin_list().text(s.name).end_list();
  w.key("security").begin_list();
  if (row.who == access::caller) {
    for (const auto* scheme : {"bearer", "apiKey"}) {
      w.begin_object().key(scheme).begin_list();
      if (row.permission != scope::none) w.text(to_text(row.permission));
      w.end_list().end_object();
    }
  }
  if (row.who == access::signer) {
    w.begin_object();
    for (const auto* scheme : {"webhookId", "webhookSignature"}) w.key(scheme).begin_list().end_list();
    w.end_object();
  }
  w.end_list().key("parameters").begin_list();
  write_path_parameters(w, row.pattern);
  write_query_parameters(w, row.query);
  w.end_list();
  write_body(w, row);
  write_answers(w, row, s.errors);
  w.end_object();
}

void write_components(json_writer& w, std::span<const surface> surfaces) {
  w.key("components").begin_object().key("securitySchemes").begin_object();
  w.key("bearer").begin_object().member("type", "http").member("scheme", "bearer").end_object();
  w.key("apiKey")
    .begin_object()
    .member("type", "apiKey")
    .member("in", "header")
    .member("name", "x-api-key")
    .end_object();
  for (const auto& [scheme, header, what] : signature_headers) {
    w.key(scheme).begin_object().member("type", "apiKey").member("in", "header").member("name", header);
    w.member("description", what).end_object();
  }
  w.end_object().key("schemas").begin_object();
  w.key("Problem").raw(problem_schema).key("CloudError").raw(cloud_error_schema);
  for (const auto& s : surfaces)
    for (const auto& one : s.schemas) w.key(one.name).raw(one.json);
  w.end_object().end_object();
}

} // namespace

std::string make_openapi(std::span<const surface> surfaces, std::string_view version) {
  // Rows of one path stand together in the document, wherever they were declared.
  std::map<std::string_view, std::vector<std::pair<const surface*, const route*>>> paths;
  for (const auto& s : surfaces)
    for (const auto& row : s.routes) paths[row.pattern].emplace_back(&s, &row);

  std::string out;
  json_writer w{out};
  w.begin_object().member("openapi", "3.1.0").key("info").begin_object();
  w.member("title", "Penstock")
    .member("version", version)
    .member("description",
            "Durable pipelines over REST. Answers to good credentials carry X-RateLimit-Limit (requests per second), "
            "X-RateLimit-Remaining (how many may be sent at once) and X-RateLimit-Reset (Unix time at which all may be "
            "again); beyond the rate it is a 429 with Retry-After.")
    .end_object();
  w.key("paths").begin_object();
  for (const auto& [pattern, rows] : paths) {
    w.key(pattern).begin_object();
    for (const auto& [s, row] : rows) write_operation(w, *s, *row);
    w.end_object();
  }
  w.end_object();
  write_components(w, surfaces);
  w.end_object();
  return out;
}

} // namespace penstock
