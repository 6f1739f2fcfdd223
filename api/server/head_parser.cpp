#include "api/server/head_parser.hpp"

#include <utility>

#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

namespace penstock {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;

std::string_view std_view(beast::string_view v) noexcept { return {v.data(), v.size()}; }

verb to_verb(http::verb v) noexcept {
  switch (v) {
    case http::verb::get: return verb::get;
    case http::verb::head: return verb::head;
    case http::verb::post: return verb::post;
    case http::verb::put: return verb::put;
    case http::verb::patch: return verb::patch;
    case http::verb::delete_: return verb::del;
    case http::verb::options: return verb::options;
    default: return verb::other;
  }
}

/// Collects fields as views. Beast's own containers copy, and throw on long fields.
class field_collector final : public http::basic_parser<true> {
public:
  field_collector(request& into, std::size_t headers_max) : into_(into), headers_max_(headers_max) {
    header_limit(std::numeric_limits<std::uint32_t>::max());
    // Not none: Beast 1.74 takes every length for larger than that. Bodies are limited by their reader.
    body_limit(std::numeric_limits<std::uint64_t>::max());
  }

  [[nodiscard]] beast::string_view target() const noexcept { return target_; }
  [[nodiscard]] int version() const noexcept { return version_; }
  [[nodiscard]] bool too_many() const noexcept { return too_many_; }

private:
  void on_request_impl(http::verb method, beast::string_view, beast::string_view target, int version,
                       beast::error_code&) override {
    into_.method = to_verb(method);
    target_ = target;
    version_ = version;
  }

  void on_field_impl(http::field, beast::string_view name, beast::string_view v, beast::error_code& ec) override {
    if (into_.headers.size() == headers_max_) {
      too_many_ = true;
      ec = http::error::header_limit;
      return;
    }
    into_.headers.push_back({std_view(name), std_view(v)});
  }

  void on_header_impl(beast::error_code&) override {}
  void on_finish_impl(beast::error_code&) override {}

  // Only the head goes through this parser.
  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view, beast::error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, beast::error_code&) override { return 0; }

  request& into_;
  std::size_t headers_max_;
  beast::string_view target_;
  int version_ = 11;
  bool too_many_ = false;
};

unexpected<error> malformed(std::string why) {
  return fail(errc::invalid_argument, "malformed request: " + std::move(why));
}

/// What is wrong with the lines as such, empty if nothing is.
std::string_view line_problem(std::string_view block) noexcept {
  for (std::size_t i = 0; i < block.size(); ++i) {
    const char c = block[i];
    if (c == '\0') return "a NUL byte";
    if (c == '\r' && (i + 1 == block.size() || block[i + 1] != '\n')) return "a lone CR";
    if (c != '\n') continue;
    if (i == 0 || block[i - 1] != '\r') return "a lone LF";
    if (i + 1 < block.size() && (block[i + 1] == ' ' || block[i + 1] == '\t')) return "a folded header line";
  }
  return {};
}

/// The headers on which framing depends, counted.
struct framing_fields {
  unsigned hosts = 0;
  unsigned lengths = 0;
  unsigned encodings = 0;
  std::string_view host;
  std::string_view length;
  std::string_view encoding;
  std::string_view expect;
};

framing_fields collect_framing(const std::vector<header_view>& headers) noexcept {
  framing_fields f;
  for (const auto& h : headers) {
    switch (h.name.size()) {
      case 4:
        if (equal_ignoring_case(h.name, "host")) ++f.hosts, f.host = h.value;
        break;
      case 6:
        if (equal_ignoring_case(h.name, "expect")) f.expect = h.value;
        break;
      case 14:
        if (equal_ignoring_case(h.name, "content-length")) ++f.lengths, f.length = h.value;
        break;
      case 17:
        if (equal_ignoring_case(h.name, "transfer-encoding")) ++f.encodings, f.encoding = h.value;
        break;
      default: break;
    }
  }
  return f;
}

bool is_host(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           std::string_view{".-_~:[]%!$&'()*+,;="}.find(c) != std::string_view::npos;
  });
}

result<request_head> check_framing(const framing_fields& f, bool http_1_1) {
  request_head head;
  head.http_1_1 = http_1_1;
  if (f.hosts > 1) return malformed("more than one Host");
  if (f.hosts == 0 && http_1_1) return malformed("no Host");
  if (!is_host(f.host)) return malformed("Host is not a host");
  if (f.lengths > 1) return malformed("more than one Content-Length");
  if (f.lengths == 1 && f.encodings > 0) return malformed("both Content-Length and Transfer-Encoding");
  if (f.encodings > 1) return malformed("more than one Transfer-Encoding");
  if (f.encodings == 1) {
    if (!equal_ignoring_case(f.encoding, "chunked")) return malformed("Transfer-Encoding is not chunked");
    if (!http_1_1) return malformed("chunked in HTTP/1.0");
    head.chunked = true;
  }
  if (f.lengths == 1) {
    std::uint64_t n = 0;
    const auto [end, ec] = std::from_chars(f.length.data(), f.length.data() + f.length.size(), n);
    if (f.length.empty() || ec != std::errc{} || end != f.length.data() + f.length.size())
      return malformed("Content-Length is not a number");
    head.content_length = n;
  }
  if (!f.expect.empty() && http_1_1) {
    head.expects_continue = equal_ignoring_case(f.expect, "100-continue");
    head.unknown_expectation = !head.expects_continue;
  }
  return head;
}

/// Splits the target, in origin form or absolute form, or `*`.
bool split_target(std::string_view target, request& into) noexcept {
  if (!target.starts_with('/') && target != "*") {
    const auto scheme_end = target.find("://");
    if (scheme_end == std::string_view::npos) return false;
    const auto path = target.find_first_of("/?", scheme_end + 3);
    target = path == std::string_view::npos ? std::string_view{"/"} : target.substr(path);
    if (!target.starts_with('/')) return false;
  }
  target = target.substr(0, target.find('#'));
  const auto question = target.find('?');
  into.path = target.substr(0, question);
  into.query = question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
  return true;
}

} // namespace

result<request_head> parse_head(std::string_view block, std::size_t headers_max, request& into) {
  into.headers.clear();
  if (const auto why = line_problem(block); !why.empty()) return malformed(std::string{why});
  field_collector parser{into, headers_max};
  beast::error_code ec;
  const auto used = parser.put({block.data(), block.size()}, ec);
  if (parser.too_many()) return malformed("more than " + std::to_string(headers_max) + " headers");
  // Beast refuses some framing on its own; ours comes first, for its words are clearer.
  auto head = check_framing(collect_framing(into.headers), parser.version() >= 11);
  if (!ec && !head) return head;
  if (ec || used != block.size() || !parser.is_header_done())
    return malformed(ec ? ec.message() : "an incomplete head");
  const auto target = std_view(parser.target());
  if (!split_target(target, into)) return malformed("the target is not a path");
  head->keep_alive = parser.keep_alive();
  return head;
}

} // namespace penstock
