#include "actors/core/delivery_request.hpp"

#include "storage/webhook_signature.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace penstock {

namespace {

constexpr int status_gone = 410;
constexpr std::uint64_t response_bytes_max = 64u << 10;
constexpr std::size_t error_bytes_max = 300;

std::string_view trimmed_spaces(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// The next number of `text`, which is shortened by it.
template <class T>
bool take_number(std::string_view& text, T& number) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take_char(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

bool take_month(std::string_view& text, unsigned& month) {
  constexpr std::array<std::string_view, 12> names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto found = std::ranges::find(names, text.substr(0, 3));
  if (found == names.end()) return false;
  month = static_cast<unsigned>(found - names.begin()) + 1;
  text.remove_prefix(3);
  return true;
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
std::optional<timestamp> read_http_date(std::string_view text) {
  const auto comma = text.find(", ");
  if (comma == std::string_view::npos) return std::nullopt;
  text.remove_prefix(comma + 2);
  unsigned day = 0;
  unsigned month = 0;
  int year = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  const bool ok = take_number(text, day) && take_char(text, ' ') && take_month(text, month) && take_char(text, ' ') &&
                  take_number(text, year) && take_char(text, ' ') && take_number(text, hour) && take_char(text, ':') &&
                  take_number(text, minute) && take_char(text, ':') && take_number(text, second) && text == " GMT";
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
  if (!ok || !date.ok() || year > 9'999 || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return timestamp{std::chrono::sys_days{date}} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
         std::chrono::seconds{second};
}

const std::string* find_header(const outbound_headers& headers, std::string_view name) {
  for (const auto& [known, v] : headers)
    if (known == name) return &v;
  return nullptr;
}

std::string why_not(int status) {
  if (status >= 200 && status < 300) return {};
  if (status >= 300 && status < 400)
    return "answered " + std::to_string(status) + ", a redirect, which is not followed";
  return "answered " + std::to_string(status);
}

} // namespace

outbound_request delivery_request(const webhook_settings& settings, const delivery_target& target,
                                  const delivery_content& content, timestamp now) {
  outbound_request out;
  out.method = "POST";
  out.url = target.url;
  out.body = content.body;
  out.timeout = settings.timeout;
  out.response_bytes_max = response_bytes_max;
  out.keep_body = false;
  const auto id = shown_id(content.event);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  const auto& secret = target.secrets[content.tries % target.secrets.size()];
  const bool is_callback = content.type == event_type::trigger_callback;
  out.headers = {
    {"Content-Type", "application/json"},
    {"User-Agent", settings.user_agent},
    {is_callback ? "X-Webhook-Signature" : "X-GCS-Signature", "sha256=" + hex_signature(secret, content.body)},
    {"webhook-id", id},
    {"webhook-timestamp", std::to_string(seconds)},
    {"webhook-signature", standard_signature(target.secrets, id, now, content.body)}};
  if (!content.traceparent.empty()) out.headers.emplace_back("traceparent", content.traceparent);
  return out;
}

delivery_outcome delivery_outcome_of(delivery_id id, const result<outbound_response>& response, timestamp at,
                                     timestamp now) {
  delivery_outcome out;
  out.id = id;
  out.attempt.at = at;
  out.attempt.latency_ms = static_cast<std::uint32_t>(std::max<std::int64_t>((now - at).count(), 0));
  if (!response) {
    out.attempt.error = response.error().message.substr(0, error_bytes_max);
    if (out.attempt.error.empty()) out.attempt.error = to_text(response.error().code);
    return out;
  }
  out.attempt.latency_ms = static_cast<std::uint32_t>(std::max<std::int64_t>(response->latency.count(), 0));
  out.attempt.response_status = static_cast<std::uint16_t>(std::clamp(response->status, 0, 999));
  out.attempt.error = why_not(response->status);
  out.final = says_gone(out.attempt);
  if (const auto* after = find_header(response->headers, "retry-after"); after && !out.attempt.error.empty())
    out.retry_after = read_retry_after(*after, now);
  return out;
}

bool says_gone(const delivery_attempt& attempt) noexcept { return attempt.response_status == status_gone; }

std::optional<milliseconds> read_retry_after(std::string_view text, timestamp now) {
  text = trimmed_spaces(text);
  if (const auto date = read_http_date(text)) return std::max(*date - now, milliseconds{0});
  std::uint32_t seconds = 0;
  if (!take_number(text, seconds) || !text.empty()) return std::nullopt;
  return milliseconds{std::int64_t{seconds} * 1'000};
}

} // namespace penstock
