#include "api/request_problems.hpp"

namespace penstock {
namespace {

constexpr std::size_t named_max = 5;

std::string worded(const problem& p) {
  // Some messages begin with the field already; those of the compiler with its path from the top of the definition.
  const auto first_word = p.message.substr(0, p.message.find(' '));
  if (p.field.empty() || p.field == first_word || p.field.ends_with("." + first_word)) return p.message;
  return p.field + ": " + p.message;
}

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
