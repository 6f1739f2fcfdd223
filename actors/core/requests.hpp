#pragma once

#include "actors/core/messages.hpp"
#include "storage/sealing.hpp"

#include <optional>
#include <string>

/// What a client's `Idempotency-Key` made, kept for a day beside the change itself.
namespace penstock {

inline constexpr milliseconds request_kept{24 * 3600 * 1000};

struct request_record {
  uuid made;                ///< The pipeline or run.
  std::string request_hash; ///< Of what was asked.
  timestamp expires_at;

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "made", s.made);
    v(2, "request_hash", s.request_hash);
    v(3, "expires_at", s.expires_at);
  }
};

/// `errc::key_reused`.
[[nodiscard]] unexpected<error> reused_key();

/// Key of a request in its family: a keyed hash over workspace and client's key.
[[nodiscard]] std::string request_key_of(const sealer& seals, partition_id p, workspace_id workspace,
                                         const std::string& key);

/// Adds the record and the timer that takes it away to the change. Nothing for an empty key.
void remember_request(const sealer& seals, partition_id p, workspace_id workspace, const request_key& once,
                      const uuid& made, timestamp now, proposal& out);

/// What an earlier request with this key made.
/// @returns nothing for a new key; `errc::key_reused` if it asked for something else.
[[nodiscard]] result<std::optional<uuid>> recall_request(const state_reader& state, const sealer& seals, partition_id p,
                                                         workspace_id workspace, const request_key& once,
                                                         timestamp now);

} // namespace penstock
