#pragma once

#include "runtime/error.hpp"
#include "runtime/model/time.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace penstock {

/// Name and value, in the order of the wire. Names of answers are in lower case.
using outbound_headers = std::vector<std::pair<std::string, std::string>>;

/// One request to a URL that a user gave.
struct outbound_request {
  std::string method = "POST"; ///< Any token but CONNECT; sent as it is.
  std::string url;             ///< http or https. Its user and password are sent as Basic and never repeated elsewhere.
  /// What frames a message (Content-Length, Transfer-Encoding, Connection, …) is the client's business and refused:
  /// connections are shared, and a wrong length would put words into the next caller's mouth.
  outbound_headers headers;
  std::string body;             ///< Sent as it is; none for HEAD.
  milliseconds timeout{30'000}; ///< From leaving the queue to the answer's last byte, everything included.
  std::uint64_t response_bytes_max = 64u << 10; ///< Of the answer's body, unpacked; reading stops there.
  bool keep_body = true; ///< Else the body is read up to that limit, so that the connection can be kept, and dropped.
};

/// What was answered, whatever its status: redirects are not followed.
struct outbound_response {
  int status = 0;
  outbound_headers headers; ///< At most 64 KiB of them; more is an `errc::io_failed`.
  std::string body;         ///< Empty unless `keep_body`.
  milliseconds latency{0};  ///< From leaving the queue to the end of the answer.
  bool body_cut = false;    ///< There was more than `response_bytes_max`; the connection is closed.
};

struct outbound_settings {
  /// Else only addresses of the public internet are connected to (address_guard.hpp), judged by the address that is
  /// really used, after the one look-up of the name.
  bool allow_private_addresses = false;
  std::size_t connections_max = 512;         ///< In use at once; requests beyond wait.
  std::size_t connections_per_host_max = 64; ///< The same per scheme, host and port; hosts take turns.
  std::size_t queued_max = 100'000;          ///< Waiting requests; one more is refused with `errc::unavailable`.
  milliseconds connect_timeout{10'000};
  milliseconds idle_max{30'000}; ///< Connections unused for longer are not used again.
  std::string ca_file;           ///< PEM file of the authorities to trust; empty: the system's.
};

/// Numbers for metrics, since the start unless said otherwise.
struct outbound_figures {
  std::uint64_t under_way = 0; ///< Now.
  std::uint64_t waiting = 0;   ///< Now.
  std::uint64_t ended = 0;
  std::uint64_t connections_opened = 0;
};

/// Sends requests to URLs of users, many at once from one thread, and keeps connections for the next request.
/// No redirects, no proxies (also none of the environment), no cookies, TLS certificates verified, HTTP/1.1.
/// A host that is slow or silent takes up its own share of the connections only. Thread-safe.
class outbound_http {
public:
  using done_callback = std::function<void(result<outbound_response>)>;
  /// Names a request until its `done`; never given twice.
  using handle = std::uint64_t;

  virtual ~outbound_http() = default;

  /// Sends a request; `done` is called exactly once, in the client's thread, never inside `send`. It must not block.
  /// The errors name at most host and port, never path or credentials:
  /// `errc::invalid_argument` a mistake in method, URL or headers, named, nothing was sent;
  /// `errc::forbidden` the address is not one of the public internet, nothing was sent;
  /// `errc::unavailable` too many wait already, nothing was sent;
  /// `errc::timed_out` the request may have arrived;
  /// `errc::io_failed` look-up, connection, TLS or the answer failed; it may have arrived;
  /// `errc::cancelled` by `cancel` or the client's end; it may have arrived.
  virtual handle send(outbound_request request, done_callback done) = 0;

  /// Ends a request with `errc::cancelled`. Nothing happens for one that is not there (any more).
  virtual void cancel(handle request) = 0;

  [[nodiscard]] virtual outbound_figures figures() const = 0;
};

/// The real one. Destroying it ends everything with `errc::cancelled`; its callbacks must not send more then.
[[nodiscard]] std::unique_ptr<outbound_http> make_outbound_http(outbound_settings settings);

} // namespace penstock
