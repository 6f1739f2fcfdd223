#include "runtime/seams.hpp"

#include <atomic>
#include <random>

namespace penstock {

namespace {

class system_clock_impl final : public clock_source {
public:
  timestamp now() const override {
    return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
  }
};

std::uint64_t mix(std::uint64_t z) noexcept {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

constexpr std::uint64_t golden_gamma = 0x9e3779b97f4a7c15ull;

/// For ids and jitter only; keys and nonces come from libsodium.
class system_random_impl final : public random_source {
public:
  system_random_impl() {
    std::random_device device;
    state_ = std::uint64_t{device()} << 32 | device();
  }
  std::uint64_t next() override {
    return mix(state_.fetch_add(golden_gamma, std::memory_order_relaxed) + golden_gamma);
  }

private:
  std::atomic<std::uint64_t> state_;
};

} // namespace

std::shared_ptr<clock_source> system_clock_source() { return std::make_shared<system_clock_impl>(); }
std::shared_ptr<random_source> system_random_source() { return std::make_shared<system_random_impl>(); }

std::uint64_t seeded_random::next() {
  state_ += golden_gamma;
  return mix(state_);
}

} // namespace penstock
