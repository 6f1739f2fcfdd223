#include "runtime/engines/process_keeper.hpp"

#include "runtime/engines/descendants.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>

namespace penstock {

namespace {

/// A request with the descriptors that came along.
struct received_request {
  keeper_request request;
  std::array<descriptor, start_descriptor_count> descriptors;
  std::size_t descriptor_count = 0;
};

enum class receive_outcome { received, nothing, server_gone };

receive_outcome receive(received_request& out) {
  iovec data{&out.request, sizeof out.request};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * start_descriptor_count)> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t n = ::recvmsg(keeper_socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (n < 0) return errno == EAGAIN || errno == EINTR ? receive_outcome::nothing : receive_outcome::server_gone;
  if (n != sizeof out.request) return receive_outcome::server_gone;
  const cmsghdr* part = CMSG_FIRSTHDR(&message);
  if (part && part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS) {
    std::array<int, start_descriptor_count> numbers{};
    out.descriptor_count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    std::memcpy(numbers.data(), CMSG_DATA(part), out.descriptor_count * sizeof(int));
    for (std::size_t i = 0; i < out.descriptor_count; ++i) out.descriptors[i].reset(numbers[i]);
  }
  return receive_outcome::received;
}

std::optional<process_spec> read_spec(int file) {
  struct stat info {};
  if (::fstat(file, &info) != 0 || info.st_size <= 0) return std::nullopt;
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  if (::pread(file, bytes.data(), bytes.size(), 0) != info.st_size) return std::nullopt;
  return decode_spec(bytes);
}

class keeper {
public:
  explicit keeper(const keeper_work& work) : work_(work) {}

  int run();

private:
  void start(received_request& in);
  void signal(process_number number, bool force);
  void reap();
  void end_everything();

  const keeper_work& work_;
  std::map<pid_t, process_number> running_;
  descriptor alive_, alive_writer_;
};

void report_gone(process_number number, process_outcome outcome, int code, start_step step = start_step::fork) {
  send_report({.kind = keeper_report_kind::gone,
               .outcome = static_cast<std::uint32_t>(outcome),
               .number = number,
               .code = code,
               .step = static_cast<std::uint32_t>(step)});
}

void keeper::start(received_request& in) {
  fork_parts parts;
  parts.number = in.request.number;
  auto spec = in.descriptor_count == start_descriptor_count ? read_spec(in.descriptors[0].get()) : std::nullopt;
  if (!spec) return report_gone(parts.number, process_outcome::not_started, EINVAL, start_step::spec);
  parts.spec = std::move(*spec);
  for (std::size_t i = 0; i < 3; ++i) parts.streams[i] = std::move(in.descriptors[i + 1]);
  parts.keeper_alive = alive_.get();
  // A plain fork also runs the handlers that libraries registered for it.
  const pid_t pid =
    work_.how.clone_flags == 0
      ? ::fork()
      : static_cast<pid_t>(::syscall(SYS_clone, work_.how.clone_flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (pid == 0) {
    alive_writer_.reset();
    work_.body(std::move(parts));
    ::_exit(1);
  }
  if (pid < 0) return report_gone(parts.number, process_outcome::not_started, errno);
  running_.emplace(pid, parts.number);
}

void keeper::signal(process_number number, bool force) {
  for (const auto& [pid, its_number] : running_) {
    if (its_number != number) continue;
    const int killing = work_.how.processes ? SIGKILL : kill_tree_signal;
    ::kill(pid, force ? killing : SIGTERM);
  }
}

void keeper::reap() {
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return;
    const auto node = running_.extract(pid);
    if (node.empty()) continue;
    if (WIFEXITED(status)) report_gone(node.mapped(), process_outcome::exited, WEXITSTATUS(status));
    else report_gone(node.mapped(), process_outcome::signalled, WTERMSIG(status));
  }
}

void keeper::end_everything() {
  // The first processes of attempts clean up below themselves; what is left after a moment is killed from here.
  for (const auto& [pid, number] : running_) ::kill(pid, work_.how.processes ? SIGKILL : kill_tree_signal);
  for (int i = 0; i < 100 && !running_.empty(); ++i) {
    reap();
    const timespec pause{0, 1'000'000};
    ::nanosleep(&pause, nullptr);
  }
  kill_own_descendants();
}

int keeper::run() {
  int alive[2] = {-1, -1};
  if (::pipe2(alive, O_CLOEXEC) != 0) return 1;
  alive_.reset(alive[0]);
  alive_writer_.reset(alive[1]);
  sigset_t blocked;
  sigemptyset(&blocked);
  for (const int number : {SIGCHLD, SIGTERM, kill_tree_signal}) sigaddset(&blocked, number);
  ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
  sigset_t awaited;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGCHLD);
  const descriptor signals(::signalfd(-1, &awaited, SFD_CLOEXEC | SFD_NONBLOCK));
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  pollfd watched[] = {{keeper_socket, POLLIN, 0}, {signals.get(), POLLIN, 0}};
  for (;;) {
    if (::poll(watched, 2, -1) < 0) continue;
    signalfd_siginfo info{};
    while (::read(signals.get(), &info, sizeof info) == sizeof info) {}
    reap();
    for (;;) {
      received_request in;
      const auto outcome = receive(in);
      if (outcome == receive_outcome::nothing) break;
      if (outcome == receive_outcome::server_gone) {
        end_everything();
        return 0;
      }
      if (in.request.kind == keeper_request_kind::start) start(in);
      else signal(in.request.number, in.request.kind == keeper_request_kind::kill);
    }
  }
}

} // namespace

int run_process_keeper(const keeper_work& work) { return keeper(work).run(); }

} // namespace penstock
