#pragma once

#include "api/auth.hpp"
#include "api/http_server.hpp"
#include "api/metrics.hpp"
#include "api/request.hpp"
#include "api/response.hpp"
#include "api/route.hpp"
#include "api/router.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace penstock {

/// The front end without sockets: finds the row of a request, checks who asks, and calls its handler. Thread-safe.
class application {
public:
  /// `settings` and `ops` must outlive it.
  application(const http_settings& settings, operations& ops, std::shared_ptr<clock_source> clock,
              std::span<const surface> surfaces);

  /// What follows from the head of a request, before its body is read.
  struct admission {
    const routed* target = nullptr;  ///< Null if no row is concerned.
    std::optional<response> refusal; ///< The answer already, whatever the body is.
    std::size_t body_bytes_max = 0;
  };
  /// Fills `in.parameters` and `in.who`.
  [[nodiscard]] admission admit(request& in) const;

  /// Calls the row's handler. `send` is called exactly once, maybe already inside.
  void handle(const request& in, const routed& target, const responder& send) const;

  /// 413 with the limit.
  [[nodiscard]] response too_large(const admission& a) const;
  /// 503 with `Retry-After`.
  [[nodiscard]] response overloaded(const routed& target) const;

  [[nodiscard]] http_metrics& metrics() const noexcept { return *metrics_; }
  [[nodiscard]] const http_settings& settings() const noexcept { return settings_; }

  void set_draining() noexcept { draining_.store(true, std::memory_order_relaxed); }

private:
  [[nodiscard]] std::optional<response> check_caller(request& in, const routed& target) const;

  const http_settings& settings_;
  router router_;
  std::unique_ptr<http_metrics> metrics_;
  authenticator auth_;
  std::string openapi_;
  std::atomic<bool> draining_{false};
  services services_;
};

} // namespace penstock
