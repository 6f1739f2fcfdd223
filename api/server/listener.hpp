#pragma once

#include "api/server/io_loop.hpp"
#include "runtime/error.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace penstock {

/// Accepts connections on the first loop's thread and hands them to all loops in turn.
class listener final : public std::enable_shared_from_this<listener> {
public:
  explicit listener(std::vector<std::shared_ptr<io_loop>> loops);

  /// @returns `errc::io_failed` naming address and port.
  [[nodiscard]] result<void> bind(const std::string& address, std::uint16_t port);
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  /// Begins to accept. Call once, before the loops run.
  void start();
  /// Takes no more, from any thread.
  void stop();

private:
  void accept_next();
  void accepted(tcp_socket socket);
  void pause();

  std::vector<std::shared_ptr<io_loop>> loops_;
  net::basic_socket_acceptor<net::ip::tcp, net::io_context::executor_type> acceptor_;
  net::basic_waitable_timer<io_loop::clock, net::wait_traits<io_loop::clock>, net::io_context::executor_type> pause_;
  std::size_t next_ = 0;
  std::uint16_t port_ = 0;
  bool stopped_ = false;
};

} // namespace penstock
