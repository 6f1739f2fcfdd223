#pragma once

#include "runtime/model/time.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// 16 bytes, ordered as such.
struct uuid {
  std::array<std::uint8_t, 16> bytes{};

  friend auto operator<=>(const uuid&, const uuid&) = default;
  [[nodiscard]] bool is_nil() const noexcept { return *this == uuid{}; }
  /// The bytes as they stand in keys.
  [[nodiscard]] std::string_view view() const noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

/// Lower-case `8-4-4-4-12`.
[[nodiscard]] std::string to_text(const uuid& id);

/// Reads `8-4-4-4-12` or 32 hex digits in either case, with any prefix of a surface (`pipe_`, `job_`, `run_`, …).
[[nodiscard]] std::optional<uuid> parse_uuid(std::string_view text);

/// 10-bit number inside each entity's id that says which partition owns it; see DESIGN section 4.
using slot_number = std::uint16_t;
inline constexpr slot_number slot_count = 1024;

/// Makes a version 7 UUID: 48 bits of `now`, 12 and 52 random bits and `slot` in the ten bits behind the variant.
/// @param random 64 random bits, of which 12 order ids of one millisecond when the caller counts them up.
[[nodiscard]] uuid make_uuid7(timestamp now, slot_number slot, std::uint64_t random) noexcept;

/// The slot in a version 7 id made here; of other ids ten stable bits.
[[nodiscard]] slot_number slot_of(const uuid& id) noexcept;

/// An id of one kind of thing; kinds do not mix.
template <class Tag>
struct typed_id {
  uuid raw;

  friend auto operator<=>(const typed_id&, const typed_id&) = default;
  [[nodiscard]] bool is_nil() const noexcept { return raw.is_nil(); }
  [[nodiscard]] slot_number slot() const noexcept { return slot_of(raw); }
  [[nodiscard]] std::string_view view() const noexcept { return raw.view(); }
};

template <class Tag>
[[nodiscard]] std::string to_text(const typed_id<Tag>& id) {
  return to_text(id.raw);
}

using workspace_id = typed_id<struct workspace_tag>;
using pipeline_id = typed_id<struct pipeline_tag>;
using run_id = typed_id<struct run_tag>;
using api_key_id = typed_id<struct api_key_tag>;

/// Workspace `default`, which the bootstrap key belongs to.
inline constexpr workspace_id default_workspace{{{0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1}}};

/// Number of a partition of this database: 0 is the system partition, 1 to `partition_count` hold pipelines and runs.
using partition_id = std::uint16_t;

/// The partition that owns a slot: equal ranges of slots, so that doubling the count splits each in two.
[[nodiscard]] constexpr partition_id partition_of(slot_number slot, partition_id partition_count) noexcept {
  return static_cast<partition_id>(1 + std::uint32_t{slot} * partition_count / slot_count);
}

} // namespace penstock

template <>
struct std::hash<penstock::uuid> {
  std::size_t operator()(const penstock::uuid& id) const noexcept {
    // The last eight bytes are random, so they are their own hash.
    std::size_t h = 0;
    for (int i = 8; i < 16; ++i) h = h << 8 | id.bytes[static_cast<std::size_t>(i)];
    return h;
  }
};

template <class Tag>
struct std::hash<penstock::typed_id<Tag>> {
  std::size_t operator()(const penstock::typed_id<Tag>& id) const noexcept {
    return std::hash<penstock::uuid>{}(id.raw);
  }
};
