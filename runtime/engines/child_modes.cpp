#include "runtime/engines/child_modes.hpp"

#include "runtime/engines/process_keeper.hpp"
#include "runtime/engines/sql_child.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <string_view>

namespace penstock {

int run_child_mode(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == process_keeper_mode) {
    const bool plain = argc > 2 && argv[2] == std::string_view(without_namespaces);
    const isolation how = plain ? isolation{} : probe_isolation();
    // Where a task can see it, it must not be able to trace it and to start processes in its name.
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    ::_exit(run_process_keeper({how, [&how](fork_parts parts) { run_attempt_init(std::move(parts), how); }}));
  }
  if (mode == sql_keeper_mode && argc > 2) ::_exit(run_sql_keeper(argv[2]));
  return -1;
}

} // namespace penstock
