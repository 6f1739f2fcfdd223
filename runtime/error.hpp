#pragma once

#include "runtime/expected.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// What went wrong, for programs. `api/error_table.cpp` maps each to an HTTP status.
enum class errc : std::uint8_t {
  invalid_argument = 1, ///< The request is malformed or a field is wrong; the message names it.
  unauthorized,         ///< No valid credentials.
  forbidden,            ///< Valid credentials without the right.
  not_found,            ///< No such object in the caller's workspace.
  invalid_transition,   ///< The object's state does not allow this command.
  already_exists,       ///< An object of that identity exists.
  precondition_failed,  ///< `If-Match` names another revision.
  key_reused,           ///< An `Idempotency-Key` came again with another request.
  too_large,            ///< A documented size limit is exceeded.
  unsupported_media,    ///< A body of another content type than the operation takes.
  rate_limited,         ///< Too many requests; try again later.
  unavailable,          ///< Overloaded, shutting down or without a quorum; try again later.
  timed_out,            ///< A deadline passed.
  cancelled,            ///< Stopped by request.
  task_failed,          ///< A task ended unsuccessfully (exit code, SQL error, HTTP status, failed check).
  artifact_lost,        ///< All copies of a task's output are gone.
  corrupt_record,       ///< Stored or received bytes do not decode.
  io_failed,            ///< The operating system refused a file or network operation.
  internal,             ///< A bug of ours.
};

/// The stable lower-case name of a code, e.g. "invalid_argument": `code` of a problem document.
[[nodiscard]] std::string_view to_text(errc code) noexcept;

/// One of several things wrong with a document, with its place.
struct problem {
  std::string field;        ///< Path of the field, e.g. "tasks[2].sql"; empty for the document as a whole.
  std::string message;      ///< What is wrong and what would be right.
  std::uint32_t line = 0;   ///< 1-based line in the text; 0 = unknown.
  std::uint32_t column = 0; ///< 1-based column in the text; 0 = unknown.

  friend bool operator==(const problem&, const problem&) = default;
};

/// A code for programs, a sentence for people, and for documents every problem found.
struct error {
  errc code = errc::internal;
  std::string message;
  std::vector<problem> problems;

  friend bool operator==(const error&, const error&) = default;
};

template <class T>
using result = expected<T, error>;

/// An error on its way into a `result`.
[[nodiscard]] inline unexpected<error> fail(errc code, std::string message) {
  return unexpected(error{code, std::move(message), {}});
}

} // namespace penstock
