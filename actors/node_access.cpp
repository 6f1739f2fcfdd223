#include "actors/node_impl.hpp"

#include "storage/api_key.hpp"

#include <caf/all.hpp>

// The node's operations on keys and workspaces.
namespace penstock {

api_key_record node_impl::key_record(workspace_id workspace, key_draft draft, std::string_view key) const {
  api_key_record record;
  const auto now = clock_->now();
  record.id = api_key_id{make_uuid7(now, 0, random_->next())};
  record.workspace = workspace;
  record.name = std::move(draft.name);
  record.prefix = shown_prefix(key);
  record.key_hash = seals_.keyed_hash(key);
  record.scopes = std::move(draft.scopes);
  record.created_at = now;
  if (draft.expires_in_days) record.expires_at = now + std::chrono::hours{24 * std::int64_t{*draft.expires_in_days}};
  record.rate_limit = draft.rate_limit;
  return record;
}

void node_impl::create_key(const caller& who, key_draft draft, reply<created_key> done) {
  auto key = make_api_key();
  auto once = std::move(draft.once);
  auto record = key_record(who.workspace, std::move(draft), key);
  penstock::create_key command{record, std::move(once),
                               [record, key = std::move(key), done = std::move(done)](result<void> stored) {
                                 if (!stored) done(unexpected(stored.error()));
                                 else done(created_key{record, key});
                               }};
  submit({}, key_command{std::move(command)}, note_of(who, shown_id(record.id)));
}

void node_impl::list_keys(const caller& who, page which, reply<listing<api_key_record>> done) {
  done(keyring_.list(who.workspace, which));
}

void node_impl::revoke_key(const caller& who, api_key_id id, reply<revoked_key> done) {
  const bool had_admin = keyring_.has_admin(who.workspace);
  auto revoked = [this, id, had_admin, workspace = who.workspace, done = std::move(done)](result<void> stored) {
    if (!stored) {
      done(unexpected(std::move(stored).error()));
      return;
    }
    done(revoked_key{had_admin && !keyring_.has_admin(workspace)});
    // After the answer: the key may have revoked itself, and its request is not to be refused for that.
    key_watchers_.notify(id);
  };
  submit({}, key_command{penstock::revoke_key{who.workspace, id, std::move(revoked)}}, note_of(who, shown_id(id)));
}

expected<caller, key_refusal> node_impl::authenticate(std::string_view api_key) {
  auto who = keyring_.authenticate(api_key);
  if (who) store_key_uses();
  return who;
}

void node_impl::store_key_uses() {
  auto used = keyring_.take_uses();
  if (!used.empty()) pass({}, key_command{touch_keys{std::move(used)}});
}

bool node_impl::is_still_good(const caller& who) const { return keyring_.is_still_good(who); }

std::shared_ptr<void> node_impl::watch_keys(std::function<void(api_key_id)> ended) {
  return key_watchers_.watch(std::move(ended));
}

bool node_impl::knows_workspace(workspace_id id) const { return workspaces_.knows(id); }

void node_impl::make_workspace(const caller& who, reply<void> done) {
  workspace_record record{who.workspace, clock_->now(), who.subject, {}};
  auto made = [this, id = who.workspace, done = std::move(done)](result<void> stored) {
    if (stored) workspaces_.put(id);
    done(std::move(stored));
  };
  submit({}, key_command{penstock::make_workspace{std::move(record), std::move(made)}}, nullptr);
}

} // namespace penstock
