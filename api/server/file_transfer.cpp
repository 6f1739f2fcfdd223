#include "api/server/file_transfer.hpp"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace penstock {
namespace {

/// Small enough that other connections of the thread are not kept waiting for a cold disk.
constexpr std::uint64_t turn_bytes_max = 256u << 10;

} // namespace

file_transfer::~file_transfer() {
  if (fd_ >= 0) ::close(fd_);
}

result<file_transfer> file_transfer::open(const std::string& path) {
  file_transfer out;
  out.fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  struct stat info {};
  if (out.fd_ < 0 || ::fstat(out.fd_, &info) != 0 || !S_ISREG(info.st_mode))
    return fail(errc::artifact_lost, "the file is not there any more");
  out.size_ = static_cast<std::uint64_t>(info.st_size);
  ::posix_fadvise(out.fd_, 0, 0, POSIX_FADV_SEQUENTIAL);
  return out;
}

file_transfer::outcome file_transfer::send_some(int socket) {
  auto at = static_cast<off_t>(offset_);
  const auto n = ::sendfile(socket, fd_, &at, static_cast<std::size_t>(std::min(size_ - offset_, turn_bytes_max)));
  if (n < 0) return errno == EAGAIN || errno == EINTR ? outcome::would_block : outcome::failed;
  // The file has become shorter than its promised length: the client must not take what it got for the whole.
  if (n == 0) return outcome::failed;
  offset_ += static_cast<std::uint64_t>(n);
  return outcome::progress;
}

} // namespace penstock
