#pragma once

#include "api/auth.hpp"
#include "api/http_server.hpp"
#include "api/metrics.hpp"
#include "api/rate_limiter.hpp"
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
  /// `settings` and `ops` must outlive it. `keys` verify tokens; may be null.
  application(const http_settings& settings, operations& ops, std::shared_ptr<clock_source> clock,
              std::span<const surface> surfaces, std::shared_ptr<const jwt_key_file> keys = nullptr);

  /// What follows from the head of a request, before its body is read.
  struct admission {
    const routed* target = nullptr;  ///< Null if no row is concerned.
    std::optional<response> refusal; ///< The answer already, whatever the body is.
    std::size_t body_bytes_max = 0;
    rate_state rate; ///< For the headers of every answer to credentials that were good.
  };
  /// Fills `in.parameters` and `in.who`.
  [[nodiscard]] admission admit(request& in) const;

  /// Calls the row's handler. `send` is called exactly once, maybe already inside.
  void handle(const request& in, const routed& target, const responder& send) const;

  /// To be called with every answer before it is sent: a refused change is noted for the audit log, and who signs wrongly
  /// too often is told so instead.
  void answered(const request& in, const routed* target, response& r) const;

  /// 413 with the limit.
  [[nodiscard]] response too_large(const admission& a) const;
  /// 401: the credentials ended while the request was under way.
  [[nodiscard]] response ended(const routed& target) const;
  /// 503 with `Retry-After`.
  [[nodiscard]] response overloaded(const routed& target) const;

  [[nodiscard]] http_metrics& metrics() const noexcept { return *metrics_; }
  [[nodiscard]] const http_settings& settings() const noexcept { return settings_; }
  /// Whether the credentials of a request or stream that began a while ago are good still.
  [[nodiscard]] bool is_still_good(const caller& who) const { return services_.ops.is_still_good(who); }

  void set_draining() noexcept { draining_.store(true, std::memory_order_relaxed); }

private:
  [[nodiscard]] std::optional<response> check_caller(request& in, const routed& target, rate_state& rate) const;
  /// The refusal of wrong credentials, or a 429 for an address that sends too many of them.
  [[nodiscard]] response within_failures(const request& in, const routed& target, response&& refusal) const;
  [[nodiscard]] response refuse(const request& in, const routed& target, const auth_refusal& why) const;
  [[nodiscard]] bool within_rate(const caller& who, rate_state& rate) const;
  /// Makes the workspace of a token that is the first of it, then has the request handled.
  void handle_in_new_workspace(const request& in, const routed& target, const responder& send) const;
  void call_handler(const request& in, const routed& target, const responder& send) const;

  const http_settings& settings_;
  std::shared_ptr<clock_source> clock_;
  router router_;
  std::unique_ptr<http_metrics> metrics_;
  authenticator auth_;
  std::unique_ptr<rate_limiter> rates_;    ///< Of callers.
  std::unique_ptr<rate_limiter> failures_; ///< Of refused credentials, by address.
  std::string openapi_;
  std::string docs_;
  std::atomic<bool> draining_{false};
  services services_;
};

} // namespace penstock
