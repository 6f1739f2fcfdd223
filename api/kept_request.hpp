#pragma once

#include "api/request.hpp"

#include <memory>
#include <string>

namespace penstock {

/// A request that outlives its connection's buffers: a copy with the texts its views are of.
class kept_request {
public:
  [[nodiscard]] static std::shared_ptr<const kept_request> of(const request& in);

  [[nodiscard]] const request& get() const noexcept { return request_; }

  kept_request(const kept_request&) = delete;
  kept_request& operator=(const kept_request&) = delete;

private:
  explicit kept_request(const request& in);

  std::string text_; ///< Everything one behind the other; never grows again.
  request request_;
};

} // namespace penstock
