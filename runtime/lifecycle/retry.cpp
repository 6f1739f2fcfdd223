#include "runtime/lifecycle/retry.hpp"

#include <algorithm>

namespace penstock {

namespace {

std::uint64_t base_delay_ms(const retry_policy& policy, std::uint32_t attempt) noexcept {
  if (policy.backoff == backoff_kind::fixed) return policy.delay_ms;
  // Doubling more than 40 times passes any cap; stopping there keeps the shift defined.
  const auto doublings = std::min<std::uint32_t>(attempt - 1, 40);
  const auto limit = std::max<std::uint64_t>(policy.delay_max_ms, 1);
  if (policy.delay_ms > limit >> doublings) return limit;
  return policy.delay_ms << doublings;
}

} // namespace

std::uint64_t retry_delay_ms(const retry_policy& policy, std::uint32_t attempt, std::uint64_t random) noexcept {
  const auto base = base_delay_ms(policy, std::max<std::uint32_t>(attempt, 1));
  const auto reach = base / 100 * policy.jitter_percent + base % 100 * policy.jitter_percent / 100;
  if (reach == 0) return base;
  return base - reach + random % (2 * reach + 1);
}

} // namespace penstock
