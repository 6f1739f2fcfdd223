#include "api/server/response_head.hpp"

#include "api/error_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace penstock {
namespace {

constexpr std::size_t request_id_bytes_max = 128;

void append_number(std::string& out, std::uint64_t n) {
  std::array<char, 24> digits{};
  out.append(digits.data(), std::to_chars(digits.begin(), digits.end(), n).ptr);
}

void append_padded(std::string& out, unsigned n, unsigned width) {
  std::array<char, 4> digits{};
  for (unsigned i = width; i-- > 0; n /= 10) digits[i] = static_cast<char>('0' + n % 10);
  out.append(digits.data(), width);
}

/// Values come from us, but some quote what a client sent: nothing in them may end the header.
void append_value(std::string& out, std::string_view v) {
  for (const char c : v)
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) out += c;
}

} // namespace

std::string http_date(std::int64_t unix_seconds) {
  using namespace std::chrono;
  static constexpr std::array<std::string_view, 7> day_names{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> month_names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const sys_seconds at{seconds{unix_seconds}};
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const auto second = static_cast<unsigned>((at - day).count());
  std::string out{day_names[weekday{day}.c_encoding()]};
  out += ", ";
  append_padded(out, static_cast<unsigned>(date.day()), 2);
  out.append(" ").append(month_names[static_cast<unsigned>(date.month()) - 1]).append(" ");
  append_padded(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out += ' ';
  append_padded(out, second / 3600, 2);
  out += ':';
  append_padded(out, second / 60 % 60, 2);
  out += ':';
  append_padded(out, second % 60, 2);
  return out += " GMT";
}

bool is_sane_request_id(std::string_view id) noexcept {
  return !id.empty() && id.size() <= request_id_bytes_max && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           std::string_view{"-_.:/+="}.find(c) != std::string_view::npos;
  });
}

void append_head(std::string& out, const response& r, const head_context& with) {
  out += with.http_1_1 ? "HTTP/1.1 " : "HTTP/1.0 ";
  append_number(out, static_cast<std::uint64_t>(r.status));
  out.append(" ").append(reason_phrase(r.status));
  out.append("\r\nDate: ").append(with.date);
  if (!is_bodiless(r.status)) {
    if (!r.body.empty() || !r.file.empty()) out.append("\r\nContent-Type: ").append(r.content_type);
    out += "\r\nContent-Length: ";
    append_number(out, with.content_length);
  }
  out.append("\r\nX-Request-Id: ").append(with.request_id);
  out += "\r\nX-Content-Type-Options: nosniff";
  if (with.rate.limit != 0) {
    out += "\r\nX-RateLimit-Limit: ";
    append_number(out, with.rate.limit);
    out += "\r\nX-RateLimit-Remaining: ";
    append_number(out, with.rate.remaining);
    out += "\r\nX-RateLimit-Reset: ";
    append_number(out, static_cast<std::uint64_t>(with.rate.full_at_s));
  }
  for (const auto& h : r.headers) {
    out.append("\r\n").append(h.name).append(": ");
    append_value(out, h.value);
  }
  if (!with.keep_alive) out += "\r\nConnection: close";
  else if (!with.http_1_1) out += "\r\nConnection: keep-alive";
  out += "\r\n\r\n";
}

} // namespace penstock
