#include "actors/core/job_claim_core.hpp"

#include "runtime/model/codec.hpp"

#include <cstring>

namespace penstock {

std::string job_key(const sealer& seals, trigger_id sender, const std::string& external_job_id) {
  // The word keeps it apart from hashes of `Idempotency-Key`, which begin with a workspace.
  return seals.keyed_hash(std::string{"external job"} + '\0' + std::string{sender.view()} + external_job_id);
}

uuid job_entity(std::string_view job_key) noexcept {
  uuid id;
  std::memcpy(id.bytes.data(), job_key.data(), id.bytes.size());
  return id;
}

std::string job_claim_core::stored_under(const std::string& key) const {
  return keys::request(partition_of(slot_of(id_), around_.partition_count), key);
}

result<void> job_claim_core::load(const std::string& key) {
  if (loaded_) return {};
  std::string bytes;
  if (around_.state.get(family::requests, stored_under(key), bytes)) {
    const auto record = codec::decode<job_claim_record>(bytes);
    if (!record) return unexpected(record.error());
    held_ = job_claim{record->run, record->pipeline};
  }
  loaded_ = true;
  return {};
}

result<job_claim> job_claim_core::claim(const claim_job& command, proposal& out) {
  if (auto loaded = load(command.key); !loaded) return unexpected(loaded.error());
  if (!held_ && command.wanted.pipeline.is_nil())
    return fail(errc::invalid_argument,
                "pipelineId is missing: name the pipeline to start here, or when the webhook is registered");
  if (!held_) {
    held_ = command.wanted;
    out.mutations.put(family::requests, stored_under(command.key),
                      codec::encode(job_claim_record{held_->run, held_->pipeline}));
  }
  return *held_;
}

result<void> job_claim_core::release(const release_job& command, proposal& out) {
  if (auto loaded = load(command.key); !loaded) return loaded;
  if (!held_ || held_->run != command.run) return {};
  held_.reset();
  out.mutations.remove(family::requests, stored_under(command.key));
  return {};
}

std::unique_ptr<proposal> job_claim_core::handle(entity_command command, timestamp) {
  auto& what = std::get<claim_command>(command);
  auto out = std::make_unique<proposal>();
  out->entity = id_;
  if (auto* wanted = std::get_if<claim_job>(&what)) {
    auto done = claim(*wanted, *out);
    out->answer(wanted->done, std::move(done));
  } else {
    auto& released = std::get<release_job>(what);
    auto done = release(released, *out);
    out->answer(released.done, std::move(done));
  }
  return out;
}

} // namespace penstock
