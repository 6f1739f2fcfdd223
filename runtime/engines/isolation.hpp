#pragma once

#include "runtime/engines/process.hpp"

#include <sys/types.h>

namespace penstock {

/// How much a keeper may set its processes apart on this system. Used in the keeper and its forks only.
struct isolation {
  int clone_flags = 0;    ///< CLONE_NEW… for the first process of an attempt.
  bool processes = false; ///< It has a PID namespace: whatever it starts dies with it, by the kernel's doing.
  bool mounts = false;    ///< It has a mount namespace: own /proc, hidden directories.
  uid_t user = 0;         ///< Who it is outside of a user namespace.
  gid_t group = 0;
};

/// The best this system allows, found by trying: as root with namespaces, else with a user namespace around them,
/// else (containers that forbid both) none.
[[nodiscard]] isolation probe_isolation();

/// In the first process of new namespaces: maps the user, hides directories, mounts an own /proc.
/// @returns 0 or the errno of what was refused.
[[nodiscard]] int enter_isolation(const isolation& how, const process_spec& spec);

/// Gives up every capability but those in `kept` (a mask of 1 << CAP_…) for this process and whatever it executes, and
/// the means to gain any.
void drop_capabilities(unsigned long long kept = 0);

/// Applies `limits` to this process. @returns false if the system refused one.
[[nodiscard]] bool apply_limits(const process_limits& limits);

} // namespace penstock
