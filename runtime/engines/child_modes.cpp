#include "runtime/engines/child_modes.hpp"

#include "runtime/engines/process_keeper.hpp"
#include "runtime/engines/sql_child.hpp"

#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace penstock {

bool can_confine_tasks(const std::string& program) {
  std::string path = program, mode = confinement_probe_mode;
  char* arguments[] = {path.data(), mode.data(), nullptr};
  char* environment[] = {nullptr};
  pid_t child = 0;
  if (::posix_spawn(&child, path.c_str(), nullptr, nullptr, arguments, environment) != 0) return false;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return false;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int run_child_mode(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == process_keeper_mode) {
    const bool plain = argc > 2 && argv[2] == std::string_view(without_namespaces);
    const isolation how = plain ? isolation{} : probe_isolation();
    // Where a task can see it, it must not be able to trace it and to start processes in its name.
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    ::_exit(run_process_keeper({how, [&how](fork_parts parts) { run_attempt_init(std::move(parts), how); }}));
  }
  if (mode == confinement_probe_mode) ::_exit(probe_isolation().mounts ? 0 : 1);
  if (mode == sql_keeper_mode && argc > 2) ::_exit(run_sql_keeper(argv[2]));
  return -1;
}

} // namespace penstock
