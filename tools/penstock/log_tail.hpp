#pragma once

#include <map>
#include <string>
#include <string_view>

namespace penstock::cli {

/// Tells what is new in a log that is read as a whole again and again. Lines of tasks that ran at once may come to stand
/// between lines that were there before, so lines are told apart by what they say and how often.
class log_tail {
public:
  /// The lines of `log` that no earlier call was given, in their order, each with its line break.
  [[nodiscard]] std::string news(std::string_view log);

private:
  std::map<std::string, std::size_t, std::less<>> told_;
};

} // namespace penstock::cli
