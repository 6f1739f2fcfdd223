#pragma once

#include "runtime/error.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace penstock {

/// A file on its way to a socket, without a copy through this process (`sendfile`).
class file_transfer {
public:
  file_transfer() = default;
  file_transfer(file_transfer&& other) noexcept { swap(other); }
  file_transfer& operator=(file_transfer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~file_transfer();

  /// @returns `errc::artifact_lost` if there is no such regular file (any more).
  [[nodiscard]] static result<file_transfer> open(const std::string& path);

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] std::uint64_t sent() const noexcept { return offset_; }
  [[nodiscard]] bool finished() const noexcept { return offset_ == size_; }

  enum class outcome : std::uint8_t { progress, would_block, failed };
  /// Sends at most 256 KiB into a non-blocking socket.
  [[nodiscard]] outcome send_some(int socket);

private:
  void swap(file_transfer& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(offset_, other.offset_);
    std::swap(size_, other.size_);
  }

  int fd_ = -1;
  std::uint64_t offset_ = 0;
  std::uint64_t size_ = 0;
};

} // namespace penstock
