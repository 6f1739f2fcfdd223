#pragma once

#include "runtime/engines/descriptor.hpp"
#include "runtime/engines/keeper_protocol.hpp"

#include <sys/types.h>

#include <array>
#include <deque>
#include <string>
#include <vector>

namespace penstock {

/// A message to a keeper with the descriptors it carries.
struct keeper_message {
  keeper_request request;
  std::array<descriptor, start_descriptor_count> descriptors;
};

/// A keeper process and the server's end of its socket. Used by one thread.
class keeper_link {
public:
  keeper_link() = default;
  ~keeper_link() { close(); }
  keeper_link(const keeper_link&) = delete;
  keeper_link& operator=(const keeper_link&) = delete;

  /// Starts a keeper. @returns what went wrong; empty: it runs.
  [[nodiscard]] std::string open(const std::string& program, const std::vector<std::string>& mode_arguments);

  /// Ends the keeper with all its processes, and waits until it is gone.
  void close();

  void send(keeper_message message) { unsent_.push_back(std::move(message)); }
  /// Writes what has been sent, as far as the socket takes it.
  void flush();
  [[nodiscard]] bool has_unsent() const noexcept { return !unsent_.empty(); }

  [[nodiscard]] int socket() const noexcept { return socket_.get(); }
  explicit operator bool() const noexcept { return bool{socket_}; }

private:
  [[nodiscard]] int spawn(const std::string& program, std::vector<std::string> arguments, int theirs);

  descriptor socket_;
  pid_t pid_ = -1;
  std::deque<keeper_message> unsent_;
};

/// The spec as a file without a name, which a `start` message carries. Holds nothing if there is no memory for it.
[[nodiscard]] descriptor spec_file(const process_spec& spec);

} // namespace penstock
