#include "tools/penstock/log_tail.hpp"

namespace penstock::cli {

std::string log_tail::news(std::string_view log) {
  std::map<std::string_view, std::size_t> met;
  std::string fresh;
  while (!log.empty()) {
    const auto end = log.find('\n');
    const auto line = log.substr(0, end);
    log.remove_prefix(end == std::string_view::npos ? log.size() : end + 1);
    const auto told = told_.find(line);
    if (++met[line] <= (told == told_.end() ? 0 : told->second)) continue;
    fresh.append(line) += '\n';
  }
  for (const auto& [line, times] : met) {
    auto& told = told_[std::string{line}];
    if (times > told) told = times;
  }
  return fresh;
}

} // namespace penstock::cli
