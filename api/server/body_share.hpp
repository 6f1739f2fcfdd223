#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace penstock {

/// What one connection holds of the memory that all of them may fill with bodies. Gives it back when it goes.
class body_share {
public:
  explicit body_share(std::atomic<std::int64_t>& all) noexcept : all_(all) {}
  body_share(const body_share&) = delete;
  body_share& operator=(const body_share&) = delete;
  ~body_share() { hold(0); }

  void hold(std::size_t bytes) noexcept {
    all_.fetch_add(static_cast<std::int64_t>(bytes) - static_cast<std::int64_t>(held_), std::memory_order_relaxed);
    held_ = bytes;
  }

  /// Whether there is room for it. A small body always has some: what is over the limit is of the large ones.
  [[nodiscard]] bool fits(std::size_t all_max) const noexcept {
    constexpr std::size_t small = 64u << 10;
    return held_ <= small || all_.load(std::memory_order_relaxed) <= static_cast<std::int64_t>(all_max);
  }

private:
  std::atomic<std::int64_t>& all_;
  std::size_t held_ = 0;
};

} // namespace penstock
