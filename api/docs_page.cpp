#include "api/docs_page.hpp"

#include <array>
#include <map>
#include <vector>

namespace penstock {
namespace {

constexpr std::string_view head =
  R"(<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">)"
  R"(<title>Penstock API</title><style>)"
  R"(body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1f23;background:#fff})"
  R"(code{font:.9em ui-monospace,monospace;overflow-wrap:anywhere}table{border-collapse:collapse;width:100%;margin:1rem 0})"
  R"(th,td{text-align:left;vertical-align:top;padding:.35rem .75rem .35rem 0;border-bottom:1px solid #d8dee4}a{color:#0550ae})"
  R"(@media(prefers-color-scheme:dark){body{color:#d8dee4;background:#16191d}th,td{border-color:#3a4048}a{color:#79b8ff}})"
  R"(</style></head><body>)";

constexpr std::string_view authentication =
  R"(<h2 id="authentication">Authentication</h2>)"
  R"(<p>An API key or a JSON Web Token goes into <code>Authorization: Bearer …</code>, an API key also into )"
  R"(<code>x-api-key</code>. Without good credentials an answer is a 401; a 403 says which scope the operation needs. )"
  R"(<code>admin</code> has every right; it alone sees to keys, webhooks and the settings of its workspace. )"
  R"(Signed operations take no credentials: <code>X-Webhook-Id</code> names the registered webhook, and )"
  R"(<code>X-Webhook-Signature</code> is the hex HMAC-SHA256 of the body as sent, under the webhook's secret.</p>)"
  R"(<p>Answers to good credentials carry <code>X-RateLimit-Limit</code>, <code>X-RateLimit-Remaining</code> and )"
  R"(<code>X-RateLimit-Reset</code>; beyond the rate it is a 429 with <code>Retry-After</code>.</p>)";

struct error_row {
  int status;
  std::string_view meaning;
};
constexpr std::array error_rows{
  error_row{400, "Something in the request is wrong; the message names the field and what would be right."},
  error_row{401, "The credentials are missing, unknown, revoked or expired."},
  error_row{403, "The credentials are good but lack the scope that is named, or it is another workspace's."},
  error_row{404, "There is no such object in the workspace, or nothing at the path."},
  error_row{405, "The path does not take this method; Allow tells which it takes."},
  error_row{409, "The state of the object does not allow it."},
  error_row{410, "It was there, and is gone."},
  error_row{412, "If-Match names another version than there is."},
  error_row{413, "The body is larger than the limit that is named."},
  error_row{415, "The body is of another media type than the operation takes."},
  error_row{422, "The Idempotency-Key came before with another request, or the task failed."},
  error_row{429, "Too many requests; Retry-After tells when to try again."},
  error_row{500, "A fault of the server; its log says what, under the X-Request-Id of the answer."},
  error_row{503, "The server is overloaded, stopping or not ready; Retry-After tells when to try again."},
  error_row{504, "It took too long."},
};

void escape(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '<') out += "&lt;";
    else if (c == '&') out += "&amp;";
    else out += c;
  }
}

void add_code(std::string& out, std::string_view text) {
  out += "<code>";
  escape(out, text);
  out += "</code>";
}

void add_errors(std::string& out) {
  out += R"(<h2 id="errors">Errors</h2><p>Operations of <i>cloud</i> answer <code>{"error": {"code", "message", )"
         R"("docs_url"}}</code>, all others <code>application/problem+json</code> with a stable <code>code</code>, )"
         R"(and <code>errors</code> for each field.</p><table><tr><th>Status</th><th>cloud</th><th>Meaning</th></tr>)";
  for (const auto& row : error_rows) {
    out += "<tr><td>" + std::to_string(row.status) + "</td><td>";
    add_code(out, cloud_error_code(row.status));
    out += "</td><td>";
    escape(out, row.meaning);
    out += "</td></tr>";
  }
  out += "</table>";
}

std::string_view needed(const route& row) {
  if (row.who == access::open) return "open";
  if (row.who == access::signer) return "signed";
  return row.permission == scope::none ? "any" : to_text(row.permission);
}

void add_operation(std::string& out, const route& row) {
  out += "<tr><td>";
  add_code(out, std::string{to_text(row.method)} + " " + std::string{row.pattern});
  out += "</td><td>";
  escape(out, row.summary);
  if (!row.query.empty()) {
    out += "<br>";
    add_code(out, "?" + std::string{row.query});
  }
  out += "</td><td>";
  add_code(out, needed(row));
  out += "</td></tr>";
}

} // namespace

std::string make_docs_page(std::span<const surface> surfaces, std::string_view version) {
  // Parts of one surface stand together, in the order in which the first of each was declared.
  std::vector<std::string_view> names;
  std::map<std::string_view, std::vector<const route*>> rows;
  for (const auto& s : surfaces) {
    if (!rows.contains(s.name)) names.push_back(s.name);
    for (const auto& row : s.routes) rows[s.name].push_back(&row);
  }
  std::string out{head};
  out += "<h1>Penstock API</h1><p>Version ";
  escape(out, version);
  out += R"(. For programs: <a href="/openapi.json">/openapi.json</a>, with the shapes of all bodies.</p>)";
  out += authentication;
  add_errors(out);
  for (const auto name : names) {
    out += "<h2>" + std::string{name} + "</h2><table><tr><th>Operation</th><th></th><th>Scope</th></tr>";
    for (const auto* row : rows[name]) add_operation(out, *row);
    out += "</table>";
  }
  out += "</body></html>\n";
  return out;
}

} // namespace penstock
