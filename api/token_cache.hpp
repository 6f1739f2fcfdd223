#pragma once

#include "actors/caller.hpp"

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace penstock {

/// Tokens that were verified a moment ago, by a keyed hash, so that a client pays for its token's signature once a minute.
/// Bounded: what was not asked for lately goes first. Thread-safe.
class token_cache {
public:
  /// A token is verified anew after this time, whatever its `exp`.
  static constexpr milliseconds kept{60'000};

  explicit token_cache(std::size_t entries_max = 16'384);

  using digest = uuid;
  /// To be given to `find` and `put`; worked out once.
  [[nodiscard]] digest digest_of(std::string_view token) const;

  /// Who was found behind the token. `version` is that of the keys now: what older ones verified does not count.
  [[nodiscard]] std::optional<caller> find(const digest& token, std::uint64_t version, timestamp now);
  /// `version` is that of the keys that verified it.
  void put(const digest& token, caller who, std::uint64_t version, timestamp now);

private:
  struct entry {
    caller who;
    timestamp until;
    std::uint64_t version = 0;
  };
  using generation = std::unordered_map<digest, entry>;
  /// Two generations: what is asked for moves to the young one; when that is full, it becomes the old one, which goes.
  struct alignas(64) shard {
    std::mutex mutex;
    generation young;
    generation old;
  };

  void make_room(shard& s) const;
  [[nodiscard]] shard& shard_of(const digest& token) noexcept { return shards_[token.bytes[0] % shards_.size()]; }

  std::array<unsigned char, 32> key_{};
  std::size_t generation_max_;
  std::array<shard, 16> shards_;
};

} // namespace penstock
