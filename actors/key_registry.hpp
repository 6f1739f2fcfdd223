#pragma once

#include "actors/operations.hpp"
#include "runtime/seams.hpp"
#include "storage/sealing.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace penstock {

/// All API keys of the node in memory, by hash: what authentication reads. Thread-safe.
class key_registry {
public:
  key_registry(const sealer& seals, std::shared_ptr<clock_source> clock) : seals_(seals), clock_(std::move(clock)) {}

  /// A key as it stands in the store from now on.
  void put(const api_key_record& record);

  /// The caller behind a key; `errc::unauthorized` if it is malformed, unknown, expired or revoked.
  [[nodiscard]] result<caller> authenticate(std::string_view key);

  /// Live keys of a workspace, newest first.
  [[nodiscard]] std::vector<api_key_record> list(workspace_id workspace) const;

  /// Keys used for the first time, or again after a minute, since the last call: their use is to be stored.
  [[nodiscard]] std::vector<api_key_id> take_touched();

private:
  struct entry {
    api_key_record record;
    scope_set scopes = 0;
    std::atomic<std::int64_t> used_at{0}; ///< Milliseconds since the epoch, UTC, of the use that was last stored.
  };

  const sealer& seals_;
  std::shared_ptr<clock_source> clock_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, entry> by_hash_;
  std::mutex touched_mutex_;
  std::vector<api_key_id> touched_;
};

} // namespace penstock
