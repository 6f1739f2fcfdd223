#pragma once

#include "storage/store.hpp"

#include <array>
#include <string_view>

namespace penstock {

/// One row of the table of column families: the only place where number, name, layout and owner stand together.
struct column_family {
  family number;
  std::string_view name;       ///< In RocksDB. Permanent.
  std::string_view key_layout; ///< Integers are big-endian, so byte order is value order.
  std::string_view owner;      ///< Who alone writes it.
  bool point_reads;            ///< Looked up by whole keys: gets bloom filters.
};

/// All families, by number from 1. A number or name once given is never reused, not even after retirement.
inline constexpr std::array column_families{
  column_family{family::meta, "meta",
                "tag u8: 1 the database itself; 2 last turn; 3 then partition u16: index, clock and chain hash. "
                "Tags below 16 are the store's own; the others are texts.",
                "storage, actors", false},
  column_family{family::state, "state", "slot u16 | kind u8 | id 16 | rest by kind", "actors", true},
  column_family{family::index, "index", "partition u16 | kind u8 | owner 16 | rest by kind, newest first", "actors",
                false},
  column_family{family::counters, "counters", "partition u16 | kind u8 | owner 16 | rest by kind", "actors", true},
  column_family{family::timers, "timers",
                "partition u16 | due_ms u64 | kind u8 | id 16 | task u32 | item u32 | attempt u32", "actors", false},
  column_family{family::outbox, "outbox", "partition u16 | kind u8 | source 16 | task u32 | item u32 | rest by kind",
                "actors", false},
  column_family{family::requests, "requests", "partition u16 | keyed hash 32", "actors", true},
  column_family{family::history, "history", "slot u16 | run 16 | task u32 | item u32 | attempt u32", "actors", false},
  column_family{family::events, "events",
                "partition u16 | kind u8 | 1: event 16; 2: delivery 16; 3: endpoint 16, delivery 16 newest first; "
                "4: endpoint 16, due_ms u64, delivery 16",
                "actors", true},
  column_family{family::audit, "audit", "partition u16 | workspace 16 | time_ms u64 | number u64, newest first",
                "actors", false},
};

inline constexpr std::size_t family_slots =
  column_families.size() + 1; ///< Size of arrays indexed by a family's number.

/// Where a family stands in an array of size `family_slots`.
[[nodiscard]] constexpr std::size_t family_place(family f) noexcept { return static_cast<std::size_t>(f); }

/// Whether a byte from a disk or a network is a family's number.
[[nodiscard]] constexpr bool is_family(std::uint8_t number) noexcept { return number >= 1 && number < family_slots; }

/// Keys of `family::meta` that begin with a byte below this are the store's own and may not be written by others.
inline constexpr std::uint8_t own_meta_tags = 16;

} // namespace penstock
