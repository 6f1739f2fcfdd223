#include "actors/core/keyring_core.hpp"

#include "actors/core/sealed_records.hpp"

#include <algorithm>

namespace penstock {

namespace {

constexpr partition_id system_partition = 0;

std::string key_of(workspace_id id) { return keys::system_record(keys::state_kind::workspace, id.raw); }

template <class Record>
result<std::vector<Record>> read_all(const state_reader& state, const std::string& prefix) {
  std::vector<Record> out;
  std::optional<error> failed;
  state.scan(family::state, prefix, keys::behind(prefix), [&](std::string_view, std::string_view bytes) {
    auto record = codec::decode<Record>(bytes);
    if (!record) failed = std::move(record).error();
    else out.push_back(std::move(*record));
    return !failed;
  });
  if (failed) return unexpected(std::move(*failed));
  return out;
}

} // namespace

void keyring_core::store(const api_key_record& record, proposal& out) {
  out.mutations.put(family::state, keys::api_key(record.id), codec::encode(record));
  out.effects.push_back(key_changed{record});
  changed_[record.id] = record;
}

result<api_key_record> keyring_core::find(api_key_id id) const {
  if (const auto it = changed_.find(id); it != changed_.end()) return it->second;
  return read_record<api_key_record>(around_.state, keys::api_key(id));
}

result<std::optional<uuid>> keyring_core::earlier(workspace_id workspace, const request_key& once,
                                                  timestamp now) const {
  const auto it = asked_.find(request_key_of(around_.seals, system_partition, workspace, once.key));
  if (it == asked_.end()) return recall_request(around_.state, around_.seals, system_partition, workspace, once, now);
  if (it->second.expires_at <= now) return std::optional<uuid>{};
  if (it->second.request_hash != once.request_hash) return reused_key();
  return std::optional{it->second.made};
}

result<void> keyring_core::create(const create_key& command, timestamp now, proposal& out) {
  const auto& [record, once, done] = command;
  if (!once.key.empty()) {
    const auto made = earlier(record.workspace, once, now);
    if (!made) return unexpected(made.error());
    if (*made)
      return fail(errc::already_exists, "this Idempotency-Key made the API key " + shown_id(api_key_id{**made}) +
                                          " before; its value was shown then and is not kept: revoke it and ask "
                                          "with a new Idempotency-Key");
    asked_[request_key_of(around_.seals, system_partition, record.workspace, once.key)] = {
      record.id.raw, once.request_hash, now + request_kept};
    remember_request(around_.seals, system_partition, record.workspace, once, record.id.raw, now, out);
  }
  store(record, out);
  return {};
}

result<void> keyring_core::revoke(const revoke_key& command, timestamp now, proposal& out) {
  auto record = find(command.id);
  if (!record || record->workspace != command.workspace || record->revoked_at)
    return fail(errc::not_found, "there is no API key " + shown_id(command.id));
  record->revoked_at = now;
  store(*record, out);
  return {};
}

void keyring_core::touch(const key_use& use, proposal& out) {
  auto record = find(use.id);
  if (!record || record->last_used >= use.at) return;
  record->last_used = use.at;
  store(*record, out);
}

void keyring_core::make(const workspace_record& record, proposal& out) {
  std::string bytes;
  if (record.id == default_workspace || around_.state.get(family::state, key_of(record.id), bytes)) return;
  if (made_.insert(record.id).second) out.mutations.put(family::state, key_of(record.id), codec::encode(record));
}

std::unique_ptr<proposal> keyring_core::handle(entity_command command, timestamp now) {
  auto& what = std::get<key_command>(command);
  auto out = std::make_unique<proposal>();
  if (auto* wanted = std::get_if<create_key>(&what)) {
    auto done = create(*wanted, now, *out);
    out->answer(wanted->done, std::move(done));
  } else if (auto* revoked = std::get_if<revoke_key>(&what)) {
    auto done = revoke(*revoked, now, *out);
    out->answer(revoked->done, std::move(done));
  } else if (auto* seen = std::get_if<make_workspace>(&what)) {
    make(seen->record, *out);
    out->answer(seen->done, {});
  } else {
    for (const auto& use : std::get<touch_keys>(what).used) touch(use, *out);
  }
  return out;
}

result<std::vector<api_key_record>> read_keys(const state_reader& state) {
  return read_all<api_key_record>(state, keys::api_keys_prefix());
}

result<std::vector<workspace_record>> read_workspaces(const state_reader& state) {
  return read_all<workspace_record>(state, keys::system_prefix(keys::state_kind::workspace));
}

} // namespace penstock
