#pragma once

#include "storage/store.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace penstock {

/// How a database on disk is kept. The defaults keep an idle node below 100 MB.
struct rocksdb_settings {
  durability sync = durability::fsync;
  std::size_t block_cache_bytes = std::size_t{64} << 20; ///< Shared by all families, index and filter blocks included.
  std::size_t write_buffers_bytes = std::size_t{64} << 20; ///< Of all families together, before they are flushed.
  std::size_t logs_bytes_max = std::size_t{128} << 20;     ///< Of log files, before a flush makes the oldest needless.
  std::size_t counters_cached_max = 100'000;
  std::size_t checked_at_start_bytes = std::size_t{64} << 20; ///< Of tables, newest first; the rest is checked later.
  std::chrono::milliseconds watermark_interval{1'000};        ///< At most one watermark is written in that time.
  /// Called when stored bytes turn out to be damaged while the database is in use. Must not return: what is read could
  /// not be relied on, and the readers' interface has no way to say so. Empty: a line on standard error, then `abort`.
  std::function<void(const error&)> on_fatal;
};

/// As `open_rocksdb_store(directory, durability)`, with everything settable.
[[nodiscard]] result<std::unique_ptr<store>> open_rocksdb_store(const std::string& directory,
                                                                rocksdb_settings settings);

} // namespace penstock
