#pragma once

#include "runtime/model/audit.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

namespace penstock {

/// How many refusals a workspace may leave behind in the audit log.
struct refusal_limits {
  std::uint32_t at_once = 30;
  milliseconds one_per{1'000};        ///< How often there is room for another one.
  std::size_t workspaces_max = 1'000; ///< Held at a time; refusals of others are counted alone.
};

/// Refusals on their way to the audit log: a few of each workspace at once and then one a second. The others are counted,
/// and the next one that is kept says how many they were. Thread-safe.
class refusal_log {
public:
  explicit refusal_log(refusal_limits limits = {}) : limits_(limits) {}

  void add(workspace_id workspace, audit_record what, timestamp now);
  /// What is to be kept since the last call.
  [[nodiscard]] std::vector<audit_entry> take(timestamp now);
  /// Refusals without an entry of their own, since the start.
  [[nodiscard]] std::uint64_t omitted() const;

private:
  struct room {
    std::uint32_t free = 0;
    timestamp filled_at;
    std::vector<audit_entry> kept;
    std::uint32_t omitted = 0; ///< Since the last one that was kept.
    std::optional<audit_entry> last_omitted;
  };
  void refill(room& r, timestamp now) const;
  void keep(room& r, audit_entry entry, std::uint32_t omitted) const;

  refusal_limits limits_;
  mutable std::mutex mutex_;
  std::map<workspace_id, room> rooms_;
  std::uint64_t omitted_ = 0;
};

} // namespace penstock
