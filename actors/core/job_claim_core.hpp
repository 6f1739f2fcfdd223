#pragma once

#include "actors/core/entity_core.hpp"

#include <optional>
#include <string>

namespace penstock {

/// Key of the claim on a job: a keyed hash over sender and name, of 32 bytes. The first sixteen are its entity.
[[nodiscard]] std::string job_key(const sealer& seals, trigger_id sender, const std::string& external_job_id);
[[nodiscard]] uuid job_entity(std::string_view job_key) noexcept;

/// Who has the claim on one job of an outside scheduler: the first to ask, until that one's run is gone. It is durable
/// before the run is started, so whoever asks again, wherever and after whatever crash, finds or starts the same run.
class job_claim_core final : public entity_core {
public:
  job_claim_core(const entity_surroundings& around, const uuid& id) : around_(around), id_(id) {}

  [[nodiscard]] std::unique_ptr<proposal> handle(entity_command command, timestamp now) override;

private:
  [[nodiscard]] result<job_claim> claim(const claim_job& command, proposal& out);
  [[nodiscard]] result<void> release(const release_job& command, proposal& out);
  [[nodiscard]] result<void> load(const std::string& key);
  [[nodiscard]] std::string stored_under(const std::string& key) const;

  const entity_surroundings& around_;
  uuid id_;
  bool loaded_ = false;
  std::optional<job_claim> held_;
};

/// The claim as it is stored: in family `requests`, without an end.
struct job_claim_record {
  run_id run;
  pipeline_id pipeline;

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "run", s.run);
    v(2, "pipeline", s.pipeline);
  }
};

} // namespace penstock
