#include "runtime/connectors/files_path.hpp"

#include <filesystem>

namespace penstock {

namespace fs = std::filesystem;

result<std::string> path_below(const std::string& files_dir, const std::string& name) {
  const auto refuse = [&](const std::string& why) {
    return fail(errc::invalid_argument, "The path '" + name + "' " + why + ".");
  };
  if (files_dir.empty()) return refuse("cannot be used: this server has no files directory");
  const fs::path relative(name);
  if (name.empty() || relative.filename().empty()) return refuse("does not name a file");
  if (name.find('\0') != std::string::npos) return refuse("holds a zero byte");
  if (relative.is_absolute()) return refuse("is absolute; name it relative to the server's files directory");
  for (const auto& part : relative)
    if (part == "..") return refuse("holds '..', which is not allowed");
  // Patterns would be expanded by the reader to files whose paths nobody has checked.
  if (name.find_first_of("*?[") != std::string::npos)
    return refuse("holds one of * ? [, which stand for several files");
  std::error_code error;
  const fs::path root = fs::weakly_canonical(files_dir, error);
  if (error) return refuse("cannot be resolved: " + error.message());
  const fs::path real = fs::weakly_canonical(root / relative, error);
  if (error) return refuse("cannot be resolved: " + error.message());
  if (real.lexically_relative(root).begin()->string() == ".." || real == root)
    return refuse("leads out of the server's files directory");
  return real.string();
}

} // namespace penstock
