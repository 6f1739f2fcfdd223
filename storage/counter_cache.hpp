#pragma once

#include "storage/column_families.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace penstock {

/// A counter as it is stored: 8 bytes, big-endian.
[[nodiscard]] std::string encode_counter(std::int64_t v);
/// @returns nothing unless `bytes` are 8.
[[nodiscard]] std::optional<std::int64_t> decode_counter(std::string_view bytes) noexcept;

/// Turns additions into absolute values, so that a turn writes each counter once and never has to merge. Used by one thread
/// at a time.
class counter_cache {
public:
  /// Reads a counter that is not in the cache; nothing if the stored bytes are no counter.
  using load_function = std::function<std::optional<std::int64_t>(family, std::string_view key)>;

  counter_cache(std::size_t entries_max, load_function load) : entries_max_(entries_max), load_(std::move(load)) {}

  /// Says that this turn adds in `f`: from here on puts and removals of the family have to be told, too.
  void expect_additions(family f) { counting_[family_place(f)] = true; }
  [[nodiscard]] bool expects_additions(family f) const noexcept { return counting_[family_place(f)]; }

  /// @returns false if what is stored under `key` is no counter.
  [[nodiscard]] bool add(family f, std::string_view key, std::int64_t delta);
  /// Something else than an addition wrote `key`; no bytes: it was removed.
  void overwritten(family f, std::string_view key, std::optional<std::string_view> bytes);

  /// Hands over the counters added to since the last call, with their new values.
  void drain(const std::function<void(family, std::string_view key, std::int64_t v)>& write);

  /// Whether there are too many to hold.
  [[nodiscard]] bool is_full() const noexcept { return size_ > entries_max_; }
  /// Only between turns, and when all that was drained is where `load` finds it.
  void forget();
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  struct entry {
    std::optional<std::int64_t> v; ///< Nothing: the key holds something that is no counter.
    bool changed = false;
  };
  using entries = std::unordered_map<std::string, entry, text_hash, std::equal_to<>>;
  struct changed_counter {
    family where;
    entries::value_type* counter; ///< Nodes of the map stay where they are.
  };

  std::size_t entries_max_;
  load_function load_;
  std::size_t size_ = 0;
  std::array<bool, family_slots> counting_{};
  std::array<entries, family_slots> families_;
  std::vector<changed_counter> changed_;
};

} // namespace penstock
