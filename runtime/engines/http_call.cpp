#include "runtime/engines/http_call.hpp"

#include "runtime/engines/outbound_target.hpp"
#include "runtime/model/ascii.hpp"
#include "runtime/model/json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace penstock {

namespace {

unexpected<error> wrong(const std::string& field, const std::string& expected) {
  return fail(errc::invalid_argument, "'" + field + "' must be " + expected + ".");
}

bool has_line_break(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos; }

result<void> read_headers(const value& headers, http_call& out) {
  const auto* members = headers.as_object();
  if (!members) return wrong("headers", "an object of names and texts");
  for (const auto& [name, v] : *members) {
    const std::string text = v.as_string() ? *v.as_string() : write_json(v);
    if (!is_http_token(name)) return wrong("headers." + name, "a header's name");
    if (has_line_break(text)) return wrong("headers." + name, "a text without line breaks");
    out.headers.emplace_back(name, text);
  }
  return {};
}

bool has_header(const http_call& call, std::string_view name) {
  return std::any_of(call.headers.begin(), call.headers.end(),
                     [&](const auto& header) { return lower_ascii(header.first) == name; });
}

std::optional<int> status_from(std::string_view text) {
  int status = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), status);
  if (failed != std::errc{} || end != text.data() + text.size() || status < 100 || status > 599) return std::nullopt;
  return status;
}

/// 204, "204", "2xx" or "200-299".
std::optional<http_call::status_range> range_from(const value& v) {
  const std::string text = lower_ascii(v.as_string() ? *v.as_string() : write_json(v));
  if (text.size() == 3 && text.ends_with("xx") && text[0] >= '1' && text[0] <= '5')
    return http_call::status_range{(text[0] - '0') * 100, (text[0] - '0') * 100 + 99};
  const auto dash = text.find('-');
  const auto first = status_from(std::string_view(text).substr(0, dash));
  const auto last = dash == std::string::npos ? first : status_from(std::string_view(text).substr(dash + 1));
  if (!first || !last || *first > *last) return std::nullopt;
  return http_call::status_range{*first, *last};
}

result<void> read_expect(const value& expect, http_call& out) {
  const value::list one{expect};
  out.expected.clear();
  const char* const wanted = "a status such as 201, a class such as 2xx, a range such as 200-299, or a list of those";
  if (expect.as_list() && expect.as_list()->empty()) return wrong("expect", wanted);
  for (const auto& v : expect.as_list() ? *expect.as_list() : one) {
    const auto range = range_from(v);
    if (!range) return wrong("expect", wanted);
    out.expected.push_back(*range);
  }
  return {};
}

} // namespace

bool http_call::is_expected(int status) const noexcept {
  return std::any_of(expected.begin(), expected.end(),
                     [&](const status_range& r) { return status >= r.first && status <= r.last; });
}

result<http_call> http_call_from(const value& config, const std::string& traceparent) {
  http_call out;
  const value* url = config.find("url");
  if (!url || !url->as_string() || url->as_string()->empty()) return wrong("url", "a text, e.g. https://example.org/");
  out.url = *url->as_string();
  const std::string scheme =
    lower_ascii(out.url.substr(0, out.url.find("://") == std::string::npos ? 0 : out.url.find("://")));
  if ((scheme != "http" && scheme != "https") || has_line_break(out.url))
    return wrong("url", "one of http:// or https://");
  if (const value* headers = config.find("headers"); headers && !headers->is_null())
    if (auto read = read_headers(*headers, out); !read) return unexpected(read.error());
  if (const value* body = config.find("body"); body && !body->is_null()) {
    out.has_body = true;
    out.body = body->as_string() ? *body->as_string() : write_json(*body);
    if (!body->as_string() && !has_header(out, "content-type"))
      out.headers.emplace_back("Content-Type", "application/json");
  }
  out.method = out.has_body ? "POST" : "GET";
  if (const value* method = config.find("method"); method && !method->is_null()) {
    if (!method->as_string() || !is_http_token(*method->as_string()))
      return wrong("method", "GET, POST, PUT, PATCH, DELETE or HEAD");
    out.method = *method->as_string();
    for (char& c : out.method)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  if (const value* expect = config.find("expect"); expect && !expect->is_null())
    if (auto read = read_expect(*expect, out); !read) return unexpected(read.error());
  if (!traceparent.empty() && !has_line_break(traceparent) && !has_header(out, "traceparent"))
    out.headers.emplace_back("traceparent", traceparent);
  return out;
}

bool is_retryable_status(int status) noexcept {
  constexpr std::array others{408, 425, 429};
  return status >= 500 || std::find(others.begin(), others.end(), status) != others.end();
}

bool is_json_content_type(std::string_view content_type) {
  std::string type = lower_ascii(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  return type == "application/json" || type == "text/json" || type.ends_with("+json");
}

} // namespace penstock
