#include "api/surfaces/task_defaults.hpp"

namespace penstock {
namespace {

const std::int64_t* integer(const value& attributes, std::string_view name) {
  const auto* v = attributes.find(name);
  return v ? v->as_int() : nullptr;
}

} // namespace

compile_options task_defaults(const value& attributes) {
  compile_options out;
  if (const auto* retries = integer(attributes, "maxRetries"))
    out.default_retry.attempts_max = static_cast<std::uint32_t>(*retries) + 1;
  if (const auto* delay = integer(attributes, "retryDelaySeconds"))
    out.default_retry.delay_ms = static_cast<std::uint64_t>(*delay) * 1'000;
  if (const auto* timeout = integer(attributes, "timeoutSeconds"))
    out.default_timeout_ms = static_cast<std::uint64_t>(*timeout) * 1'000;
  return out;
}

} // namespace penstock
