#include "api/kept_request.hpp"

namespace penstock {

std::shared_ptr<const kept_request> kept_request::of(const request& in) {
  return std::shared_ptr<const kept_request>{new kept_request{in}};
}

kept_request::kept_request(const request& in) : request_(in) {
  auto size = in.path.size() + in.query.size() + in.body.size() + in.id.size() + in.remote_address.size();
  for (const auto& h : in.headers) size += h.name.size() + h.value.size();
  text_.reserve(size);
  const auto keep = [this](std::string_view& view) {
    const auto at = text_.size();
    text_ += view;
    view = std::string_view{text_}.substr(at);
  };
  for (auto* view : {&request_.path, &request_.query, &request_.body, &request_.id, &request_.remote_address})
    keep(*view);
  for (auto& h : request_.headers) {
    keep(h.name);
    keep(h.value);
  }
}

} // namespace penstock
