#include "api/error_table.hpp"

#include "api/json_writer.hpp"

#include <spdlog/spdlog.h>

#include <array>
#include <utility>

namespace penstock {
namespace {

constexpr std::array<std::pair<errc, int>, 19> statuses{{
  {errc::invalid_argument, 400},
  {errc::unauthorized, 401},
  {errc::forbidden, 403},
  {errc::not_found, 404},
  {errc::invalid_transition, 409},
  {errc::already_exists, 409},
  {errc::precondition_failed, 412},
  {errc::key_reused, 422},
  {errc::too_large, 413},
  {errc::unsupported_media, 415},
  {errc::rate_limited, 429},
  {errc::unavailable, 503},
  {errc::timed_out, 504},
  {errc::cancelled, 409},
  {errc::task_failed, 422},
  {errc::artifact_lost, 410},
  {errc::corrupt_record, 500},
  {errc::io_failed, 500},
  {errc::internal, 500},
}};

constexpr std::array<std::pair<int, std::string_view>, 33> phrases{{
  {100, "Continue"},
  {101, "Switching Protocols"},
  {200, "OK"},
  {201, "Created"},
  {202, "Accepted"},
  {204, "No Content"},
  {304, "Not Modified"},
  {400, "Bad Request"},
  {401, "Unauthorized"},
  {403, "Forbidden"},
  {404, "Not Found"},
  {405, "Method Not Allowed"},
  {408, "Request Timeout"},
  {409, "Conflict"},
  {410, "Gone"},
  {412, "Precondition Failed"},
  {413, "Content Too Large"},
  {414, "URI Too Long"},
  {415, "Unsupported Media Type"},
  {416, "Range Not Satisfiable"},
  {417, "Expectation Failed"},
  {422, "Unprocessable Content"},
  {426, "Upgrade Required"},
  {428, "Precondition Required"},
  {429, "Too Many Requests"},
  {431, "Request Header Fields Too Large"},
  {500, "Internal Server Error"},
  {501, "Not Implemented"},
  {502, "Bad Gateway"},
  {503, "Service Unavailable"},
  {504, "Gateway Timeout"},
  {505, "HTTP Version Not Supported"},
  {507, "Insufficient Storage"},
}};

constexpr std::string_view cloud_docs(int status) noexcept {
  return status == 401 || status == 403 ? "/docs#authentication" : "/docs#errors";
}

std::string cloud_body(int status, std::string_view message) {
  std::string body;
  json_writer w{body};
  w.begin_object().key("error").begin_object();
  w.member("code", cloud_error_code(status)).member("message", message).member("docs_url", cloud_docs(status));
  w.end_object().end_object();
  return body;
}

std::string problem_body(int status, std::string_view code, std::string_view detail,
                         const std::vector<problem>& problems) {
  std::string body;
  json_writer w{body};
  w.begin_object().member("type", "urn:penstock:problem:" + std::string{code}).member("title", reason_phrase(status));
  w.member("status", status).member("detail", detail).member("code", code);
  if (!problems.empty()) {
    w.key("errors").begin_list();
    for (const auto& p : problems) {
      w.begin_object().member("field", p.field).member("message", p.message);
      if (p.line != 0) w.member("line", std::int64_t{p.line}).member("column", std::int64_t{p.column});
      w.end_object();
    }
    w.end_list();
  }
  w.end_object();
  return body;
}

response render(error_style style, int status, std::string_view code, std::string_view detail,
                const std::vector<problem>& problems) {
  response r;
  r.status = status;
  r.error_code = code;
  if (style == error_style::cloud) {
    r.body = cloud_body(status, detail);
    r.docs_url_at = r.body.rfind(cloud_docs(status));
  } else {
    r.content_type = media::problem;
    r.body = problem_body(status, code, detail, problems);
  }
  if (status == 401) r.with("WWW-Authenticate", "Bearer realm=\"penstock\"");
  if (status == 429 || status == 503) r.with("Retry-After", "1");
  return r;
}

} // namespace

int status_of(errc code) noexcept {
  for (const auto& [known, status] : statuses)
    if (known == code) return status;
  return 500;
}

std::string_view cloud_error_code(int status) noexcept {
  switch (status) {
    case 400: return "BAD_REQUEST";
    case 401: return "UNAUTHORIZED";
    case 403: return "FORBIDDEN";
    case 404: return "NOT_FOUND";
    case 405: return "METHOD_NOT_ALLOWED";
    case 409: return "CONFLICT";
    case 410: return "GONE";
    case 412: return "PRECONDITION_FAILED";
    case 413: return "PAYLOAD_TOO_LARGE";
    case 415: return "UNSUPPORTED_MEDIA_TYPE";
    case 422: return "UNPROCESSABLE";
    case 429: return "RATE_LIMITED";
    case 503: return "UNAVAILABLE";
    case 504: return "TIMEOUT";
    default: return status < 500 ? "BAD_REQUEST" : "INTERNAL_ERROR";
  }
}

std::string_view reason_phrase(int status) noexcept {
  for (const auto& [known, phrase] : phrases)
    if (known == status) return phrase;
  return "Unknown";
}

response render_error(error_style style, const error& e) {
  const int status = status_of(e.code);
  if (status == 500) {
    // Such messages name files and other inner things.
    spdlog::error("a request failed ({}): {}", to_text(e.code), e.message);
    return render(style, status, to_text(e.code), "Something went wrong inside the server; its log says what.", {});
  }
  return render(style, status, to_text(e.code), e.message, e.problems);
}

response render_error(error_style style, const http_error& e) { return render(style, e.status, e.code, e.message, {}); }

} // namespace penstock
