#include "runtime/engines/secret_mask.hpp"

#include <algorithm>

namespace penstock {

namespace {

/// A shorter line of a longer secret ("}", "--") gives nothing away and would mask half of every log.
constexpr std::size_t secret_line_bytes_min = 4;

void add_lines(std::vector<std::string>& out, std::string_view secret) {
  while (!secret.empty()) {
    const auto end = secret.find('\n');
    std::string_view line = secret.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() >= secret_line_bytes_min) out.emplace_back(line);
    secret = end == std::string_view::npos ? std::string_view{} : secret.substr(end + 1);
  }
}

} // namespace

secret_mask::secret_mask(const std::vector<std::string>& secrets) {
  for (const auto& secret : secrets) {
    if (secret.empty()) continue;
    secrets_.push_back(secret);
    if (secret.find('\n') != std::string::npos) add_lines(secrets_, secret);
  }
  std::sort(secrets_.begin(), secrets_.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string secret_mask::hide(std::string_view text) const {
  std::string out(text);
  const auto longer_than = [](std::size_t size, const std::string& secret) { return secret.size() <= size; };
  for (auto s = std::upper_bound(secrets_.begin(), secrets_.end(), text.size(), longer_than); s != secrets_.end(); ++s)
    for (auto at = out.find(*s); at != std::string::npos; at = out.find(*s, at + 3)) out.replace(at, s->size(), "***");
  return out;
}

} // namespace penstock
