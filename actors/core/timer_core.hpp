#pragma once

#include "storage/keys.hpp"
#include "storage/store.hpp"

#include <optional>
#include <set>
#include <vector>

namespace penstock {

[[nodiscard]] bool is_of_schedule(const keys::timer& timer) noexcept;

/// The timers due soon, in memory; the store holds them all. Knows no actor.
class timer_core {
public:
  /// How far ahead timers are held in memory: a month's sleep costs none until its last minute.
  static constexpr milliseconds window{60'000};
  /// How long before their due times schedules are given notice of.
  static constexpr milliseconds ahead{15'000};

  timer_core(const state_reader& state, partition_id partition_count)
      : state_(state), partition_count_(partition_count) {}

  /// Reads what is due by the end of the next window. Must be called at least once a window.
  void refill(timestamp now);
  /// A timer that was just made durable.
  void arm(const keys::timer& timer);
  /// Takes out what is due.
  [[nodiscard]] std::vector<keys::timer> take_due(timestamp now);
  /// Those of schedules that are due within the next `ahead`, each once; they stay. One that is armed later than that is
  /// passed over.
  [[nodiscard]] std::vector<keys::timer> take_notice(timestamp now);
  /// When the next one in memory is due.
  [[nodiscard]] std::optional<timestamp> next() const;
  [[nodiscard]] std::size_t size() const noexcept { return held_.size(); }

private:
  /// By time; whatever else tells timers apart only keeps one that is read again from being held twice.
  struct sooner {
    bool operator()(const keys::timer& a, const keys::timer& b) const noexcept;
  };

  const state_reader& state_;
  partition_id partition_count_;
  timestamp known_until_{};   ///< All timers in the store due up to here are held.
  timestamp noticed_until_{}; ///< Notice was given of what is due up to here.
  std::set<keys::timer, sooner> held_;
};

} // namespace penstock
