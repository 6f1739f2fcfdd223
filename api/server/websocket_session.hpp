#pragma once

#include "api/rate_limiter.hpp"
#include "api/request.hpp"
#include "api/response.hpp"
#include "api/server/io_loop.hpp"

#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

namespace penstock {

/// One WebSocket: sends what its opener puts in, drops what the client sends, and is gone when the client is.
/// Belongs to the thread of its loop, but for `send` and `finish`.
class websocket_session final : public message_sink, public std::enable_shared_from_this<websocket_session> {
public:
  websocket_session(std::shared_ptr<io_loop> loop, tcp_socket socket);
  ~websocket_session() override;

  /// Answers the upgrade `in`, then has `open` fill the stream.
  void start(const request& in, std::string_view request_id, const rate_state& rate, stream_opener open);

  void send(std::string message) override;
  void finish(std::string message) override;

  /// Closes with 1001.
  void go_away();
  /// Closes with 1008 if it was opened with this API key.
  void end_key(api_key_id ended);
  /// Closes with 1008 if what it was opened with is no longer good.
  void check_credentials();
  /// Closes the socket.
  void abort();

private:
  void opened(const stream_opener& open);
  void queue(std::string message, bool last);
  void write_next();
  void read_next();
  void close(boost::beast::websocket::close_code code);
  void close_unless_opening(boost::beast::websocket::close_code code);
  void end();

  std::shared_ptr<io_loop> loop_;
  caller who_; ///< Who opened it.
  boost::beast::websocket::stream<tcp_socket, false> stream_;
  boost::beast::flat_static_buffer<4096> incoming_;
  std::deque<std::string> outgoing_; ///< The front is being written.
  std::shared_ptr<void> source_;     ///< What `open` returned: dropped at the end.
  bool writing_ = false;
  bool last_queued_ = false;
  bool closing_ = false;
  bool ended_ = false;
  bool is_open_ = false;
};

} // namespace penstock
