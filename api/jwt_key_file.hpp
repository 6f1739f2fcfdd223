#pragma once

#include "api/jwt_keys.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace penstock {

/// The keys of a file (`--jwt-keys`), read again when the file changes. Thread-safe; nobody waits for the reading.
class jwt_key_file {
public:
  /// How often the file is looked at.
  static constexpr std::chrono::milliseconds look_every{2'000};

  /// Reads the file.
  /// @returns `errc::io_failed` or `errc::invalid_argument` naming the file.
  [[nodiscard]] static result<std::shared_ptr<jwt_key_file>> open(std::string path);

  /// Keys, and a number that every change of them counts up.
  struct snapshot {
    std::shared_ptr<const jwt_key_set> keys;
    std::uint64_t version = 0;
  };
  [[nodiscard]] snapshot current() const;
  [[nodiscard]] std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }

  /// Looks at the file, and reads it if it has changed. One that does not read leaves the keys as they are and is logged.
  void look();
  /// Looks from now on by a thread of its own, until this object goes.
  void watch();

  jwt_key_file(const jwt_key_file&) = delete;
  jwt_key_file& operator=(const jwt_key_file&) = delete;

private:
  /// What tells one state of a file from another.
  struct stamp {
    std::int64_t changed_ns = 0;
    std::int64_t size = 0;
    std::uint64_t inode = 0;
    friend bool operator==(const stamp&, const stamp&) = default;
  };

  explicit jwt_key_file(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] result<stamp> stamp_now() const;
  [[nodiscard]] result<jwt_key_set> read() const;
  void take(jwt_key_set keys);

  const std::string path_;
  stamp seen_; ///< Of the last reading, whatever came of it.
  mutable std::mutex mutex_;
  std::shared_ptr<const jwt_key_set> keys_;
  std::atomic<std::uint64_t> version_{0};
  std::jthread watcher_;
};

} // namespace penstock
