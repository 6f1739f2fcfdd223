#include "runtime/connectors/open_beneath.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstdint>
#include <utility>

namespace penstock {

expected<descriptor, int> open_beneath(int directory, const std::string& name, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  // The kernel gives up (EAGAIN) when directories were renamed on the way.
  for (int tries = 0; tries < 100; ++tries) {
    descriptor opened(static_cast<int>(::syscall(SYS_openat2, directory, name.c_str(), &how, sizeof how)));
    if (opened) return opened;
    if (errno == ENOSYS || errno == EPERM) return walk_beneath(directory, name, flags);
    if (errno != EAGAIN && errno != EINTR) break;
  }
  return unexpected(int{errno});
}

expected<descriptor, int> walk_beneath(int directory, const std::string& name, int flags) {
  descriptor at;
  for (std::size_t begin = 0;;) {
    const std::size_t end = name.find('/', begin);
    const std::string part = name.substr(begin, end - begin);
    if (part == "..") return unexpected(EXDEV);
    const bool last = end == std::string::npos;
    const int how = last ? flags : O_PATH | O_DIRECTORY;
    const int from = at ? at.get() : directory;
    descriptor next(::openat(from, part.empty() ? "." : part.c_str(), how | O_NOFOLLOW | O_CLOEXEC));
    // With O_DIRECTORY a link is told as no directory.
    if (!next && errno == ENOTDIR) {
      struct stat info {};
      if (::fstatat(from, part.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode))
        return unexpected(ELOOP);
      return unexpected(ENOTDIR);
    }
    if (!next || last) return next ? expected<descriptor, int>(std::move(next)) : unexpected(int{errno});
    at = std::move(next);
    begin = end + 1;
  }
}

} // namespace penstock
