#include "runtime/engines/descendants.hpp"

#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <ctime>
#include <fstream>
#include <map>
#include <optional>
#include <string>

namespace penstock {

namespace {

/// Field 4 of /proc/<pid>/stat; the name before it may hold anything, so it is found behind the last parenthesis.
std::optional<pid_t> parent_of(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  const auto name_end = line.rfind(") ");
  if (name_end == std::string::npos || name_end + 4 >= line.size()) return std::nullopt;
  pid_t parent = 0;
  std::from_chars(line.data() + name_end + 4, line.data() + line.size(), parent);
  return parent;
}

std::multimap<pid_t, pid_t> children_by_parent() {
  std::multimap<pid_t, pid_t> out;
  DIR* proc = ::opendir("/proc");
  if (!proc) return out;
  while (const dirent* entry = ::readdir(proc)) {
    const std::string name = entry->d_name;
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr != name.data() + name.size()) continue;
    if (const auto parent = parent_of(name)) out.emplace(*parent, pid);
  }
  ::closedir(proc);
  return out;
}

} // namespace

std::vector<pid_t> descendants_of(pid_t root) {
  const auto children = children_by_parent();
  std::vector<pid_t> out;
  const auto add = [&](pid_t parent) {
    for (auto [at, end] = children.equal_range(parent); at != end; ++at) out.push_back(at->second);
  };
  add(root);
  for (std::size_t i = 0; i < out.size(); ++i) add(out[i]);
  return out;
}

void kill_own_descendants() {
  // A process may fork between the look and the signal, so look until nobody is left.
  for (int round = 0; round < 1'000; ++round) {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {}
    const auto left = descendants_of(::getpid());
    if (left.empty()) return;
    for (const pid_t pid : left) ::kill(pid, SIGKILL);
    const timespec pause{0, 1'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

} // namespace penstock
