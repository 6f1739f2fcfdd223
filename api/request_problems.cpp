#include "api/request_problems.hpp"

namespace penstock {
namespace {

constexpr std::size_t named_max = 5;

std::string worded(const problem& p) { return p.field.empty() ? p.message : p.field + ": " + p.message; }

} // namespace

error request_problems::take() {
  std::string message;
  for (std::size_t i = 0; i < problems_.size() && i < named_max; ++i) {
    if (i != 0) message += "; ";
    message += worded(problems_[i]);
  }
  if (problems_.size() > named_max) message += "; and " + std::to_string(problems_.size() - named_max) + " more";
  return {errc::invalid_argument, std::move(message), std::exchange(problems_, {})};
}

} // namespace penstock
