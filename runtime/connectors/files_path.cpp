#include "runtime/connectors/files_path.hpp"

#include "runtime/connectors/open_beneath.hpp"
#include "runtime/plan/files_name.hpp"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace penstock {

namespace fs = std::filesystem;

namespace {

unexpected<error> refuse(const std::string& name, const std::string& why) {
  return fail(errc::invalid_argument, "The path '" + name + "' " + why + ".");
}

/// What an errno of `open_beneath` means for a name that was to be there.
unexpected<error> refuse_opening(const std::string& name, int why) {
  if (why == EXDEV) return refuse(name, "leads out of the server's files directory");
  if (why == ELOOP) return refuse(name, "holds a symbolic link that cannot be followed");
  if (why == ENOENT || why == ENOTDIR || why == ENXIO)
    return fail(errc::task_failed, "The file '" + name + "' is not there, or is not a file.");
  return fail(errc::io_failed, "The file '" + name + "' cannot be opened: " + std::strerror(why) + ".");
}

unexpected<error> refuse_root() {
  return fail(errc::io_failed, "The server's files directory cannot be opened: " + std::string(std::strerror(errno)));
}

descriptor open_root(const std::string& files_dir) {
  return descriptor(::open(files_dir.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

/// Opens `directory` below `root`, made if need be, with the directories that lead to it.
expected<descriptor, int> make_directory(int root, const fs::path& directory) {
  constexpr int flags = O_RDONLY | O_DIRECTORY;
  if (auto there = open_beneath(root, directory.empty() ? "." : directory.string(), flags);
      there || there.error() != ENOENT)
    return there;
  auto parent = make_directory(root, directory.parent_path());
  if (!parent) return parent;
  if (::mkdirat(parent->get(), directory.filename().c_str(), 0777) != 0 && errno != EEXIST)
    return unexpected(int{errno});
  return open_beneath(root, directory.string(), flags);
}

/// Where files lie on another file system than the work directories.
int copy_beside(const std::string& from, const files_place& place, const std::string& beside) {
  const descriptor in(::open(from.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!in) return errno;
  ::unlinkat(place.directory.get(), beside.c_str(), 0); // Left by a crash.
  const descriptor out(
    ::openat(place.directory.get(), beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!out) return errno;
  for (;;) {
    const ssize_t n = ::sendfile(out.get(), in.get(), nullptr, std::size_t{1} << 30);
    if (n == 0) return ::fsync(out.get()) == 0 ? 0 : errno;
    if (n < 0 && errno != EINTR) return errno;
  }
}

} // namespace

std::string files_directory_of(const std::string& server_files_dir, workspace_id workspace) {
  if (server_files_dir.empty()) return {};
  return server_files_dir + "/" + (workspace == default_workspace ? "default" : to_text(workspace));
}

result<void> check_files_name(const std::string& files_dir, const std::string& name) {
  if (files_dir.empty()) return refuse(name, "cannot be used: this server has no files directory");
  if (const auto why = files_name_mistake(name); !why.empty()) return refuse(name, why);
  return {};
}

result<files_entry> open_files_entry(const std::string& files_dir, const std::string& name) {
  if (auto allowed = check_files_name(files_dir, name); !allowed) return unexpected(std::move(allowed).error());
  const auto root = open_root(files_dir);
  if (!root) return errno == ENOENT ? refuse_opening(name, ENOENT) : refuse_root(); // No task has written there yet.
  auto opened = open_beneath(root.get(), name, O_RDONLY | O_NONBLOCK);              // A pipe is not waited for.
  if (!opened) return refuse_opening(name, opened.error());
  struct stat info {};
  if (::fstat(opened->get(), &info) != 0 || !S_ISREG(info.st_mode)) return refuse_opening(name, ENOENT);
  return files_entry{std::move(*opened), static_cast<std::uint64_t>(info.st_size)};
}

result<files_place> open_files_place(const std::string& files_dir, const std::string& name) {
  if (auto allowed = check_files_name(files_dir, name); !allowed) return unexpected(std::move(allowed).error());
  if (::mkdir(files_dir.c_str(), 0777) != 0 && errno != EEXIST) return refuse_root();
  const auto root = open_root(files_dir);
  if (!root) return refuse_root();
  const fs::path relative = fs::path(name).lexically_normal();
  auto directory = make_directory(root.get(), relative.parent_path());
  if (!directory) {
    if (directory.error() == EXDEV || directory.error() == ELOOP) return refuse_opening(name, directory.error());
    return fail(errc::io_failed,
                "The directory of '" + name + "' cannot be made: " + std::strerror(directory.error()) + ".");
  }
  files_place place{std::move(*directory), relative.filename().string(), {}};
  struct stat info {};
  if (::fstatat(place.directory.get(), place.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
    if (S_ISDIR(info.st_mode)) return refuse(name, "is a directory");
    if (S_ISLNK(info.st_mode)) return refuse(name, "is a symbolic link, which is not written through");
  }
  std::error_code ignored;
  place.directory_path = fs::read_symlink("/proc/self/fd/" + std::to_string(place.directory.get()), ignored).string();
  return place;
}

result<void> put_file(const std::string& from, const files_place& place) {
  int failed = 0;
  if (::renameat(AT_FDCWD, from.c_str(), place.directory.get(), place.name.c_str()) != 0) failed = errno;
  if (failed == EXDEV) {
    const std::string beside = "." + place.name + "." + fs::path(from).parent_path().filename().string() + ".part";
    failed = copy_beside(from, place, beside);
    if (failed == 0 &&
        ::renameat(place.directory.get(), beside.c_str(), place.directory.get(), place.name.c_str()) != 0)
      failed = errno;
    if (failed != 0) ::unlinkat(place.directory.get(), beside.c_str(), 0);
  }
  if (failed == 0 && ::fsync(place.directory.get()) != 0) failed = errno;
  if (failed == 0) return {};
  return fail(errc::io_failed, "The file " + place.directory_path + "/" + place.name +
                                 " cannot be written: " + std::strerror(failed) + ".");
}

} // namespace penstock
