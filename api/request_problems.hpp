#pragma once

#include "runtime/error.hpp"
#include "runtime/model/value.hpp"

#include <string>
#include <utility>
#include <vector>

namespace penstock {

/// Collects what is wrong with a request, so that all of it is told at once.
class request_problems {
public:
  void add(std::string field, std::string message, value::place at = {}) {
    problems_.push_back({std::move(field), std::move(message), at.line, at.column});
  }
  void add(problem p) { problems_.push_back(std::move(p)); }

  [[nodiscard]] bool empty() const noexcept { return problems_.empty(); }

  /// The whole as one `errc::invalid_argument`. Must not be empty.
  [[nodiscard]] error take();

private:
  std::vector<problem> problems_;
};

} // namespace penstock
