#pragma once

#include "actors/core/messages.hpp"
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

  /// The caller behind a key. Notes the use.
  [[nodiscard]] expected<caller, key_refusal> authenticate(std::string_view key);

  /// Whether the caller's key was neither revoked nor has expired; true for a caller without one.
  [[nodiscard]] bool is_still_good(const caller& who) const;

  /// Whether the key was ever made, whatever became of it.
  [[nodiscard]] bool was_made(std::string_view key) const;

  /// Whether a workspace has a key of scope `admin` that is good now.
  [[nodiscard]] bool has_admin(workspace_id workspace) const;

  /// A page of a workspace's keys that were not revoked, newest first, each with its newest use. Costs what the page holds.
  [[nodiscard]] listing<api_key_record> list(workspace_id workspace, page which) const;

  /// Keys used for the first time, or again after a minute, since the last call: their use is to be stored.
  [[nodiscard]] std::vector<key_use> take_uses();

private:
  struct entry {
    api_key_record record;
    std::string subject;
    scope_set scopes = 0;
    std::atomic<std::int64_t> used_at{0};   ///< Milliseconds since the epoch, UTC, of the newest use.
    std::atomic<std::int64_t> stored_at{0}; ///< Of the use that was last stored.
  };

  void note_use(entry& e, timestamp now);
  /// Where the key is, or would be, among a workspace's.
  static std::size_t place_of(const std::vector<entry*>& keys, api_key_id id);

  const sealer& seals_;
  std::shared_ptr<clock_source> clock_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, entry> by_hash_;
  std::unordered_map<workspace_id, std::vector<entry*>>
    live_; ///< Not revoked, in the order of their ids: oldest first.
  std::mutex uses_mutex_;
  std::vector<key_use> uses_;
  std::atomic<bool> has_uses_{false};
};

} // namespace penstock
