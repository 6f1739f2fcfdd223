#pragma once

#include "actors/core/entity_core.hpp"
#include "actors/core/requests.hpp"

#include <unordered_map>
#include <unordered_set>

namespace penstock {

/// All API keys and workspaces of the cluster, in partition 0.
class keyring_core final : public entity_core {
public:
  explicit keyring_core(const entity_surroundings& around) : around_(around) {}

  [[nodiscard]] std::unique_ptr<proposal> handle(entity_command command, timestamp now) override;

private:
  [[nodiscard]] result<void> create(const create_key& command, timestamp now, proposal& out);
  [[nodiscard]] result<void> revoke(const revoke_key& command, timestamp now, proposal& out);
  void touch(const key_use& use, proposal& out);
  void make(const workspace_record& record, proposal& out);

  void store(const api_key_record& record, proposal& out);
  [[nodiscard]] result<api_key_record> find(api_key_id id) const;
  /// The key that an earlier request with this `Idempotency-Key` made.
  [[nodiscard]] result<std::optional<uuid>> earlier(workspace_id workspace, const request_key& once,
                                                    timestamp now) const;

  const entity_surroundings& around_;
  // What was decided since this core lives: the store has it only when it is durable, and the next decision must know it
  // before. A use that was noted beside a revocation would else bring the key back.
  std::unordered_map<api_key_id, api_key_record> changed_;
  std::unordered_map<std::string, request_record> asked_; ///< By key of family `requests`.
  std::unordered_set<workspace_id> made_;
};

/// Reads every API key, revoked ones too. @returns `errc::corrupt_record` if one does not decode.
[[nodiscard]] result<std::vector<api_key_record>> read_keys(const state_reader& state);

/// Reads every workspace. @returns `errc::corrupt_record` if one does not decode.
[[nodiscard]] result<std::vector<workspace_record>> read_workspaces(const state_reader& state);

} // namespace penstock
