#include "runtime/engines/outbound_target.hpp"

#include "runtime/model/ascii.hpp"

#include <curl/curl.h>

#include <memory>

namespace penstock {

namespace {

constexpr std::size_t url_bytes_max = 16u << 10;

struct url_deleter {
  void operator()(CURLU* url) const noexcept { ::curl_url_cleanup(url); }
};
using url_pointer = std::unique_ptr<CURLU, url_deleter>;

/// A part of a URL; empty if it has none.
std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (::curl_url_get(url, which, &text, flags) != CURLUE_OK || !text) return {};
  const std::unique_ptr<char, decltype(&::curl_free)> owner(text, &::curl_free);
  return text;
}

unexpected<error> wrong_url(const std::string& why) {
  return fail(errc::invalid_argument, "The URL is not valid: " + why + ".");
}

} // namespace

result<std::string> outbound_host_of(const std::string& url) {
  if (url.size() > url_bytes_max) return wrong_url("it has more than " + std::to_string(url_bytes_max) + " bytes");
  if (url.find('\0') != std::string::npos) return wrong_url("it has a zero byte");
  const url_pointer parsed(::curl_url());
  if (const CURLUcode code = ::curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME);
      code != CURLUE_OK)
    return wrong_url(::curl_url_strerror(code));
  const std::string scheme = lower_ascii(part(parsed.get(), CURLUPART_SCHEME));
  if (scheme != "http" && scheme != "https") return wrong_url("it must begin with http:// or https://");
  const std::string host = lower_ascii(part(parsed.get(), CURLUPART_HOST));
  const std::string port = part(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  if (host.empty()) return wrong_url("it names no host");
  if (port == "0") return wrong_url("its port must be a number from 1 to 65535");
  return scheme + "://" + host + ":" + port;
}

result<void> check_message(const outbound_request& request) {
  if (!is_http_token(request.method) || request.method == "CONNECT")
    return fail(errc::invalid_argument, "The method must be one such as GET, POST, PUT, PATCH, DELETE or HEAD.");
  for (const auto& [name, text] : request.headers) {
    if (!is_http_token(name)) return fail(errc::invalid_argument, "A header's name is not valid.");
    if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
      return fail(errc::invalid_argument, "The header " + name + " must be a text without line breaks.");
    if (is_own_header(name))
      return fail(errc::invalid_argument, "The header " + name + " is set by what is sent; leave it out.");
  }
  return {};
}

std::string url_for_people(const std::string& url) {
  const auto scheme_end = url.find("://");
  const std::size_t host = scheme_end == std::string::npos ? 0 : scheme_end + 3;
  const auto path = url.find_first_of("/?#\\", host);
  const auto user_end = url.substr(0, path).rfind('@');
  const std::string kept =
    url.substr(0, host) + url.substr(user_end == std::string::npos || user_end < host ? host : user_end + 1);
  return kept.substr(0, kept.find_first_of("?#"));
}

} // namespace penstock
