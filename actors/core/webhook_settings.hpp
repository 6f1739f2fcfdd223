#pragma once

#include "runtime/model/time.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace penstock {

/// How webhooks are delivered: what the server's settings say, and limits that are nobody's choice.
struct webhook_settings {
  std::uint32_t retries_max = 5; ///< After the first attempt, unless the endpoint says otherwise.
  milliseconds retry_delay{1'000};
  milliseconds retry_delay_max{3'600'000}; ///< Cap of the growing delays, and of what a `Retry-After` may ask for.
  milliseconds timeout{10'000};            ///< Of an attempt, from connecting to the last byte.
  milliseconds retention{7 * 24 * 3'600'000};
  std::string user_agent = "penstock";

  std::size_t in_flight_per_endpoint = 16;
  /// Beyond it an endpoint starts only its first, so that many slow ones together still delay no other.
  std::size_t in_flight_max = 512;
  std::size_t in_flight_hard_max = 4'096;
  std::size_t ready_per_endpoint = 256; ///< Held in memory; the rest stays in the store until there is room.
  std::size_t ready_max = 65'536;
  std::size_t settling_max = 4'096; ///< Answered and not durable yet.
};

} // namespace penstock
