#include "actors/core/keyring_core.hpp"

#include "actors/core/sealed_records.hpp"

namespace penstock {

void keyring_core::store(const api_key_record& record, proposal& out) const {
  out.mutations.put(family::state, keys::api_key(record.id), codec::encode(record));
  out.effects.push_back(key_changed{record});
}

result<void> keyring_core::revoke(const revoke_key& command, timestamp now, proposal& out) const {
  auto record = read_record<api_key_record>(around_.state, keys::api_key(command.id));
  if (!record || record->workspace != command.workspace || record->revoked_at)
    return fail(errc::not_found, "there is no API key " + to_text(command.id));
  record->revoked_at = now;
  store(*record, out);
  return {};
}

std::unique_ptr<proposal> keyring_core::handle(entity_command command, timestamp now) {
  auto& what = std::get<key_command>(command);
  auto out = std::make_unique<proposal>();
  if (auto* create = std::get_if<create_key>(&what)) {
    store(create->record, *out);
    out->replies.push_back(gate<void>(std::move(create->done), {}));
  } else if (auto* revoked = std::get_if<revoke_key>(&what)) {
    auto done = revoke(*revoked, now, *out);
    out->replies.push_back(gate<void>(std::move(revoked->done), std::move(done)));
  } else {
    for (const auto id : std::get<touch_keys>(what).used) {
      auto record = read_record<api_key_record>(around_.state, keys::api_key(id));
      if (!record) continue;
      record->last_used = now;
      store(*record, *out);
    }
  }
  return out;
}

result<std::vector<api_key_record>> read_keys(const state_reader& state) {
  std::vector<api_key_record> out;
  std::optional<error> failed;
  const auto prefix = keys::api_keys_prefix();
  state.scan(family::state, prefix, keys::behind(prefix), [&](std::string_view, std::string_view bytes) {
    auto record = codec::decode<api_key_record>(bytes);
    if (!record) failed = std::move(record).error();
    else out.push_back(std::move(*record));
    return !failed;
  });
  if (failed) return unexpected(std::move(*failed));
  return out;
}

} // namespace penstock
