#include "runtime/error.hpp"

namespace penstock {

std::string_view to_text(errc code) noexcept {
  switch (code) {
    case errc::invalid_argument: return "invalid_argument";
    case errc::unauthorized: return "unauthorized";
    case errc::forbidden: return "forbidden";
    case errc::not_found: return "not_found";
    case errc::invalid_transition: return "invalid_transition";
    case errc::already_exists: return "already_exists";
    case errc::precondition_failed: return "precondition_failed";
    case errc::key_reused: return "key_reused";
    case errc::too_large: return "too_large";
    case errc::unsupported_media: return "unsupported_media";
    case errc::rate_limited: return "rate_limited";
    case errc::unavailable: return "unavailable";
    case errc::timed_out: return "timed_out";
    case errc::cancelled: return "cancelled";
    case errc::task_failed: return "task_failed";
    case errc::artifact_lost: return "artifact_lost";
    case errc::corrupt_record: return "corrupt_record";
    case errc::io_failed: return "io_failed";
    case errc::internal: return "internal";
  }
  return "internal";
}

} // namespace penstock
