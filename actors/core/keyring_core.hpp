#pragma once

#include "actors/core/entity_core.hpp"

namespace penstock {

/// All API keys of the cluster, in partition 0.
class keyring_core final : public entity_core {
public:
  explicit keyring_core(const entity_surroundings& around) : around_(around) {}

  [[nodiscard]] std::unique_ptr<proposal> handle(entity_command command, timestamp now) override;

private:
  void store(const api_key_record& record, proposal& out) const;
  [[nodiscard]] result<void> revoke(const revoke_key& command, timestamp now, proposal& out) const;

  const entity_surroundings& around_;
};

/// Reads every API key, revoked ones too. @returns `errc::corrupt_record` if one does not decode.
[[nodiscard]] result<std::vector<api_key_record>> read_keys(const state_reader& state);

} // namespace penstock
