#include "runtime/engines/keeper_link.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace penstock {

namespace {

/// @returns false if the socket is full.
bool send_request(int socket, const keeper_message& out) {
  iovec data{const_cast<keeper_request*>(&out.request), sizeof out.request};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * start_descriptor_count)> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (out.request.kind == keeper_request_kind::start) {
    std::array<int, start_descriptor_count> numbers{};
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = out.descriptors[i].get();
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof numbers);
    std::memcpy(CMSG_DATA(part), numbers.data(), sizeof numbers);
  }
  // Any other failure means that the keeper is gone, which the reading side finds out.
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

} // namespace

std::string keeper_link::open(const std::string& program, const std::vector<std::string>& mode_arguments) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return std::strerror(errno);
  socket_.reset(ends[0]);
  const descriptor theirs(ends[1]);
  const int failed = spawn(program, mode_arguments, theirs.get());
  if (failed == 0) return {};
  socket_.reset();
  return "the program " + program + " cannot be started: " + std::strerror(failed);
}

void keeper_link::close() {
  unsent_.clear();
  socket_.reset();
  if (pid_ > 0)
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {}
  pid_ = -1;
}

void keeper_link::flush() {
  while (!unsent_.empty() && send_request(socket_.get(), unsent_.front())) unsent_.pop_front();
}

int keeper_link::spawn(const std::string& program, std::vector<std::string> arguments, int theirs) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  for (int i = 0; i < 3; ++i)
    ::posix_spawn_file_actions_addopen(&actions, i, "/dev/null", i == 0 ? O_RDONLY : O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, theirs, keeper_socket);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, keeper_socket + 1);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  arguments.insert(arguments.begin(), program);
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  char* environment[] = {nullptr};
  const int failed = ::posix_spawn(&pid_, program.c_str(), &actions, &attributes, argv.data(), environment);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (failed != 0) pid_ = -1;
  return failed;
}

descriptor spec_file(const process_spec& spec) {
  descriptor file(::memfd_create("penstock_process", MFD_CLOEXEC));
  const std::string bytes = encode_spec(spec);
  for (std::size_t done = 0; file && done < bytes.size();) {
    const ssize_t n = ::write(file.get(), bytes.data() + done, bytes.size() - done);
    if (n < 0) file.reset();
    else done += static_cast<std::size_t>(n);
  }
  return file;
}

} // namespace penstock
