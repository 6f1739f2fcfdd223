#pragma once

#include "actors/operations.hpp"
#include "api/auth_failure.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

struct routed;

/// Counts what the front end does. Writing is a few atomic additions, from any thread.
class http_metrics {
public:
  http_metrics(const std::vector<routed>& rows, std::string_view version);
  ~http_metrics();

  /// A request of row `index` was answered.
  void answered(std::size_t index, int status, std::chrono::nanoseconds took) noexcept;
  /// A request was refused before it had a row: 404, 405, malformed, no room.
  void refused(int status) noexcept;

  void authentication_failed(auth_failure why) noexcept;

  /// What was asked too often: by a caller, or refused credentials from an address.
  enum class limited : std::uint8_t { caller, address };
  void rate_limited(limited what) noexcept;

  std::atomic<std::int64_t> connections{0};
  std::atomic<std::int64_t> websockets{0};
  std::atomic<std::int64_t> in_flight{0};
  std::atomic<std::int64_t> body_bytes{0}; ///< Of request bodies in memory.

  /// All of it and the node's own figures in the text format of Prometheus.
  [[nodiscard]] std::string render(const node_figures& figures) const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace penstock
