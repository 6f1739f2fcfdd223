#pragma once

#include "runtime/model/time.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace penstock {

/// The wall clock. Nobody asks the system for the time but its real implementation.
class clock_source {
public:
  virtual ~clock_source() = default;
  /// Now, UTC. May step backwards; decisions use the partition's clock, which does not.
  [[nodiscard]] virtual timestamp now() const = 0;
};

/// Random bits. Thread-safe.
class random_source {
public:
  virtual ~random_source() = default;
  [[nodiscard]] virtual std::uint64_t next() = 0;
};

/// The system's clock and a generator seeded by the system, for ids and jitter (keys and nonces come from libsodium).
[[nodiscard]] std::shared_ptr<clock_source> system_clock_source();
[[nodiscard]] std::shared_ptr<random_source> system_random_source();

/// A clock that stands still until told otherwise, and a repeatable generator: for tests and simulation.
class manual_clock final : public clock_source {
public:
  explicit manual_clock(timestamp start) : now_(start) {}
  [[nodiscard]] timestamp now() const override { return now_; }
  void advance(milliseconds by) { now_ += by; }
  void set(timestamp t) { now_ = t; }

private:
  timestamp now_;
};

class seeded_random final : public random_source {
public:
  explicit seeded_random(std::uint64_t seed) : state_(seed) {}
  /// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
  [[nodiscard]] std::uint64_t next() override;

private:
  std::uint64_t state_;
};

} // namespace penstock
