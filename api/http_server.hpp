#pragma once

#include "actors/operations.hpp"
#include "runtime/plan/compile.hpp"
#include "runtime/seams.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace penstock {

struct http_settings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;
  std::size_t threads = 1;
  std::size_t connections_max = 10'000;
  std::size_t header_bytes_max = 16u << 10;
  std::size_t headers_max = 100;
  std::size_t body_bytes_max = 16u << 20;
  std::size_t bodies_bytes_max = 1u << 30; ///< Of all bodies in memory; beyond it large ones are refused with a 503.
  definition_limits definitions;           ///< Of the definitions in bodies.
  std::size_t requests_in_flight_max = 20'000; ///< Over all connections; beyond it 503 with `Retry-After`.
  std::chrono::seconds read_timeout{30};
  std::chrono::seconds write_timeout{30};
  std::chrono::seconds idle_timeout{120};
  std::chrono::seconds wait_max{300};    ///< Cap of `Prefer: wait`.
  std::optional<std::string> jwt_secret; ///< HS256; none: such tokens are refused.
  std::string jwt_keys; ///< File with the keys of RS256, ES256 and EdDSA; empty: such tokens are refused.
  bool jwt_require_exp = false;
  std::chrono::seconds jwt_leeway{0}; ///< How far a token's `exp` may be over and its `nbf` to come.
  std::string jwt_audience;           ///< Empty: not checked unless the token has one and this is set.
  std::string jwt_issuer;
  std::string metrics_token;        ///< Empty: `/metrics` is open.
  std::uint32_t rate_limit = 2'000; ///< Requests per second and key, with a burst of five seconds' worth; 0 = off.
  std::string version;
};

/// The HTTP front end: one listener for all surfaces.
class http_server {
public:
  /// Binds and begins to serve.
  /// @returns `errc::io_failed` naming address and port.
  [[nodiscard]] static result<std::unique_ptr<http_server>> start(const http_settings& settings, operations& ops,
                                                                  std::shared_ptr<clock_source> clock,
                                                                  std::shared_ptr<random_source> random);

  ~http_server();

  /// The port bound, for a setting of 0.
  [[nodiscard]] std::uint16_t port() const noexcept;

  /// `/ready` answers 503 from now on; nothing else changes.
  void set_draining() noexcept;

  /// No longer ready; serves on until no request is under way, for at most half of `grace`, then takes no new connections,
  /// finishes requests for the rest of it, and closes everything.
  void stop(std::chrono::milliseconds grace);

private:
  struct impl;
  explicit http_server(std::unique_ptr<impl> i);
  std::unique_ptr<impl> impl_;
};

} // namespace penstock
