#include "actors/core/requests.hpp"

#include "runtime/model/codec.hpp"

#include <cstring>

namespace penstock {

unexpected<error> reused_key() {
  return fail(errc::key_reused,
              "Idempotency-Key was used before with another request; use a new key for a new request");
}

std::string request_key_of(const sealer& seals, partition_id p, workspace_id workspace, const std::string& key) {
  return keys::request(p, seals.keyed_hash(std::string{workspace.view()} + key));
}

void remember_request(const sealer& seals, partition_id p, workspace_id workspace, const request_key& once,
                      const uuid& made, timestamp now, proposal& out) {
  if (once.key.empty()) return;
  const auto key = request_key_of(seals, p, workspace, once.key);
  const request_record record{made, once.request_hash, now + request_kept};
  out.mutations.put(family::requests, key, codec::encode(record));
  // The timer's value is the request's whole key; half of the hash in its own key keeps timers of one instant apart.
  keys::timer timer{p, record.expires_at, static_cast<std::uint8_t>(timer_kind::request_expiry), {}, 0, 0, 0};
  std::memcpy(timer.id.bytes.data(), key.data() + 2, timer.id.bytes.size());
  out.mutations.put(family::timers, timer.encode(), key);
}

result<std::optional<uuid>> recall_request(const state_reader& state, const sealer& seals, partition_id p,
                                           workspace_id workspace, const request_key& once, timestamp now) {
  std::string bytes;
  if (once.key.empty() || !state.get(family::requests, request_key_of(seals, p, workspace, once.key), bytes))
    return std::optional<uuid>{};
  auto record = codec::decode<request_record>(bytes);
  if (!record) return unexpected(std::move(record).error());
  if (record->expires_at <= now) return std::optional<uuid>{};
  if (record->request_hash != once.request_hash) return reused_key();
  return std::optional{record->made};
}

} // namespace penstock
