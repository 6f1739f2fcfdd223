#pragma once

#include "actors/blocking_pool.hpp"
#include "runtime/engines/log_files.hpp"
#include "storage/store.hpp"

#include <cstddef>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace penstock {

/// Finds what lies on the disk of runs that are not in the store: they were cleared away, and a stop or a crash came before
/// their files were removed. A run is in the store before it has files, so it may be used while runs start.
class stray_files {
public:
  stray_files(std::filesystem::path data_dir, const state_reader& state);

  /// Looks at the next `count_max` directories. @returns whose runs are gone; none: these were the last.
  [[nodiscard]] std::optional<std::vector<run_id>> look(std::size_t count_max);

private:
  [[nodiscard]] std::optional<run_id> gone(const std::filesystem::path& directory) const;

  const state_reader& state_;
  std::filesystem::path data_dir_;
  std::vector<std::string> rooms_; ///< Not looked through yet.
  std::filesystem::directory_iterator at_;
};

/// Removes files of runs on the node's pool, a few at a time, so that other work gets its turn however many wait.
/// Thread-safe. The pool is stopped before this is destroyed.
class run_file_remover {
public:
  run_file_remover(std::string data_dir, std::shared_ptr<const log_files> logs, const state_reader& state,
                   std::shared_ptr<blocking_pool> pool);

  void remove(run_id run);
  /// Removes what the last stop left, however long that takes. Once, at the start.
  void sweep();

private:
  void post_removal();
  void remove_some();
  void remove_now(run_id run) const;

  std::filesystem::path data_dir_;
  std::shared_ptr<const log_files> logs_;
  std::shared_ptr<blocking_pool> pool_;
  stray_files strays_;
  std::mutex mutex_;
  std::deque<run_id> waiting_; ///< A job is posted as long as there are any.
};

} // namespace penstock
