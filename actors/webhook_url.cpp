#include "actors/webhook_url.hpp"

#include "runtime/engines/outbound_target.hpp"

namespace penstock {

result<void> check_webhook_url(std::string_view field, const std::string& url) {
  auto host = outbound_host_of(url);
  if (host) return {};
  const std::string name{field};
  auto why = std::move(host.error().message);
  return unexpected(error{errc::invalid_argument, name + ": " + why, {{name, why}}});
}

} // namespace penstock
