#include "api/base64url.hpp"

#include <sodium.h>

namespace penstock {

std::optional<std::string> decode_base64url(std::string_view text) {
  std::string out(text.size() / 4 * 3 + 3, '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  const int bad = sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(), text.size(),
                                    nullptr, &size, &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  if (bad != 0 || end != text.data() + text.size()) return std::nullopt;
  out.resize(size);
  return out;
}

} // namespace penstock
