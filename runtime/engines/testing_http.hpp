#pragma once

#include "runtime/engines/descriptor.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <thread>

// A web server for this folder's tests.

namespace penstock {

/// Listens at a free port of 127.0.0.1 and reads requests, a thread per connection.
class local_server {
public:
  /// Makes the whole answer from a request's head (without the empty line) and body.
  using handler = std::function<std::string(const std::string& head, const std::string& body)>;
  /// Answers by itself; false closes the connection.
  using raw_handler = std::function<bool(int socket, const std::string& head)>;

  explicit local_server(handler answer);
  explicit local_server(raw_handler answer);
  ~local_server();
  local_server(const local_server&) = delete;
  local_server& operator=(const local_server&) = delete;

  [[nodiscard]] std::string url(const std::string& path = "/") const;
  [[nodiscard]] std::string port() const { return std::to_string(port_); }
  [[nodiscard]] int connection_count() const noexcept { return connection_count_; }
  [[nodiscard]] bool stopping() const noexcept { return stopping_; }

private:
  struct connection {
    descriptor socket;
    std::thread thread;
  };

  local_server(handler answer, raw_handler raw);
  void accept_all();
  void serve(int fd);

  const handler answer_;
  const raw_handler raw_; ///< Where there is no `answer_`.
  const descriptor listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connection_count_{0};
  std::list<connection> connections_;
  std::thread acceptor_;
};

/// Sends all of it. @returns false if the other side is gone.
[[nodiscard]] bool send_all(int socket, std::string_view text);

/// A whole answer.
[[nodiscard]] std::string reply(int status, const std::string& body, const std::string& type = "text/plain");

} // namespace penstock
