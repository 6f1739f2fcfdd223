#include "api/request_options.hpp"

#include "runtime/model/json.hpp"

#include <sodium.h>

#include <algorithm>
#include <charconv>

namespace penstock {
namespace {

constexpr std::size_t key_bytes_max = 255;

void hash_part(crypto_generichash_state& state, std::string_view part) {
  // The length before each part keeps two requests with shifted borders apart.
  const std::uint64_t size = part.size();
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(&size), sizeof size);
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(part.data()), part.size());
}

std::string hash_of(const request& in) {
  crypto_generichash_state state;
  std::string hash(crypto_generichash_BYTES, '\0');
  crypto_generichash_init(&state, nullptr, 0, hash.size());
  hash_part(state, to_text(in.method));
  hash_part(state, in.path);
  hash_part(state, in.body);
  crypto_generichash_final(&state, reinterpret_cast<unsigned char*>(hash.data()), hash.size());
  return hash;
}

bool is_lower_hex(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool all_zero(std::string_view text) noexcept { return text.find_first_not_of('0') == std::string_view::npos; }

} // namespace

result<value> json_object_body(const request& in) {
  if (in.body.empty()) return value{value::object{}};
  const auto values_max = std::max(request::values_max, in.definition_values_max.value_or(0));
  auto parsed = read_json(in.body, {.bytes_max = in.body.size(), .nodes_max = values_max});
  if (!parsed && parsed.error().code == errc::too_large && in.definition_values_max)
    parsed.error().message += "; the server's --max-definition-values says how many a definition may have";
  if (!parsed) return parsed;
  if (!parsed->as_object())
    return fail(errc::invalid_argument, "the body must be a JSON object, is " + std::string{parsed->kind_name()});
  return parsed;
}

uuid id_in_path(const request& in, std::string_view name, request_problems& problems) {
  if (const auto id = parse_uuid(in.parameters[name])) return *id;
  problems.add(std::string{name}, "in the path must be a UUID such as 9c1f0e2a-1111-7222-8333-444455556666");
  return {};
}

std::string server_url(const request& in) {
  const auto host = in.header_text("host");
  constexpr std::string_view marks = ".-:[]_";
  const auto fits = [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || marks.find(c) != marks.npos;
  };
  if (host.empty() || !std::ranges::all_of(host, fits)) return {};
  return (in.header_text("x-forwarded-proto") == "https" ? "https://" : "http://") + std::string{host};
}

request_key idempotency_key(const request& in, request_problems& problems) {
  const auto* given = in.header("idempotency-key");
  if (!given) return {};
  const auto visible = [](char c) { return c > 0x20 && c < 0x7f; };
  if (given->empty() || given->size() > key_bytes_max || !std::all_of(given->begin(), given->end(), visible)) {
    problems.add("Idempotency-Key", "must be 1 to 255 visible ASCII characters");
    return {};
  }
  return {std::string{*given}, hash_of(in)};
}

milliseconds preferred_wait(const request& in, std::chrono::seconds wait_max) {
  for (const auto& h : in.headers) {
    if (!equal_ignoring_case(h.name, "prefer")) continue;
    auto rest = h.value;
    while (!rest.empty()) {
      const auto end = std::min(rest.find(','), rest.size());
      const auto part = trimmed(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const auto equals = part.find('=');
      if (equals == std::string_view::npos || !equal_ignoring_case(trimmed(part.substr(0, equals)), "wait")) continue;
      const auto digits = trimmed(part.substr(equals + 1));
      std::uint32_t seconds = 0;
      const auto [stop, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
      if (digits.empty() || stop != digits.data() + digits.size()) continue;
      if (ec != std::errc{}) return wait_max;
      return std::min<milliseconds>(std::chrono::seconds{seconds}, wait_max);
    }
  }
  return milliseconds{0};
}

std::string traceparent_of(const request& in) {
  const auto* h = in.header("traceparent");
  if (!h || h->size() != 55) return {};
  const auto text = *h;
  const auto trace = text.substr(3, 32);
  const auto parent = text.substr(36, 16);
  const bool shaped = text.starts_with("00-") && text[35] == '-' && text[52] == '-';
  if (!shaped || !is_lower_hex(trace) || !is_lower_hex(parent) || !is_lower_hex(text.substr(53))) return {};
  if (all_zero(trace) || all_zero(parent)) return {};
  return std::string{text};
}

bool lists_tag(std::string_view list, std::string_view tag, bool weak) {
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    auto part = trimmed(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
    if (part == "*") return true;
    if (weak && part.starts_with("W/")) part.remove_prefix(2);
    if (part == tag) return true;
  }
  return false;
}

} // namespace penstock
