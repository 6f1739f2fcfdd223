#pragma once

#include "runtime/model/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// `result` of a change that was made.
inline constexpr std::string_view audit_ok = "ok";
/// Bytes of any text of an entry; longer ones are cut.
inline constexpr std::size_t audit_text_bytes_max = 256;

/// Who changed what, or was refused to. When and in which workspace, its key says. Each change stores one, so what another
/// field says is left empty.
struct audit_record {
  std::string subject; ///< `sub` of a token, or a registered webhook's id; empty: the key.
  std::optional<api_key_id> key;
  std::string operation;      ///< Of the route, e.g. `cloud.createKey`.
  std::string object;         ///< What was acted on, where it is no uuid. Of a refusal as the client wrote it.
  std::optional<run_id> made; ///< The run that was started.
  std::string address;        ///< Of the connection's other end; empty: not known.
  std::string request_id;
  std::string result;        ///< The error's code; empty: `audit_ok`.
  std::uint32_t omitted = 0; ///< Refusals before this one that were too many to be kept.
  uuid object_id;            ///< What was acted on; nil: `object`.

  template <class Self, class Visitor>
  static void describe(Self& s, Visitor& v) {
    v(1, "subject", s.subject);
    v(2, "key", s.key);
    v(3, "operation", s.operation);
    v(4, "object", s.object);
    v(5, "made", s.made);
    v(6, "address", s.address);
    v(7, "request_id", s.request_id);
    v(8, "result", s.result);
    v(9, "omitted", s.omitted);
    v(10, "object_id", s.object_id);
  }
};

/// An entry with what its key says of it.
struct audit_entry {
  workspace_id workspace;
  timestamp at;
  audit_record what;
};

} // namespace penstock
