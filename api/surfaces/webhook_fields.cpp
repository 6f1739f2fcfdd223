#include "api/surfaces/webhook_fields.hpp"

#include "api/request.hpp"

#include <algorithm>

namespace penstock {

namespace {

constexpr std::size_t url_bytes_max = 2'000;
constexpr std::size_t secret_bytes_max = 256;

/// What is wrong with a URL; empty: nothing.
std::string_view problem_of(std::string_view url) {
  const auto scheme_end = url.find("://");
  const auto scheme = url.substr(0, std::min(scheme_end, url.size()));
  if (scheme_end == std::string_view::npos ||
      (!equal_ignoring_case(scheme, "http") && !equal_ignoring_case(scheme, "https")))
    return "must be a URL that begins with https:// or http://";
  const auto visible = [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '\\'; };
  if (!std::ranges::all_of(url, visible)) return "must hold no spaces and only ASCII; encode others with %";
  const auto rest = url.substr(scheme_end + 3);
  const auto authority = rest.substr(0, std::min(rest.find_first_of("/?#"), rest.size()));
  if (authority.empty() || authority.front() == ':') return "must name a host";
  if (authority.find('@') != std::string_view::npos)
    return "must hold neither user nor password: it is shown in lists; deliveries are signed instead";
  if (url.find('#') != std::string_view::npos) return "must hold no fragment (#)";
  return {};
}

} // namespace

std::optional<std::string> webhook_url(body_fields& fields, std::string_view name, bool required) {
  auto url = fields.text(name, {.required = required, .bytes_min = 1, .bytes_max = url_bytes_max});
  if (!url) return url;
  if (const auto problem = problem_of(*url); !problem.empty()) {
    fields.wrong(name, std::string{problem});
    return std::nullopt;
  }
  return url;
}

std::optional<std::string> webhook_secret(body_fields& fields, std::string_view name, bool required) {
  return fields.text(name, {.required = required, .bytes_min = 1, .bytes_max = secret_bytes_max, .one_line = true});
}

} // namespace penstock
