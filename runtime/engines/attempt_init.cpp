#include "runtime/engines/attempt_init.hpp"

#include "runtime/engines/descendants.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace penstock {

namespace {

struct start_failure {
  start_step step = start_step::fork;
  int error_number = 0;
};

keeper_report failure_report(process_number number, const start_failure& why) {
  return {.kind = keeper_report_kind::main_ended,
          .outcome = static_cast<std::uint32_t>(process_outcome::not_started),
          .number = number,
          .code = why.error_number,
          .step = static_cast<std::uint32_t>(why.step)};
}

keeper_report end_report(process_number number, int status) {
  const bool exited = WIFEXITED(status);
  return {.kind = keeper_report_kind::main_ended,
          .outcome = static_cast<std::uint32_t>(exited ? process_outcome::exited : process_outcome::signalled),
          .number = number,
          .code = exited ? WEXITSTATUS(status) : WTERMSIG(status)};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

/// In the program's process. Returns only if something failed.
start_failure execute(fork_parts& parts) {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  ::setsid();
  for (int i = 0; i < 3; ++i) ::dup2(parts.streams[static_cast<std::size_t>(i)].get(), i);
  ::close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
  // Before the limits, which leave a process full of a sanitizer's shadow no memory at all.
  auto arguments = pointers(parts.spec.arguments);
  auto environment = pointers(parts.spec.environment);
  if (!apply_limits(parts.spec.limits)) return {start_step::isolation, errno};
  if (::chdir(parts.spec.directory.c_str()) != 0) return {start_step::directory, errno};
  ::execve(arguments.front(), arguments.data(), environment.data());
  return {start_step::program, errno};
}

/// Starts the program. @returns its pid, or a failure already reported.
pid_t start_program(fork_parts& parts) {
  int failure_pipe[2] = {-1, -1};
  if (::pipe2(failure_pipe, O_CLOEXEC) != 0) {
    send_report(failure_report(parts.number, {start_step::fork, errno}));
    return -1;
  }
  const pid_t pid = ::fork();
  if (pid == 0) {
    const start_failure why = execute(parts);
    (void)!::write(failure_pipe[1], &why, sizeof why);
    ::_exit(127);
  }
  ::close(failure_pipe[1]);
  start_failure why{start_step::fork, errno};
  const bool failed = pid < 0 || ::read(failure_pipe[0], &why, sizeof why) == sizeof why;
  ::close(failure_pipe[0]);
  if (failed) send_report(failure_report(parts.number, why));
  return failed ? -1 : pid;
}

void terminate_all(const isolation& how) {
  const auto signal_all = [&](int number) {
    if (how.processes) {
      ::kill(-1, number);
      return;
    }
    for (const pid_t pid : descendants_of(::getpid())) ::kill(pid, number);
  };
  signal_all(SIGTERM);
  signal_all(SIGCONT); // A stopped process sees the signal only when it runs again.
}

/// Reaps whatever has ended. @returns whether the program was among it, its status in `main_status`.
bool reap(pid_t main, int& main_status) {
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return false;
    if (pid != main) continue;
    main_status = status;
    return true;
  }
}

/// Until the program has ended or everything is to end. @returns whether `status` is the program's.
bool wait_for_end(pid_t main, int keeper_alive, const isolation& how, int& status) {
  sigset_t awaited;
  sigemptyset(&awaited);
  for (const int number : {SIGCHLD, SIGTERM, kill_tree_signal}) sigaddset(&awaited, number);
  const descriptor signals(::signalfd(-1, &awaited, SFD_CLOEXEC | SFD_NONBLOCK));
  pollfd watched[] = {{signals.get(), POLLIN, 0}, {keeper_alive, POLLIN, 0}};
  for (;;) {
    if (reap(main, status)) return true;
    if (::poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents != 0) return false;
    signalfd_siginfo info{};
    while (::read(signals.get(), &info, sizeof info) == sizeof info) {
      if (info.ssi_signo == static_cast<std::uint32_t>(kill_tree_signal)) return false;
      if (info.ssi_signo == SIGTERM) terminate_all(how);
    }
  }
}

} // namespace

void send_report(const keeper_report& report) {
  while (::send(keeper_socket, &report, sizeof report, MSG_NOSIGNAL) < 0 && errno == EINTR) {}
}

void run_attempt_init(fork_parts parts, const isolation& how) {
  ::prctl(PR_SET_PDEATHSIG, how.processes ? SIGKILL : kill_tree_signal, 0, 0, 0);
  if (!how.processes) ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  // Its maps of users belong to it only while it is. The namespaces are new, so nobody of its user is in them yet.
  if (how.clone_flags & CLONE_NEWUSER) ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  if (const int refused = enter_isolation(how, parts.spec); refused != 0) {
    send_report(failure_report(parts.number, {start_step::isolation, refused}));
    ::_exit(1);
  }
  drop_capabilities();
  // What it started runs as the same user and must not be able to trace it and write to the server in its name.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const pid_t main = start_program(parts);
  for (auto& stream : parts.streams) stream.reset();
  int status = 0;
  if (main > 0 && wait_for_end(main, parts.keeper_alive, how, status)) send_report(end_report(parts.number, status));
  if (!how.processes) kill_own_descendants();
  ::_exit(0); // As the first process of a PID namespace it takes all others with it.
}

} // namespace penstock
