#pragma once

#include "runtime/model/ids.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace penstock {

/// How much may still be asked, as the headers tell it.
struct rate_state {
  std::uint32_t limit = 0;     ///< Requests per second on average; 0: nothing is limited.
  std::uint32_t remaining = 0; ///< Requests that may come at once, now.
  std::int64_t full_at_s = 0;  ///< Unix time, rounded up, at which everything is there again if nothing is asked.
  bool allowed = true;
};

/// A token bucket per client, of five seconds' worth of its rate. Thread-safe; forgets buckets that are full, and beyond
/// its bound the next best.
class rate_limiter {
public:
  static constexpr std::int64_t burst_seconds = 5;
  static constexpr std::uint32_t rate_max = 1'000'000;

  explicit rate_limiter(std::size_t buckets_max = 262'144) : per_shard_max_(buckets_max / shard_count) {}

  /// Takes one from the bucket of `who`. `rate` is from 1 to `rate_max` per second and the same every time.
  [[nodiscard]] rate_state take(const uuid& who, std::uint32_t rate, timestamp now);

  /// Buckets in memory.
  [[nodiscard]] std::size_t size();

private:
  static constexpr std::size_t shard_count = 64;

  /// A bucket is the time at which it is full again (nanoseconds since the epoch), which says all about it: GCRA, the
  /// generic cell rate algorithm (ITU-T I.371) in its virtual scheduling form.
  struct alignas(64) shard {
    std::mutex mutex;
    std::unordered_map<uuid, std::int64_t> full_at;
    std::size_t sweep_at = 64;
  };

  void make_room(shard& s, std::int64_t now_ns) const;

  std::size_t per_shard_max_;
  std::array<shard, shard_count> shards_;
};

} // namespace penstock
