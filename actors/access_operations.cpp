#include "actors/access_operations.hpp"

#include <algorithm>

namespace penstock {

std::string_view to_text(key_refusal why) noexcept {
  switch (why) {
    case key_refusal::unknown: return "the API key is not valid";
    case key_refusal::expired: return "the API key has expired";
    case key_refusal::revoked: return "the API key was revoked";
  }
  return "the API key is not valid";
}

std::string shown_id(api_key_id id) {
  auto text = to_text(id);
  std::erase(text, '-');
  return "key_" + text;
}

} // namespace penstock
