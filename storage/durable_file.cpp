#include "storage/durable_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace penstock {

namespace {

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string directory_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

} // namespace

file_handle::~file_handle() {
  if (is_open()) ::close(descriptor_);
}

unexpected<error> io_failure(std::string_view what, const std::string& path) {
  const auto reason = std::error_code(errno, std::generic_category()).message();
  return fail(errc::io_failed, "cannot " + std::string(what) + " " + path + ": " + reason);
}

result<void> ensure_directory(const std::string& directory) {
  namespace fs = std::filesystem;
  std::error_code problem;
  if (fs::is_directory(directory, problem)) return {};
  const auto parent = directory_of(directory);
  if (parent != directory && !fs::is_directory(parent, problem))
    if (auto made = ensure_directory(parent); !made) return made;
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return io_failure("make the directory", directory);
  return sync_directory(parent);
}

result<void> sync_directory(const std::string& directory) {
  const file_handle handle{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!handle.is_open() || ::fsync(handle.get()) != 0) return io_failure("sync the directory", directory);
  return {};
}

result<void> write_new_file(const std::string& path, std::string_view bytes, std::uint32_t mode) {
  ::unlink(path.c_str());
  const file_handle handle{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)};
  if (!handle.is_open()) return io_failure("make", path);
  if (!write_all(handle.get(), bytes)) return io_failure("write", path);
  if (::fsync(handle.get()) != 0) return io_failure("sync", path);
  return {};
}

result<void> replace_file(const std::string& path, std::string_view bytes) {
  const auto aside = path + ".new";
  if (auto written = write_new_file(aside, bytes, 0600); !written) return written;
  if (::rename(aside.c_str(), path.c_str()) != 0) return io_failure("replace", path);
  return sync_directory(directory_of(path));
}

result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const file_handle handle{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!handle.is_open() && errno == ENOENT) return fail(errc::not_found, path + " does not exist");
  if (!handle.is_open()) return io_failure("open", path);
  std::string bytes(bytes_max + 1, '\0');
  std::size_t size = 0;
  while (size < bytes.size()) {
    const auto got = ::read(handle.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_failure("read", path);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > bytes_max) return fail(errc::too_large, path + " is larger than " + std::to_string(bytes_max) + " bytes");
  bytes.resize(size);
  return bytes;
}

result<void> truncate_file(const std::string& path, std::uint64_t bytes) {
  const file_handle handle{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  if (!handle.is_open()) return io_failure("open", path);
  if (::ftruncate(handle.get(), static_cast<off_t>(bytes)) != 0) return io_failure("cut", path);
  if (::fsync(handle.get()) != 0) return io_failure("sync", path);
  return {};
}

result<file_handle> lock_file(const std::string& path, const std::string& subject) {
  file_handle handle{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!handle.is_open()) return io_failure("open", path);
  if (::flock(handle.get(), LOCK_EX | LOCK_NB) == 0) return handle;
  if (errno == EWOULDBLOCK) return fail(errc::io_failed, subject + " is in use by another process");
  return io_failure("lock", path);
}

result<mapped_file> mapped_file::open(const std::string& path) {
  const file_handle handle{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status {};
  if (!handle.is_open() || ::fstat(handle.get(), &status) != 0) return io_failure("open", path);
  mapped_file file;
  if (status.st_size == 0) return file;
  file.size_ = static_cast<std::size_t>(status.st_size);
  auto* data = ::mmap(nullptr, file.size_, PROT_READ, MAP_PRIVATE, handle.get(), 0);
  if (data == MAP_FAILED) return io_failure("map", path);
  file.data_ = static_cast<char*>(data);
  ::madvise(data, file.size_, MADV_SEQUENTIAL);
  return file;
}

mapped_file::mapped_file(mapped_file&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

mapped_file& mapped_file::operator=(mapped_file&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

mapped_file::~mapped_file() {
  if (data_) ::munmap(data_, size_);
}

} // namespace penstock
