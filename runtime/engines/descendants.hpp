#pragma once

#include <sys/types.h>

#include <vector>

namespace penstock {

/// All processes that descend from `root`, without itself, as /proc shows them now.
[[nodiscard]] std::vector<pid_t> descendants_of(pid_t root);

/// Kills and reaps every descendant of the calling process, which must be a child subreaper, so that none can leave
/// by losing its parent. Gives up after a second or so on processes the kernel will not let go of.
void kill_own_descendants();

} // namespace penstock
