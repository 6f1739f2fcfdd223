#pragma once

#include "actors/core/messages.hpp"
#include "storage/sealing.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace penstock {

struct entity_surroundings;

/// A pool's limit; none: it has no record.
[[nodiscard]] std::optional<std::uint32_t> limit_of(const entity_surroundings& around, const pool_name& pool);

/// The entity that grants a pool's leases: a hash, so that pools are spread over the partitions.
[[nodiscard]] uuid pool_entity(const sealer& seals, const pool_name& pool);

/// A lease as it lies in the store; its key says whose it is.
struct lease_record {
  std::uint32_t attempt = 1;
  std::uint64_t number = 0; ///< Told with the grant and named by the release: a late one frees no later lease.
  timestamp granted_at;

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "attempt", s.attempt);
    v(2, "number", s.number);
    v(3, "granted_at", s.granted_at);
  }
};

/// Kinds of messages in the outbox that are for pools: a number once given is never reused, also not by other messages.
inline constexpr std::uint8_t message_lease_released = 4;
inline constexpr std::uint8_t message_pool_left = 5;
inline constexpr std::uint8_t message_pool_changed = 6;

/// Leaves a message for a pool in the outbox of partition `p`.
void leave_release(partition_id p, const uuid& pool, const lease_holder& who, std::uint64_t number, proposal& out);
/// @param number tells several messages of one run apart.
void leave_all(partition_id p, const uuid& pool, run_id run, std::uint64_t number, proposal& out);
void leave_change(partition_id p, const uuid& pool, const pool_name& name, std::uint64_t number, proposal& out);

/// Whether a message of the outbox is for a pool, by its key.
[[nodiscard]] bool is_for_pool(std::string_view key) noexcept;
/// What it tells the pool.
/// @returns `errc::corrupt_record` if it does not decode.
[[nodiscard]] result<send_message> read_pool_message(std::string_view key, std::string_view bytes);

} // namespace penstock
