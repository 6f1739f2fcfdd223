#pragma once

#include "runtime/engines/disk_reserve.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock {

/// Names a process of one `process_starter`; never reused.
using process_number = std::uint64_t;

enum class process_stream : std::uint8_t { out = 1, err = 2 };

/// Hard limits of a process; 0 = the server's own.
struct process_limits {
  std::uint64_t data_bytes = 0; ///< RLIMIT_DATA: private writable memory.
  std::uint64_t file_bytes = 0; ///< RLIMIT_FSIZE: size of a file it writes.
  std::uint64_t open_files = 1024;
};

/// What to start. A process sees nothing of the server's environment, descriptors or signal settings.
struct process_spec {
  std::vector<std::string> arguments;   ///< The first is the absolute path of the program.
  std::vector<std::string> environment; ///< `NAME=value`, all there is.
  std::string directory;                ///< Absolute: where it starts.
  std::string output_file;              ///< Standard output is written there; empty: to `process_observer::output`.
  std::uint64_t output_bytes_max = 0;   ///< Of `output_file`: beyond it the process is killed; 0 = none.
  bool takes_input = false;             ///< `send` will be used; else standard input is at its end at once.
  process_limits limits;
  /// Where the system allows it, these directories appear empty to the process, but for `directory` and the ones below.
  std::vector<std::string> hidden_directories;
  std::vector<std::string> readable_directories; ///< Remain visible inside hidden ones, read-only.
  std::uint64_t timeout_ms = 0;                  ///< 0 = none.
  std::uint64_t kill_grace_ms = 5'000;           ///< From SIGTERM to SIGKILL.
};

enum class process_outcome : std::uint8_t {
  exited = 1,     ///< `code` is the exit code.
  signalled = 2,  ///< `code` is the signal.
  not_started = 3 ///< `why` says what failed.
};

struct process_end {
  process_outcome outcome = process_outcome::exited;
  int code = 0;
  std::string why;
  bool stopped = false;        ///< `stop` was called before its end.
  bool timed_out = false;      ///< Its `timeout_ms` passed before its end.
  bool wrote_too_much = false; ///< Its output file is larger than `output_bytes_max`.
  bool disk_full = false;      ///< Less than the `disk_reserve` was left.

  [[nodiscard]] bool ok() const noexcept {
    return outcome == process_outcome::exited && code == 0 && !stopped && !timed_out && !wrote_too_much && !disk_full;
  }
};

/// The end as half a sentence: "exited with code 3", "was killed by signal 9 (Killed)", "could not be started: …".
[[nodiscard]] std::string describe(const process_end& end);

/// Called from the starter's own thread; must return soon. `ended` is called once, as the last.
struct process_observer {
  std::function<void(process_stream, std::string_view)> output;
  std::function<void(const process_end&)> ended;
};

/// Starts processes together with all they start themselves: a process and its descendants end when it ends, when it
/// is stopped, and when the server ends in whatever way. Thread-safe; nothing here blocks.
class process_starter {
public:
  virtual ~process_starter() = default;

  /// Starts a process; failures arrive at `observer.ended`, which is never called from inside.
  virtual process_number start(process_spec spec, process_observer observer) = 0;

  /// Appends to its standard input. Nothing happens if it has ended.
  virtual void send(process_number number, std::string bytes) = 0;

  /// SIGTERM to the process and its descendants, after the grace time SIGKILL. Nothing happens if it has ended.
  virtual void stop(process_number number) = 0;
};

/// The real one. Processes are forked by a keeper: `program` started once, when first needed, with
/// `mode_arguments` (see child_modes.hpp), so that a start costs a fork of something small and not of the server.
/// @param mode_arguments `{process_keeper_mode}`, or `{sql_keeper_mode, library}` whose processes do jobs of
/// sql_child.hpp instead of executing a program.
/// @param reserve what processes must leave free: with less, all of them are killed, for whatever writes beside them would
/// end in the midst of it.
[[nodiscard]] std::shared_ptr<process_starter>
system_process_starter(std::string program, std::vector<std::string> mode_arguments, disk_reserve reserve = {});

/// Starts nothing and remembers everything; the test plays the processes.
class memory_process_starter final : public process_starter {
public:
  process_number start(process_spec spec, process_observer observer) override;
  void send(process_number number, std::string bytes) override;
  void stop(process_number number) override;

  struct started {
    process_spec spec;
    std::string input;
    bool stopped = false;
  };

  /// What was started so far, by number.
  [[nodiscard]] std::map<process_number, started> all() const;
  /// Lets a process write.
  void emit(process_number number, process_stream stream, std::string_view bytes);
  /// Lets a process end.
  void end(process_number number, process_end how);

private:
  mutable std::mutex mutex_;
  process_number last_ = 0;
  std::map<process_number, started> started_;
  std::map<process_number, process_observer> observers_;
};

} // namespace penstock
