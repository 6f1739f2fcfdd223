#pragma once

#include "actors/caller.hpp"
#include "runtime/model/records.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// Why an API key is refused.
enum class key_refusal : std::uint8_t { unknown, expired, revoked };
/// A sentence without its end, for the client.
[[nodiscard]] std::string_view to_text(key_refusal why) noexcept;

/// `key_` and 32 hex digits: how clients know a key, and its caller's subject.
[[nodiscard]] std::string shown_id(api_key_id id);

struct key_draft {
  std::string name;
  std::vector<std::string> scopes;
  std::optional<std::uint32_t> expires_in_days;
  std::optional<std::uint32_t> rate_limit; ///< Requests per second, at least 1; none: the server's setting.
  request_key once;
};

struct created_key {
  api_key_record record;
  std::string key; ///< Shown this once.
};

struct revoked_key {
  bool last_admin = false; ///< The workspace has no API key of scope `admin` any more.
};

/// Workspaces, API keys and who is behind one. As `operations`: every reply is called exactly once, from any thread.
class access_operations {
public:
  virtual ~access_operations() = default;

  /// `errc::already_exists` naming the key if the `Idempotency-Key` made one before: its value is not kept.
  virtual void create_key(const caller& who, key_draft draft, reply<created_key> done) = 0;
  /// Newest first, without those that were revoked.
  virtual void list_keys(const caller& who, page which, reply<listing<api_key_record>> done) = 0;
  virtual void revoke_key(const caller& who, api_key_id id, reply<revoked_key> done) = 0;

  /// The caller behind an API key. Reads local memory only.
  [[nodiscard]] virtual expected<caller, key_refusal> authenticate(std::string_view api_key) = 0;
  /// Whether the API key of a caller is still good; true for one that came with a token. Reads local memory only.
  [[nodiscard]] virtual bool is_still_good(const caller& who) const = 0;
  /// Calls `ended` with each key that is revoked from now on, after its end is durable and answered, until what it returns
  /// is dropped. `ended` must only pass it on.
  [[nodiscard]] virtual std::shared_ptr<void> watch_keys(std::function<void(api_key_id)> ended) = 0;

  /// Reads local memory only.
  [[nodiscard]] virtual bool knows_workspace(workspace_id id) const = 0;
  /// Makes the caller's workspace, or finds it made.
  virtual void make_workspace(const caller& who, reply<void> done) = 0;
};

} // namespace penstock
