#pragma once

#include "actors/caller.hpp"
#include "runtime/model/audit.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// Which entries of the audit log; an empty text stands for any.
struct audit_filter {
  std::optional<timestamp> from; ///< Both ends belong to the range.
  std::optional<timestamp> to;
  std::string subject;
  std::string operation;
  std::string object; ///< An id in any surface's form, or a name.
  std::string result;
};

/// Behind which entry a page begins.
struct audit_cursor {
  timestamp at;
  std::uint64_t number = 0;
  partition_id partition = 0;

  friend bool operator==(const audit_cursor&, const audit_cursor&) = default;
};

struct audit_page {
  std::vector<audit_entry> entries; ///< Newest first, with `subject`, `object` and `result` filled.
  std::optional<audit_cursor> next; ///< Where to go on; none: there are no more.
};

/// The audit log. As `operations`: every reply is called exactly once, from any thread.
class audit_operations {
public:
  virtual ~audit_operations() = default;

  /// Of the caller's workspace. Looks at a bounded number of entries: a page of few that match may be short and still have
  /// a `next`.
  virtual void list_audit(const caller& who, audit_filter filter, std::uint32_t limit,
                          std::optional<audit_cursor> before, reply<audit_page> done) = 0;
  /// Notes that a client was refused something, or did what changes nothing here. Not durable on return; of very many at
  /// once only some are kept.
  /// @param object as the client wrote it. @param outcome the error's code, or `audit_ok`.
  virtual void note_request(const caller& who, std::string_view object, std::string_view outcome) = 0;
};

} // namespace penstock
