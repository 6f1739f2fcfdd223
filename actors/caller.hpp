#pragma once

#include "runtime/error.hpp"
#include "runtime/model/ids.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Who asks, how it is answered, and how much of a list: what all operations share.
namespace penstock {

/// Rights, as bits. Only `admin` implies others.
enum class scope : std::uint8_t {
  none = 0,
  read_pipelines = 1,
  read_jobs = 2,
  read_metrics = 4,
  write_pipelines = 8,
  admin = 16,
};
using scope_set = std::uint8_t;
/// "read:pipelines" and so on.
[[nodiscard]] std::string_view to_text(scope s) noexcept;
[[nodiscard]] std::optional<scope> parse_scope(std::string_view text) noexcept;
[[nodiscard]] constexpr bool allows(scope_set have, scope want) noexcept {
  return want == scope::none || (have & static_cast<scope_set>(scope::admin)) || (have & static_cast<scope_set>(want));
}

/// Where a change comes from: for the audit log.
struct audit_origin {
  std::string operation;  ///< Of the route, e.g. `pipelines.create`.
  std::string address;    ///< Of the connection's other end; empty: not known.
  std::string request_id; ///< `X-Request-Id`.
};

/// Who asks.
struct caller {
  workspace_id workspace;
  std::string subject; ///< `sub` of a token, or the key's id as clients see it.
  scope_set scopes = 0;
  std::optional<api_key_id> key = {};       ///< None: a token.
  std::optional<timestamp> expires_at = {}; ///< The credential's end.
  uuid counted_as = {};         ///< Whose requests count together: the key's id, else of workspace and subject.
  std::uint32_t rate_limit = 0; ///< Requests per second of its own; 0: the server's setting.
  audit_origin origin = {};     ///< Of a request that may change something; else empty.
};

/// A client's `Idempotency-Key` with a hash of what it asked, so that a repeat is known and another request refused.
struct request_key {
  std::string key;          ///< Empty: none.
  std::string request_hash; ///< BLAKE2b-256 over method, path and body, raw bytes.
};

struct page {
  std::uint32_t limit = 100;
  std::uint64_t offset = 0;
};

template <class T>
struct listing {
  std::vector<T> entries;
  std::uint64_t total = 0; ///< Of all that match, whatever the page.
};

template <class T>
using reply = std::function<void(result<T>)>;

} // namespace penstock
