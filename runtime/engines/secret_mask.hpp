#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// Hides secret texts. A secret of several lines is hidden line by line too, since logs come in lines.
class secret_mask {
public:
  secret_mask() = default;
  explicit secret_mask(const std::vector<std::string>& secrets);

  /// `text` with every secret in it as `***`; of overlapping ones the longest first.
  [[nodiscard]] std::string hide(std::string_view text) const;

private:
  std::vector<std::string> secrets_; ///< Longest first.
};

} // namespace penstock
