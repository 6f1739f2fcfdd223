#include "runtime/engines/isolation.hpp"

#include "runtime/engines/descriptor.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace penstock {

namespace {

bool write_file(const char* path, const std::string& text) {
  const descriptor file(::open(path, O_WRONLY | O_CLOEXEC));
  return file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// Inside a new user namespace: the user and group remain who they are.
bool map_user(uid_t user, gid_t group) {
  const auto line = [](auto id) { return std::to_string(id) + " " + std::to_string(id) + " 1"; };
  return write_file("/proc/self/setgroups", "deny") && write_file("/proc/self/uid_map", line(user)) &&
         write_file("/proc/self/gid_map", line(group));
}

bool is_below(const std::string& path, const std::string& directory) {
  return path.size() > directory.size() && path.starts_with(directory) && path[directory.size()] == '/';
}

bool make_directories(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), 0755) != 0 && errno != EEXIST) return false;
    if (end == std::string::npos) return true;
  }
}

/// A directory that is to be seen inside a hidden one, held open while the other is covered.
struct opening {
  std::string path;
  descriptor directory;
  bool writable = false;
};

bool restore(const opening& o) {
  const std::string from = "/proc/self/fd/" + std::to_string(o.directory.get());
  if (!make_directories(o.path) || ::mount(from.c_str(), o.path.c_str(), nullptr, MS_BIND, nullptr) != 0) return false;
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  return o.writable || ::mount_setattr(AT_FDCWD, o.path.c_str(), 0, &attributes, sizeof attributes) == 0;
}

bool hide(const std::string& hidden, const process_spec& spec) {
  std::vector<opening> openings;
  const auto keep = [&](const std::string& path, bool writable) {
    if (!is_below(path, hidden)) return true;
    openings.push_back({path, descriptor(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)), writable});
    return bool{openings.back().directory};
  };
  for (const auto& path : spec.readable_directories)
    if (!keep(path, false)) return false;
  if (!keep(spec.directory, true)) return false;
  if (::mount("tmpfs", hidden.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=0755") != 0) return false;
  for (const auto& o : openings)
    if (!restore(o)) return false;
  return true;
}

bool works(const isolation& how) {
  const auto pid =
    static_cast<pid_t>(::syscall(SYS_clone, how.clone_flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (pid < 0) return false;
  if (pid == 0) ::_exit(enter_isolation(how, process_spec{}) == 0 ? 0 : 1);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace

isolation probe_isolation() {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  const std::array candidates{
    isolation{CLONE_NEWPID | CLONE_NEWNS, true, true, user, group},
    isolation{CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS, true, true, user, group},
    isolation{CLONE_NEWPID, true, false, user, group},
    isolation{CLONE_NEWUSER | CLONE_NEWPID, true, false, user, group},
  };
  for (const auto& candidate : candidates)
    if (works(candidate)) return candidate;
  return {};
}

int enter_isolation(const isolation& how, const process_spec& spec) {
  if ((how.clone_flags & CLONE_NEWUSER) && !map_user(how.user, how.group)) return errno;
  if (!how.mounts) return 0;
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return errno;
  for (const auto& hidden : spec.hidden_directories)
    if (!hide(hidden, spec)) return errno;
  if (::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) return errno;
  return 0;
}

void drop_capabilities(unsigned long long kept) {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  for (unsigned long capability = 0; capability <= CAP_LAST_CAP; ++capability)
    if ((kept >> capability & 1) == 0) ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  // Without these bits a process of user 0 would be given all of them again by execve.
  if (kept == 0)
    ::prctl(PR_SET_SECUREBITS,
            SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> none{};
  ::syscall(SYS_capget, &header, none.data());
  for (std::size_t half = 0; half < none.size(); ++half) {
    const auto mask = static_cast<__u32>(kept >> (32 * half));
    none[half] = {none[half].effective & mask, none[half].permitted & mask, 0};
  }
  ::syscall(SYS_capset, &header, none.data());
}

bool apply_limits(const process_limits& limits) {
  const auto set = [](auto which, std::uint64_t bytes) {
    if (bytes == 0) return true;
    rlimit now{};
    if (::getrlimit(which, &now) != 0) return false;
    const rlim_t wanted = now.rlim_max == RLIM_INFINITY ? bytes : std::min<rlim_t>(bytes, now.rlim_max);
    const rlimit next{wanted, wanted};
    return ::setrlimit(which, &next) == 0;
  };
  // Real time is for the server alone.
  const rlimit none{0, 0};
  return set(RLIMIT_DATA, limits.data_bytes) && set(RLIMIT_FSIZE, limits.file_bytes) &&
         set(RLIMIT_NOFILE, limits.open_files) && ::setrlimit(RLIMIT_CORE, &none) == 0 &&
         ::setrlimit(RLIMIT_RTPRIO, &none) == 0;
}

} // namespace penstock
