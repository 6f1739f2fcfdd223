#include "runtime/engines/keeper_link.hpp"
#include "runtime/engines/process.hpp"
#include "runtime/engines/thread_signals.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>
#include <thread>
#include <variant>

namespace penstock {

namespace {

using steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Bytes read of one stream before the others get their turn.
constexpr std::size_t read_bytes_per_turn = 256u << 10;
/// How often the size of output files is looked at.
constexpr milliseconds output_look{200};
/// How often it is looked whether the disk's reserve is touched, while anything runs.
constexpr milliseconds reserve_look{500};

struct start_command {
  process_number number;
  process_spec spec;
  process_observer observer;
};
struct send_command {
  process_number number;
  std::string bytes;
};
struct stop_command {
  process_number number;
};
using command = std::variant<start_command, send_command, stop_command>;

/// A process as the server sees it.
struct running_process {
  process_observer observer;
  descriptor in, out, err;
  std::string input; ///< For `in`, from `input_sent` on.
  std::size_t input_sent = 0;
  descriptor output_file; ///< Only where its size is limited, to `output_bytes_max`.
  std::uint64_t output_bytes_max = 0;
  std::uint64_t kill_grace_ms = 0;
  std::optional<steady::time_point> deadline; ///< Of its time limit.
  std::optional<steady::time_point> kill_at;  ///< Set when SIGTERM was sent.
  std::optional<process_end> main_end;
  bool stopped = false;
  bool timed_out = false;
  bool wrote_too_much = false;
  bool disk_full = false;

  /// Looks at the size of the output file. It stays too large once it was.
  void look_at_output() {
    struct stat info {};
    if (output_file && ::fstat(output_file.get(), &info) == 0)
      wrote_too_much |= static_cast<std::uint64_t>(info.st_size) > output_bytes_max;
  }
};

struct pipe_ends {
  descriptor reader, writer;
};

std::optional<pipe_ends> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  return pipe_ends{descriptor(ends[0]), descriptor(ends[1])};
}

void set_nonblocking(const descriptor& d) { ::fcntl(d.get(), F_SETFL, ::fcntl(d.get(), F_GETFL) | O_NONBLOCK); }

class system_starter final : public process_starter {
public:
  system_starter(std::string program, std::vector<std::string> mode_arguments, disk_reserve reserve)
      : program_(std::move(program)), mode_arguments_(std::move(mode_arguments)), reserve_(std::move(reserve)),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), thread_([this] { run(); }) {}

  ~system_starter() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake();
    thread_.join();
  }

  process_number start(process_spec spec, process_observer observer) override {
    const std::unique_lock lock(mutex_);
    const process_number number = ++last_;
    commands_.emplace_back(start_command{number, std::move(spec), std::move(observer)});
    wake();
    return number;
  }
  void send(process_number number, std::string bytes) override { push(send_command{number, std::move(bytes)}); }
  void stop(process_number number) override { push(stop_command{number}); }

private:
  using processes = std::map<process_number, running_process>;

  void push(command c) {
    const std::lock_guard lock(mutex_);
    commands_.push_back(std::move(c));
    wake();
  }

  void wake() const {
    const std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);
  }

  void run();
  bool take_commands();
  void carry_out(start_command& c);
  void carry_out(send_command& c);
  void carry_out(stop_command& c);
  std::string launch(start_command& c, running_process& p);
  void wait_and_serve();
  [[nodiscard]] int poll_timeout_ms() const;
  void check_times();
  void check_reserve(steady::time_point now);
  void read_reports();
  void take(const keeper_report& report);
  void lose_keeper();
  void finish(processes::iterator at, process_end end);
  static void read_stream(running_process& p, process_stream which, std::size_t bytes_max);
  static void write_input(running_process& p);
  void request(keeper_request_kind kind, process_number number);

  const std::string program_;
  const std::vector<std::string> mode_arguments_;
  const disk_reserve reserve_;
  std::mutex mutex_;
  process_number last_ = 0;
  std::vector<command> commands_;
  bool stopping_ = false;
  const descriptor wake_;

  // Of the thread alone.
  keeper_link keeper_;
  processes running_;
  steady::time_point next_reserve_look_{};

  std::thread thread_;
};

void system_starter::run() {
  block_signals_in_this_thread();
  while (take_commands()) {
    keeper_.flush();
    wait_and_serve();
    check_times();
  }
  keeper_.close(); // Ends every process.
  while (!running_.empty()) {
    running_.begin()->second.stopped = true;
    finish(running_.begin(), {.outcome = process_outcome::signalled, .code = SIGKILL, .why = {}});
  }
}

bool system_starter::take_commands() {
  std::vector<command> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(commands_);
    if (stopping_) {
      for (auto& c : taken)
        if (auto* s = std::get_if<start_command>(&c)) running_[s->number].observer = std::move(s->observer);
      return false;
    }
  }
  for (auto& c : taken) std::visit([this](auto& x) { carry_out(x); }, c);
  return true;
}

void system_starter::carry_out(start_command& c) {
  const auto at = running_.try_emplace(c.number).first;
  auto& p = at->second;
  p.observer = std::move(c.observer);
  p.kill_grace_ms = c.spec.kill_grace_ms;
  if (c.spec.timeout_ms > 0) p.deadline = steady::now() + milliseconds(c.spec.timeout_ms);
  std::string why = launch(c, p);
  if (!why.empty()) finish(at, {.outcome = process_outcome::not_started, .why = std::move(why)});
}

std::string system_starter::launch(start_command& c, running_process& p) {
  if (!keeper_)
    if (auto why = keeper_.open(program_, mode_arguments_); !why.empty()) return why;
  auto in = make_pipe(), err = make_pipe();
  auto out = c.spec.output_file.empty() ? make_pipe() : std::optional<pipe_ends>{std::in_place};
  if (out && !c.spec.output_file.empty())
    out->writer.reset(::open(c.spec.output_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  descriptor spec = spec_file(c.spec);
  if (!in || !out || !err || !out->writer || !spec)
    return std::string("no pipe or file for it: ") + std::strerror(errno);
  if (!c.spec.output_file.empty() && c.spec.output_bytes_max > 0) {
    p.output_file.reset(::fcntl(out->writer.get(), F_DUPFD_CLOEXEC, 0));
    p.output_bytes_max = c.spec.output_bytes_max;
    if (!p.output_file) return std::string("no descriptor for its output: ") + std::strerror(errno);
  }
  if (c.spec.takes_input) p.in = std::move(in->writer);
  p.out = std::move(out->reader);
  p.err = std::move(err->reader);
  for (const auto* d : {&p.in, &p.out, &p.err})
    if (*d) set_nonblocking(*d);
  keeper_.send({{.kind = keeper_request_kind::start, .number = c.number},
                {std::move(spec), std::move(in->reader), std::move(out->writer), std::move(err->writer)}});
  return {};
}

void system_starter::carry_out(send_command& c) {
  const auto at = running_.find(c.number);
  if (at == running_.end()) return;
  at->second.input += c.bytes;
  write_input(at->second);
}

void system_starter::carry_out(stop_command& c) {
  const auto at = running_.find(c.number);
  if (at == running_.end() || at->second.kill_at) return;
  at->second.stopped = true;
  at->second.kill_at = steady::now() + milliseconds(at->second.kill_grace_ms);
  request(keeper_request_kind::terminate, c.number);
}

void system_starter::request(keeper_request_kind kind, process_number number) {
  keeper_.send({{.kind = kind, .number = number}, {}});
}

int system_starter::poll_timeout_ms() const {
  auto next = steady::time_point::max();
  for (const auto& [number, p] : running_) {
    if (p.deadline && !p.kill_at) next = std::min(next, *p.deadline);
    if (p.kill_at) next = std::min(next, *p.kill_at);
    if (p.output_file) next = std::min(next, steady::now() + output_look);
  }
  if (reserve_.bytes_min > 0 && !running_.empty()) next = std::min(next, next_reserve_look_);
  if (next == steady::time_point::max()) return -1;
  const auto left = std::chrono::ceil<milliseconds>(next - steady::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void system_starter::wait_and_serve() {
  std::vector<pollfd> watched{{wake_.get(), POLLIN, 0}};
  const auto keeper_events = static_cast<short>(keeper_.has_unsent() ? POLLIN | POLLOUT : POLLIN);
  watched.push_back({keeper_.socket(), keeper_events, 0}); // poll ignores a negative descriptor
  std::vector<process_number> numbers;
  for (const auto& [number, p] : running_) {
    numbers.push_back(number);
    watched.push_back({p.out.get(), POLLIN, 0});
    watched.push_back({p.err.get(), POLLIN, 0});
    watched.push_back({p.input.empty() ? -1 : p.in.get(), POLLOUT, 0});
  }
  if (::poll(watched.data(), watched.size(), poll_timeout_ms()) <= 0) return;
  std::uint64_t count = 0;
  (void)!::read(wake_.get(), &count, sizeof count);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    auto& p = running_.at(numbers[i]);
    const pollfd* w = &watched[2 + 3 * i];
    if (w[0].revents) read_stream(p, process_stream::out, read_bytes_per_turn);
    if (w[1].revents) read_stream(p, process_stream::err, read_bytes_per_turn);
    if (w[2].revents) write_input(p);
  }
  if (watched[1].revents & (POLLIN | POLLHUP | POLLERR)) read_reports();
}

void system_starter::check_times() {
  const auto now = steady::now();
  check_reserve(now);
  for (auto& [number, p] : running_) {
    p.look_at_output();
    if (p.wrote_too_much && p.output_file) {
      p.output_file.reset(); // Known, and told once.
      p.kill_at = now;       // Without grace: the disk is everybody's.
    }
    if (p.kill_at && now >= *p.kill_at) {
      request(keeper_request_kind::kill, number);
      p.kill_at = now + std::chrono::hours(24);
    } else if (!p.kill_at && p.deadline && now >= *p.deadline) {
      p.timed_out = true;
      p.kill_at = now + milliseconds(p.kill_grace_ms);
      request(keeper_request_kind::terminate, number);
    }
  }
}

void system_starter::check_reserve(steady::time_point now) {
  if (now < next_reserve_look_ || running_.empty()) return;
  next_reserve_look_ = now + reserve_look;
  if (!reserve_.is_touched()) return;
  for (auto& [number, p] : running_) {
    if (std::exchange(p.disk_full, true)) continue;
    p.kill_at = now; // Without grace, as for too much output.
  }
}

void system_starter::read_stream(running_process& p, process_stream which, std::size_t bytes_max) {
  auto& from = which == process_stream::out ? p.out : p.err;
  std::array<char, 64u << 10> buffer;
  for (std::size_t total = 0; from && total < bytes_max;) {
    const ssize_t n = ::read(from.get(), buffer.data(), buffer.size());
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) from.reset();
    if (n <= 0) return;
    total += static_cast<std::size_t>(n);
    if (p.observer.output) p.observer.output(which, {buffer.data(), static_cast<std::size_t>(n)});
  }
}

void system_starter::write_input(running_process& p) {
  while (p.in && p.input_sent < p.input.size()) {
    const ssize_t n = ::write(p.in.get(), p.input.data() + p.input_sent, p.input.size() - p.input_sent);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n < 0) p.in.reset();
    else p.input_sent += static_cast<std::size_t>(n);
  }
  // All at once: cutting off the front of many megabytes piece by piece would hold up everybody's processes.
  p.input = {};
  p.input_sent = 0;
}

void system_starter::read_reports() {
  for (;;) {
    keeper_report report;
    const ssize_t n = ::recv(keeper_.socket(), &report, sizeof report, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n != sizeof report) return lose_keeper();
    take(report);
  }
}

process_end end_of(const keeper_report& report) {
  process_end end;
  end.outcome = static_cast<process_outcome>(report.outcome);
  end.code = report.code;
  if (end.outcome == process_outcome::not_started)
    end.why = describe_start_failure(static_cast<start_step>(report.step), report.code);
  return end;
}

void system_starter::take(const keeper_report& report) {
  const auto at = running_.find(report.number);
  if (at == running_.end()) return;
  if (report.kind == keeper_report_kind::main_ended) {
    at->second.main_end = end_of(report);
    return;
  }
  // Nobody writes any more: whatever is in the pipes is all there will be.
  for (const auto which : {process_stream::out, process_stream::err})
    read_stream(at->second, which, std::size_t{64} << 20);
  finish(at, at->second.main_end.value_or(end_of(report)));
}

void system_starter::lose_keeper() {
  keeper_.close();
  while (!running_.empty())
    finish(running_.begin(), {.outcome = process_outcome::signalled, .code = SIGKILL, .why = "its keeper ended"});
}

void system_starter::finish(processes::iterator at, process_end end) {
  at->second.look_at_output();
  end.wrote_too_much = at->second.wrote_too_much;
  end.stopped = at->second.stopped;
  end.timed_out = at->second.timed_out;
  end.disk_full = at->second.disk_full;
  const auto ended = std::move(at->second.observer.ended);
  running_.erase(at);
  if (ended) ended(end);
}

} // namespace

std::shared_ptr<process_starter> system_process_starter(std::string program, std::vector<std::string> mode_arguments,
                                                        disk_reserve reserve) {
  return std::make_shared<system_starter>(std::move(program), std::move(mode_arguments), std::move(reserve));
}

} // namespace penstock
