#include "runtime/plan/http_headers.hpp"

#include "runtime/model/ascii.hpp"

#include <algorithm>
#include <array>

namespace penstock {

namespace {

constexpr std::array<std::string_view, 10> own_headers{
  "connection", "content-length",    "expect", "http2-settings", "keep-alive", "proxy-connection", "te",
  "trailer",    "transfer-encoding", "upgrade"};

} // namespace

bool is_http_token(std::string_view text) noexcept {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || marks.find(c) != marks.npos;
  });
}

bool is_own_header(std::string_view name) noexcept {
  return std::any_of(own_headers.begin(), own_headers.end(),
                     [&](std::string_view own) { return same_but_for_case(own, name); });
}

} // namespace penstock
