#pragma once

#include "api/route.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// A row with what was worked out about it at start.
struct routed {
  const route* row = nullptr;
  error_style errors = error_style::problem;
  std::size_t index = 0; ///< Of all rows, for metrics.
};

/// Finds the row of a method and path. Immutable after construction, so any thread may ask.
class router {
public:
  /// Two rows of one method and pattern are a bug of ours: asserted.
  explicit router(std::span<const surface> surfaces);
  ~router();

  struct match {
    enum class outcome { found, not_found, wrong_method, bad_encoding };
    outcome what = outcome::not_found;
    const routed* target = nullptr;
    /// `Allow`, where the path exists; a view of the router's own text.
    std::string_view allow = {};
    error_style errors = error_style::problem;
  };

  /// Fills `parameters`. HEAD finds the row of GET. Literal segments win, also after a parameter was tried.
  [[nodiscard]] match find(verb method, std::string_view path, path_values& parameters) const;

  [[nodiscard]] const std::vector<routed>& rows() const noexcept { return rows_; }

private:
  struct node;
  const node* descend(const node& at, std::string_view rest, path_values& parameters) const;

  std::vector<routed> rows_;
  std::unique_ptr<node> root_;
};

/// Decodes `%xx`. False for a malformed one or a NUL. `+` stays.
[[nodiscard]] bool percent_decode(std::string_view text, std::string& out);

} // namespace penstock
