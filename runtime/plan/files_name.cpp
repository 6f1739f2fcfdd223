#include "runtime/plan/files_name.hpp"

#include <filesystem>

namespace penstock {

std::string files_name_mistake(const std::string& name) {
  const std::filesystem::path relative(name);
  if (name.empty() || relative.filename().empty() || relative.filename() == ".") return "does not name a file";
  if (name.find('\0') != std::string::npos) return "holds a zero byte";
  if (relative.is_absolute()) return "is absolute; name it relative to the server's files directory";
  for (const auto& part : relative)
    if (part == "..") return "holds '..', which is not allowed";
  // Those who write them mean several files, and only one is read.
  if (name.find_first_of("*?[") != std::string::npos) return "holds one of * ? [, which stand for several files";
  return {};
}

} // namespace penstock
