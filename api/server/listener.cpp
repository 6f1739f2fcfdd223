#include "api/server/listener.hpp"

#include "api/error_table.hpp"
#include "api/server/response_head.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>

namespace penstock {
namespace {

constexpr int backlog = 1'024;
/// When the process has no more file descriptors: trying again at once would only spin.
constexpr std::chrono::milliseconds pause_time{100};

/// The answer to a connection beyond the limit, sent without reading what it asks.
std::string make_full_answer(io_loop& loop) {
  response r = render_error(error_style::problem,
                            error{errc::unavailable, "the server is at its limit of connections; try again", {}});
  std::string id;
  loop.make_request_id(id);
  std::string out;
  append_head(out, r, {loop.date(), id, true, false, r.body.size()});
  return out + r.body;
}

} // namespace

listener::listener(std::vector<std::shared_ptr<io_loop>> loops)
    : loops_(std::move(loops)), acceptor_(loops_.front()->context()), pause_(loops_.front()->context()) {}

result<void> listener::bind(const std::string& address, std::uint16_t port) {
  boost::system::error_code ec;
  const auto ip = net::ip::make_address(address, ec);
  if (ec)
    return fail(errc::io_failed, "cannot listen on " + address + ":" + std::to_string(port) + ": not an IP address");
  const net::ip::tcp::endpoint endpoint{ip, port};
  acceptor_.open(endpoint.protocol(), ec);
  if (!ec) acceptor_.set_option(net::socket_base::reuse_address(true), ec);
  if (!ec) acceptor_.bind(endpoint, ec);
  if (!ec) acceptor_.listen(backlog, ec);
  if (ec)
    return fail(errc::io_failed, "cannot listen on " + address + ":" + std::to_string(port) + ": " + ec.message());
  port_ = acceptor_.local_endpoint(ec).port();
  return {};
}

void listener::start() { accept_next(); }

void listener::stop() {
  loops_.front()->post([self = shared_from_this()] {
    self->stopped_ = true;
    boost::system::error_code ec;
    self->acceptor_.close(ec);
    self->pause_.cancel();
  });
}

void listener::accept_next() {
  auto& target = loops_[next_];
  acceptor_.async_accept(
    target->context(), [self = shared_from_this()](const boost::system::error_code& ec, tcp_socket socket) {
      if (self->stopped_) return;
      if (ec == net::error::no_descriptors || ec == net::error::no_buffer_space || ec == net::error::no_memory)
        return self->pause();
      if (!ec) self->accepted(std::move(socket));
      self->accept_next();
    });
}

void listener::accepted(tcp_socket socket) {
  const auto& app = loops_.front()->app();
  if (app.metrics().connections.load(std::memory_order_relaxed) >=
      static_cast<std::int64_t>(app.settings().connections_max)) {
    app.metrics().refused(503);
    boost::system::error_code ec;
    socket.non_blocking(true, ec);
    const auto text = make_full_answer(*loops_.front());
    socket.write_some(net::buffer(text.data(), text.size()), ec);
    socket.shutdown(tcp_socket::shutdown_both, ec);
    return;
  }
  // Counted here already, so that a burst does not slip past the limit while its connections are on their way to a loop.
  app.metrics().connections.fetch_add(1, std::memory_order_relaxed);
  loops_[next_]->adopt(std::move(socket));
  next_ = (next_ + 1) % loops_.size();
}

void listener::pause() {
  pause_.expires_after(pause_time);
  pause_.async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
    if (!ec && !self->stopped_) self->accept_next();
  });
}

} // namespace penstock
