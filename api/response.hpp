#pragma once

#include "runtime/error.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock {

namespace media {
inline constexpr std::string_view json = "application/json";
inline constexpr std::string_view problem = "application/problem+json";
inline constexpr std::string_view text = "text/plain; charset=utf-8";
} // namespace media

/// Where a WebSocket's messages go. Thread-safe.
class message_sink {
public:
  virtual ~message_sink() = default;
  /// Queues one text message. A slow reader misses messages between; the newest is kept.
  virtual void send(std::string message) = 0;
  /// Queues the last message, which is never dropped, and closes normally (1000) behind it.
  virtual void finish(std::string message) = 0;
};

/// Begins to fill a WebSocket once it is open. What it returns is dropped when the client is gone.
using stream_opener = std::function<std::shared_ptr<void>(std::shared_ptr<message_sink>)>;

struct response {
  struct header {
    std::string_view name; ///< A literal.
    std::string value;
  };

  int status = 200;
  std::string_view content_type = media::json; ///< A literal; not sent with an empty body.
  std::vector<header> headers;
  std::string_view error_code = {}; ///< Of an error: stable, a literal; else empty.
  std::string body;
  std::size_t docs_url_at = 0; ///< Where in the body a path begins that is to become a URL of this server; 0: nowhere.
  std::string file;            ///< Absolute path of what to send instead of `body`; empty: none.
  stream_opener open_stream;   ///< With status 101: takes the connection over as a WebSocket.

  response& with(std::string_view name, std::string value) {
    headers.push_back({name, std::move(value)});
    return *this;
  }
};

/// Who waits for a response.
class response_sink {
public:
  virtual ~response_sink() = default;
  /// From any thread. A number that is not the one under way is ignored.
  virtual void answer(std::uint64_t exchange, response&& r) = 0;
};

/// Answers one request, once, from any thread; later answers are ignored. Cheap to copy.
class responder {
public:
  responder(std::shared_ptr<response_sink> sink, std::uint64_t exchange)
      : sink_(std::move(sink)), exchange_(exchange) {}

  void operator()(response r) const { sink_->answer(exchange_, std::move(r)); }

private:
  std::shared_ptr<response_sink> sink_;
  std::uint64_t exchange_;
};

/// A JSON answer.
[[nodiscard]] inline response json_response(int status, std::string body) {
  response r;
  r.status = status;
  r.body = std::move(body);
  return r;
}

/// 204.
[[nodiscard]] inline response no_content() {
  response r;
  r.status = 204;
  return r;
}

} // namespace penstock
