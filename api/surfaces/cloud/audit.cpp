#include "api/surfaces/cloud/audit.hpp"

#include "api/answering.hpp"
#include "api/json_writer.hpp"
#include "api/query_fields.hpp"
#include "api/surfaces/cloud/time_field.hpp"

#include <array>
#include <charconv>

namespace penstock::cloud {
namespace {

constexpr auto style = error_style::cloud;
constexpr std::uint64_t limit_default = 20;
constexpr std::uint64_t limit_max = 100;

/// Three numbers with dashes between; clients take it as it is.
std::string cursor_text(const audit_cursor& at) {
  return std::to_string(to_ms(at.at)) + "-" + std::to_string(at.number) + "-" + std::to_string(at.partition);
}

std::optional<audit_cursor> parse_cursor(std::string_view text) {
  std::int64_t ms = 0;
  audit_cursor out;
  const auto take = [&](auto& number, bool last) {
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc{} || number < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (last) return text.empty();
    if (!text.starts_with('-')) return false;
    text.remove_prefix(1);
    return true;
  };
  if (!take(ms, false) || !take(out.number, false) || !take(out.partition, true)) return std::nullopt;
  out.at = from_ms(ms);
  return out;
}

std::string read_text(const query_fields& query, std::string_view name, request_problems& problems) {
  auto text = query.text(name).value_or("");
  if (text.size() > audit_text_bytes_max)
    problems.add(std::string{name}, "must be at most " + std::to_string(audit_text_bytes_max) + " bytes");
  return text;
}

void write_entry(json_writer& w, const audit_entry& entry) {
  const auto& what = entry.what;
  const auto optional = [&](std::string_view name, const std::string& text) {
    w.key(name);
    if (text.empty()) w.null();
    else w.text(text);
  };
  w.begin_object().member("time", entry.at).member("subject", what.subject).key("key_id");
  if (what.key) w.text(shown_id(*what.key));
  else w.null();
  w.member("operation", what.operation);
  optional("object", what.object);
  w.member("made", what.made);
  optional("address", what.address);
  w.member("request_id", what.request_id).member("result", what.result);
  if (what.omitted > 0) w.member("omitted", what.omitted);
  w.end_object();
}

response render_audit(const audit_page& page, std::uint64_t limit) {
  std::string body;
  json_writer w{body};
  w.begin_object().key("data").begin_list();
  for (const auto& entry : page.entries) write_entry(w, entry);
  w.end_list().key("meta").begin_object().member("limit", limit).key("next");
  if (page.next) w.text(cursor_text(*page.next));
  else w.null();
  w.end_object().end_object();
  return json_response(200, std::move(body));
}

void list_audit(const request& in, const services& with, responder send) {
  request_problems problems;
  const query_fields query{in.query, problems};
  const auto limit = query.number("limit", limit_default, 1, limit_max);
  audit_filter filter;
  filter.from = read_time(query, "from_date", range_end::first, problems);
  filter.to = read_time(query, "to_date", range_end::last, problems);
  filter.subject = read_text(query, "subject", problems);
  filter.operation = read_text(query, "operation", problems);
  filter.object = read_text(query, "object", problems);
  filter.result = read_text(query, "result", problems);
  std::optional<audit_cursor> before;
  if (const auto text = query.text("before")) {
    before = parse_cursor(*text);
    if (!before) problems.add("before", "must be the meta.next of an earlier answer, is \"" + *text + "\"");
  }
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.list_audit(
    in.who, std::move(filter), static_cast<std::uint32_t>(limit), before,
    answer_with<audit_page>(style, send, [limit](const auto& page) { return render_audit(page, limit); }));
}

constexpr std::array rows{
  route{.method = verb::get,
        .pattern = "/v1/audit",
        .permission = scope::admin,
        .handle = &list_audit,
        .operation = "cloud.listAudit",
        .summary = "Who changed what, or was refused to, newest first; go on with before=meta.next while there is one",
        .query = "limit:integer=20,before:text,from_date:text,to_date:text,subject:text,operation:text,object:text,"
                 "result:text",
        .gives = "200 AuditList"},
};

constexpr std::array schemas{
  schema{
    "AuditEntry",
    R"({"type":"object","properties":{"time":{"type":"string","format":"date-time"},)"
    R"("subject":{"type":"string","description":"A key's id, the sub of a token, or the id of a registered webhook."},)"
    R"("key_id":{"type":["string","null"]},)"
    R"("operation":{"type":"string","description":"The operationId of this document."},)"
    R"("object":{"type":["string","null"],"description":"What was acted on: an id or a name."},)"
    R"("made":{"type":["string","null"],"format":"uuid","description":"The run that was started."},)"
    R"("address":{"type":["string","null"]},"request_id":{"type":"string"},)"
    R"("result":{"type":"string","description":"ok, or the code of the error that refused it."},)"
    R"("omitted":{"type":"integer","description":"Refusals before this one that were too many to be kept."}}})"},
  schema{"AuditList",
         R"({"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/components/schemas/AuditEntry"}},)"
         R"("meta":{"type":"object","properties":{"limit":{"type":"integer"},"next":{"type":["string","null"],)"
         R"("description":"Where the next page begins; a page may be short, or empty, and still have one."}}}}})"},
};

} // namespace

surface audit_routes() { return {"cloud", style, rows, schemas}; }

} // namespace penstock::cloud
