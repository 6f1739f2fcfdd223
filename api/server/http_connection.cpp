#include "api/server/http_connection.hpp"

#include "api/error_table.hpp"
#include "api/server/response_head.hpp"
#include "api/server/websocket_session.hpp"

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>

#include <algorithm>
#include <cstring>

namespace penstock {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t head_room = 4u << 10;
constexpr std::size_t body_room = 64u << 10;
constexpr std::size_t kept_capacity_max = 64u << 10;
/// A client must move this much per timeout.
constexpr std::size_t progress_bytes = 16u << 10;
/// Of a body that is not wanted: read up to here to keep the connection, closed beyond.
constexpr std::size_t discarded_bytes_max = 64u << 10;
constexpr auto linger_time = 2s;
/// What an operation may take beyond a client's `Prefer: wait`. One that is never answered is a bug of ours.
constexpr auto answer_time = 60s;
/// How long a request is handled before anybody looks whether its client still waits.
constexpr auto look_after = 2s;
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

/// An IPv4 address is one, also where it came by an IPv6 socket.
std::string text_of(const net::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return net::ip::make_address_v4(net::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

bool would_block(const boost::system::error_code& ec) noexcept {
  return ec == net::error::would_block || ec == net::error::try_again;
}

} // namespace

http_connection::http_connection(std::shared_ptr<io_loop> loop, tcp_socket socket)
    : loop_(std::move(loop)), app_(loop_->app()), socket_(std::move(socket)), share_(app_.metrics().body_bytes) {}

void http_connection::start() {
  boost::system::error_code ec;
  socket_.non_blocking(true, ec);
  socket_.set_option(net::ip::tcp::no_delay(true), ec);
  if (const auto other = socket_.remote_endpoint(ec); !ec) remote_address_ = text_of(other.address());
  set_deadline(app_.settings().read_timeout);
  advance();
}

void http_connection::close() {
  if (phase_ == phase::closed) return;
  phase_ = phase::closed;
  app_.metrics().connections.fetch_sub(1, std::memory_order_relaxed);
  if (counted_) app_.metrics().in_flight.fetch_sub(1, std::memory_order_relaxed);
  counted_ = false;
  boost::system::error_code ec;
  socket_.close(ec);
  loop_->remove(*this);
}

void http_connection::finish_soon() {
  closing_ = true;
  if (phase_ == phase::reading_head && unread().empty()) close();
}

void http_connection::set_deadline(std::chrono::milliseconds after) noexcept {
  deadline_ = loop_->now() + io_loop::sweep_every + after;
  moved_ = 0;
}

/// A slow client keeps its connection only while it moves something.
void http_connection::extend_deadline(std::size_t moved, std::chrono::milliseconds after) noexcept {
  moved_ += moved;
  if (moved_ >= progress_bytes) set_deadline(after);
}

bool http_connection::client_is_gone() {
  char byte = 0;
  return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void http_connection::check_deadline(io_loop::clock::time_point now) {
  // Nothing is read while a request is handled, so who stopped waiting for a long one has to be looked for.
  if (phase_ == phase::handling && now - handled_at_ > look_after) {
    if (client_is_gone()) return close();
    // Of a key or token that expires nobody tells.
    if (is_authenticated() && !app_.is_still_good(request_.who)) return refuse_ended();
  }
  if (now < deadline_) return;
  switch (phase_) {
    case phase::reading_head:
    case phase::reading_body:
      if (phase_ == phase::reading_head && unread().empty()) return close();
      respond_and_close(
        render_error(error_style::problem, http_error{408, "request_timeout", "the request did not arrive in time"}));
      return advance();
    case phase::handling:
      closing_ = true;
      return take_answer(exchange_, render_error(error_style::problem,
                                                 error{errc::timed_out, "the operation gave no answer in time", {}}));
    default: return close();
  }
}

bool http_connection::is_authenticated() const noexcept {
  return admission_.target && admission_.target->row->who != access::open && !admission_.refusal;
}

void http_connection::end_key(api_key_id ended) {
  if (request_.who.key == ended && is_authenticated()) refuse_ended();
}

void http_connection::refuse_ended() {
  if (phase_ == phase::reading_body) admission_.refusal = app_.ended(*admission_.target);
  else if (phase_ == phase::handling) take_answer(exchange_, app_.ended(*admission_.target));
  // Of a long download the rest is not sent.
  else if (phase_ == phase::writing && !file_.finished()) close();
}

void http_connection::advance() {
  if (advancing_) return;
  advancing_ = true;
  const auto self = shared_from_this();
  bool more = true;
  while (more) {
    switch (phase_) {
      case phase::reading_head: more = step_head(); break;
      case phase::reading_body: more = step_body(); break;
      case phase::writing: more = step_write(); break;
      case phase::lingering: more = step_linger(); break;
      case phase::handling:
      case phase::closed: more = false; break;
    }
  }
  advancing_ = false;
}

void http_connection::read_more(std::size_t room) {
  if (waiting_) return;
  if (in_begin_ == in_end_) in_begin_ = in_end_ = 0;
  if (in_.size() - in_end_ < room) {
    // Moved to the front before growing: the part in front was used.
    std::memmove(in_.data(), in_.data() + in_begin_, in_end_ - in_begin_);
    in_end_ -= in_begin_;
    in_begin_ = 0;
    if (in_.size() - in_end_ < room) in_.resize(in_end_ + room);
  }
  waiting_ = true;
  socket_.async_read_some(net::buffer(in_.data() + in_end_, in_.size() - in_end_),
                          [self = shared_from_this()](const boost::system::error_code& ec, std::size_t n) {
                            self->waiting_ = false;
                            if (ec) return self->close();
                            if (self->unread().empty() && self->phase_ == phase::reading_head)
                              self->set_deadline(self->app_.settings().read_timeout);
                            self->in_end_ += n;
                            if (self->phase_ == phase::reading_body)
                              self->extend_deadline(n, self->app_.settings().read_timeout);
                            self->advance();
                          });
}

bool http_connection::step_head() {
  // Empty lines before a request are to be ignored (RFC 9112, section 2.2).
  while (unread().starts_with("\r\n")) in_begin_ += 2, scanned_ = 0;
  const auto text = unread();
  const auto end = text.find("\r\n\r\n", scanned_);
  const auto limit = app_.settings().header_bytes_max;
  if (end == std::string_view::npos ? text.size() > limit : end + 4 > limit) {
    refuse_malformed(
      {errc::invalid_argument, "malformed request: the head is longer than " + std::to_string(limit) + " bytes", {}});
    return true;
  }
  if (end == std::string_view::npos) {
    scanned_ = text.size() < 3 ? 0 : text.size() - 3;
    read_more(head_room);
    return false;
  }
  scanned_ = 0;
  in_begin_ += end + 4;
  begin_request(text.substr(0, end + 4));
  return true;
}

void http_connection::begin_request(std::string_view block) {
  head_.assign(block);
  admission_ = {};
  auto facts = parse_head(head_, app_.settings().headers_max, request_);
  const auto* given = facts ? request_.header("x-request-id") : nullptr;
  if (given && is_sane_request_id(*given)) request_id_.assign(*given);
  else loop_->make_request_id(request_id_);
  request_.id = request_id_;
  request_.remote_address = remote_address_;
  if (!facts) return refuse_malformed(facts.error());
  facts_ = *facts;
  if (!facts_.keep_alive) closing_ = true;
  if (facts_.unknown_expectation)
    return respond_and_close(render_error(
      error_style::problem, http_error{417, "expectation_failed", "the only expectation known is 100-continue"}));

  admission_ = app_.admit(request_);
  const bool too_large = facts_.content_length.value_or(0) > admission_.body_bytes_max;
  if (too_large && !admission_.refusal) admission_.refusal = app_.too_large(admission_);
  body_.start(facts_.content_length, facts_.chunked,
              admission_.refusal ? discarded_bytes_max : admission_.body_bytes_max);
  if (admission_.refusal) {
    body_.discard();
    // A client that waits for the word to go on learns at once that there is none.
    if (facts_.expects_continue) return respond_and_close(std::move(*admission_.refusal));
  }
  phase_ = phase::reading_body;
  set_deadline(app_.settings().read_timeout);
}

bool http_connection::step_body() {
  auto data = unread();
  const auto before = data.size();
  const auto progress = body_.feed(data);
  in_begin_ += before - data.size();
  share_.hold(body_.body().capacity());
  if (!admission_.refusal && !share_.fits(app_.settings().bodies_bytes_max)) {
    respond_and_close(app_.overloaded(*admission_.target));
    return true;
  }
  switch (progress) {
    case body_reader::progress::done: dispatch(); return true;
    case body_reader::progress::too_large:
      respond_and_close(admission_.refusal ? std::move(*admission_.refusal) : app_.too_large(admission_));
      return true;
    case body_reader::progress::malformed:
      refuse_malformed({errc::invalid_argument, "malformed request: the chunked body is not one", {}});
      return true;
    case body_reader::progress::more: break;
  }
  if (facts_.expects_continue) send_continue();
  read_more(body_.remaining() > head_room ? body_room : head_room);
  return false;
}

void http_connection::send_continue() {
  facts_.expects_continue = false;
  // 25 bytes into an empty socket buffer; should they not fit, the client goes on by itself after a while.
  boost::system::error_code ec;
  socket_.write_some(net::buffer(continue_line.data(), continue_line.size()), ec);
}

void http_connection::dispatch() {
  request_.body = body_.body();
  phase_ = phase::handling;
  handled_at_ = io_loop::clock::now();
  ++exchange_;
  if (admission_.refusal) return take_answer(exchange_, std::move(*admission_.refusal));
  set_deadline(app_.settings().wait_max + answer_time);
  auto& metrics = app_.metrics();
  if (admission_.target->row->who != access::open) {
    // Open routes answer from memory and tell about the server, so they go on working when it is full.
    const auto before = metrics.in_flight.fetch_add(1, std::memory_order_relaxed);
    counted_ = true;
    if (before >= static_cast<std::int64_t>(app_.settings().requests_in_flight_max))
      return take_answer(exchange_, app_.overloaded(*admission_.target));
  }
  app_.handle(request_, *admission_.target, responder{shared_from_this(), exchange_});
}

void http_connection::answer(std::uint64_t exchange, response&& r) {
  if (loop_->on_thread()) take_answer(exchange, std::move(r));
  else loop_->deliver(shared_from_this(), exchange, std::move(r));
}

void http_connection::take_answer(std::uint64_t exchange, response&& r) {
  if (phase_ != phase::handling || exchange != exchange_) return;
  auto& metrics = app_.metrics();
  if (counted_) metrics.in_flight.fetch_sub(1, std::memory_order_relaxed);
  counted_ = false;
  if (admission_.target) metrics.answered(admission_.target->index, r.status, io_loop::clock::now() - handled_at_);
  else metrics.refused(r.status);
  if (r.open_stream) return upgrade(std::move(r));
  respond(std::move(r));
  advance();
}

void http_connection::respond(response&& r) {
  app_.answered(request_, admission_.target, r);
  std::uint64_t length = r.body.size();
  if (!r.file.empty()) {
    auto file = file_transfer::open(r.file);
    if (file) {
      file_ = std::move(*file);
      length = file_.size();
    } else {
      r = render_error(admission_.target ? admission_.target->errors : error_style::problem, file.error());
      length = r.body.size();
    }
  }
  if (loop_->is_draining()) closing_ = true;
  append_head(out_, r, {loop_->date(), request_id_, facts_.http_1_1, !closing_, length, admission_.rate});
  const bool bodiless = request_.method == verb::head || is_bodiless(r.status);
  if (bodiless) file_ = {};
  else out_ += r.body;
  phase_ = phase::writing;
  set_deadline(app_.settings().write_timeout);
}

void http_connection::respond_and_close(response&& r) {
  closing_ = true;
  app_.metrics().refused(r.status);
  if (request_id_.empty()) loop_->make_request_id(request_id_);
  respond(std::move(r));
}

void http_connection::refuse_malformed(const error& e) {
  // What the head said, and the method above all, is not to be believed.
  request_.method = verb::other;
  facts_ = {};
  respond_and_close(render_error(error_style::problem, e));
}

bool http_connection::step_write() {
  boost::system::error_code ec;
  while (out_begin_ < out_.size()) {
    const auto n = socket_.write_some(net::buffer(out_.data() + out_begin_, out_.size() - out_begin_), ec);
    if (would_block(ec)) return wait_writable(), false;
    if (ec) return close(), false;
    out_begin_ += n;
    if (out_begin_ < out_.size()) extend_deadline(n, app_.settings().write_timeout);
  }
  if (!file_.finished()) {
    const auto before = file_.sent();
    switch (file_.send_some(socket_.native_handle())) {
      case file_transfer::outcome::failed: return close(), false;
      case file_transfer::outcome::would_block: return wait_writable(), false;
      case file_transfer::outcome::progress: break;
    }
    extend_deadline(static_cast<std::size_t>(file_.sent() - before), app_.settings().write_timeout);
    // Other connections have their turn between two pieces.
    if (!file_.finished()) return wait_writable(), false;
  }
  finish_response();
  return true;
}

void http_connection::wait_writable() {
  if (waiting_) return;
  waiting_ = true;
  socket_.async_wait(tcp_socket::wait_write, [self = shared_from_this()](const boost::system::error_code& ec) {
    self->waiting_ = false;
    if (ec) return self->close();
    self->advance();
  });
}

void http_connection::finish_response() {
  out_.clear();
  out_begin_ = 0;
  if (out_.capacity() > kept_capacity_max) std::string{}.swap(out_);
  file_ = {};
  body_.release();
  share_.hold(body_.body().capacity());
  if (in_.size() > kept_capacity_max && unread().empty() && !waiting_) {
    std::string{}.swap(in_);
    in_begin_ = in_end_ = 0;
  }
  request_id_.clear();
  request_.method = verb::other;
  facts_ = {};
  admission_ = {};
  if (closing_) {
    boost::system::error_code ec;
    socket_.shutdown(tcp_socket::shutdown_send, ec);
    phase_ = phase::lingering;
    set_deadline(linger_time);
    return;
  }
  phase_ = phase::reading_head;
  set_deadline(unread().empty() ? app_.settings().idle_timeout : app_.settings().read_timeout);
}

bool http_connection::step_linger() {
  in_begin_ = in_end_;
  read_more(head_room);
  return false;
}

void http_connection::upgrade(response&& r) {
  // What a client sends before it knows that it may is not for us to guess about.
  if (!unread().empty()) {
    respond_and_close(
      render_error(error_style::problem, error{errc::invalid_argument, "bytes behind the request to upgrade", {}}));
    return advance();
  }
  phase_ = phase::closed;
  const auto self = shared_from_this();
  loop_->remove(*this);
  std::make_shared<websocket_session>(loop_, std::move(socket_))
    ->start(request_, request_id_, admission_.rate, std::move(r.open_stream));
}

} // namespace penstock
