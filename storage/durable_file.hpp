#pragma once

#include "runtime/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace penstock {

/// An open file, closed when it goes. Never inherited by programs we start.
class file_handle {
public:
  file_handle() = default;
  explicit file_handle(int descriptor) noexcept : descriptor_(descriptor) {}
  file_handle(file_handle&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  file_handle& operator=(file_handle&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~file_handle();

  [[nodiscard]] int get() const noexcept { return descriptor_; }
  [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }

private:
  int descriptor_ = -1;
};

/// `errc::io_failed` with what was tried, the file and the reason in `errno`.
[[nodiscard]] unexpected<error> io_failure(std::string_view what, const std::string& path);

/// Makes `directory` and those above it, with mode 0700, if they are not there.
[[nodiscard]] result<void> ensure_directory(const std::string& directory);

/// Makes the names in `directory` durable.
[[nodiscard]] result<void> sync_directory(const std::string& directory);

/// Makes and syncs a file that must not be there; one of an earlier try is removed first.
[[nodiscard]] result<void> write_new_file(const std::string& path, std::string_view bytes, std::uint32_t mode);

/// Replaces `path` by `bytes` in one step that survives a power failure: written beside it, synced, renamed, the
/// directory synced.
[[nodiscard]] result<void> replace_file(const std::string& path, std::string_view bytes);

/// @returns `errc::not_found` if there is no such file, `errc::too_large` beyond `bytes_max`.
[[nodiscard]] result<std::string> read_file(const std::string& path, std::size_t bytes_max);

/// Cuts a file to `bytes` and makes that durable.
[[nodiscard]] result<void> truncate_file(const std::string& path, std::uint64_t bytes);

/// Holds `path` for this process until it goes.
/// @returns `errc::io_failed` if somebody else holds it; `subject` names what is in use then.
[[nodiscard]] result<file_handle> lock_file(const std::string& path, const std::string& subject);

/// A file's bytes, mapped for reading.
class mapped_file {
public:
  [[nodiscard]] static result<mapped_file> open(const std::string& path);

  mapped_file(mapped_file&& other) noexcept;
  mapped_file& operator=(mapped_file&& other) noexcept;
  ~mapped_file();

  [[nodiscard]] std::string_view bytes() const noexcept { return {data_, size_}; }

private:
  mapped_file() = default;

  char* data_ = nullptr;
  std::size_t size_ = 0;
};

} // namespace penstock
