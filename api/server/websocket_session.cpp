#include "api/server/websocket_session.hpp"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <algorithm>
#include <array>

namespace penstock {
namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;

constexpr std::size_t queued_max = 16;
constexpr std::size_t incoming_bytes_max = 4'096;
constexpr std::chrono::seconds handshake_time{10};
/// Half of it without a sign of life and the client is pinged.
constexpr std::chrono::seconds idle_time{60};

websocket::stream_base::timeout timeouts() { return {handshake_time, idle_time, true}; }

/// What the handshake reads; Beast throws at headers of a length that a client may be allowed to send.
bool is_of_handshake(const header_view& h) {
  constexpr std::array names{"host", "connection", "upgrade", "sec-websocket-key", "sec-websocket-version"};
  constexpr std::size_t value_bytes_max = 8u << 10;
  return h.value.size() <= value_bytes_max &&
         std::ranges::any_of(names, [&](const char* name) { return equal_ignoring_case(h.name, name); });
}

} // namespace

websocket_session::websocket_session(std::shared_ptr<io_loop> loop, tcp_socket socket)
    : loop_(std::move(loop)), stream_(std::move(socket)) {
  loop_->add(*this);
  loop_->app().metrics().websockets.fetch_add(1, std::memory_order_relaxed);
}

websocket_session::~websocket_session() = default;

void websocket_session::start(const request& in, std::string_view request_id, const rate_state& rate,
                              stream_opener open) {
  who_ = in.who;
  stream_.set_option(timeouts());
  stream_.read_message_max(incoming_bytes_max);
  stream_.text(true);
  stream_.auto_fragment(false);
  stream_.set_option(
    websocket::stream_base::decorator([id = std::string{request_id}, rate](websocket::response_type& r) {
      r.set(beast::http::field::server, "penstock");
      r.set("X-Request-Id", id);
      if (rate.limit == 0) return;
      r.set("X-RateLimit-Limit", std::to_string(rate.limit));
      r.set("X-RateLimit-Remaining", std::to_string(rate.remaining));
      r.set("X-RateLimit-Reset", std::to_string(rate.full_at_s));
    }));
  // Beast ends the read only when the client has closed its socket too; the source is let go with the first word of it.
  stream_.control_callback([this](websocket::frame_type kind, beast::string_view) {
    if (kind == websocket::frame_type::close) source_.reset();
  });
  beast::http::request<beast::http::empty_body> upgrade{beast::http::verb::get, "/", 11};
  for (const auto& h : in.headers)
    if (is_of_handshake(h)) upgrade.insert({h.name.data(), h.name.size()}, {h.value.data(), h.value.size()});
  // `upgrade` need only last until the call returns.
  stream_.async_accept(upgrade, [self = shared_from_this(), open = std::move(open)](const beast::error_code& ec) {
    if (ec) return self->end();
    self->opened(open);
  });
}

void websocket_session::opened(const stream_opener& open) {
  is_open_ = true;
  if (loop_->is_draining()) return go_away();
  auto source = open(shared_from_this());
  // The stream may have come to its end already.
  if (!ended_ && !last_queued_) source_ = std::move(source);
  read_next();
}

void websocket_session::send(std::string message) {
  loop_->post(
    [self = shared_from_this(), message = std::move(message)]() mutable { self->queue(std::move(message), false); });
}

void websocket_session::finish(std::string message) {
  loop_->post(
    [self = shared_from_this(), message = std::move(message)]() mutable { self->queue(std::move(message), true); });
}

void websocket_session::queue(std::string message, bool last) {
  if (ended_ || closing_ || last_queued_) return;
  last_queued_ = last;
  // A slow reader misses states between; what is newest replaces what was newest.
  if (outgoing_.size() >= queued_max) outgoing_.back() = std::move(message);
  else outgoing_.push_back(std::move(message));
  if (!writing_) write_next();
}

void websocket_session::write_next() {
  if (outgoing_.empty()) {
    if (last_queued_) close(websocket::close_code::normal);
    return;
  }
  writing_ = true;
  const auto& front = outgoing_.front();
  stream_.async_write(net::buffer(front.data(), front.size()),
                      [self = shared_from_this()](const beast::error_code& ec, std::size_t) {
                        self->writing_ = false;
                        if (ec) return self->end();
                        self->outgoing_.pop_front();
                        if (!self->closing_) self->write_next();
                      });
}

void websocket_session::read_next() {
  stream_.async_read(incoming_, [self = shared_from_this()](const beast::error_code& ec, std::size_t) {
    if (ec) return self->end();
    self->incoming_.clear();
    self->read_next();
  });
}

void websocket_session::close(websocket::close_code code) {
  if (closing_ || ended_) return;
  closing_ = true;
  source_.reset();
  stream_.async_close(code, [self = shared_from_this()](const beast::error_code&) { self->end(); });
}

void websocket_session::go_away() { close_unless_opening(websocket::close_code::going_away); }

void websocket_session::end_key(api_key_id ended) {
  if (who_.key == ended) close_unless_opening(websocket::close_code::policy_error);
}

void websocket_session::check_credentials() {
  if (!closing_ && !loop_->app().is_still_good(who_)) close_unless_opening(websocket::close_code::policy_error);
}

void websocket_session::close_unless_opening(websocket::close_code code) {
  if (is_open_) close(code);
  else abort();
}

void websocket_session::abort() {
  beast::error_code ec;
  stream_.next_layer().close(ec);
  end();
}

void websocket_session::end() {
  if (ended_) return;
  ended_ = true;
  // The source's callbacks hold this session; dropping it here ends the circle.
  source_.reset();
  outgoing_.clear();
  loop_->remove(*this);
  auto& metrics = loop_->app().metrics();
  metrics.websockets.fetch_sub(1, std::memory_order_relaxed);
  metrics.connections.fetch_sub(1, std::memory_order_relaxed);
  beast::error_code ec;
  stream_.next_layer().close(ec);
}

} // namespace penstock
