#include "api/server/io_loop.hpp"

#include "api/server/http_connection.hpp"
#include "api/server/response_head.hpp"
#include "api/server/websocket_session.hpp"

#include <csignal>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

namespace penstock {

io_loop::io_loop(const application& app, std::shared_ptr<clock_source> wall_clock, std::uint64_t seed)
    : app_(app), wall_clock_(std::move(wall_clock)), sweep_timer_(context_), random_(seed) {}

io_loop::~io_loop() = default;

void io_loop::start() {
  arm_sweep();
  thread_ = std::thread([self = shared_from_this()] { self->run(); });
}

void io_loop::run() {
  name_thread("http");
  scheduling_.emplace();
  // `sendfile` cannot be told not to raise it when a client goes away in the middle of a file.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  thread_id_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  for (;;) {
    try {
      context_.run();
      return;
    } catch (const std::exception& e) {
      // The last resort: a mistake in handling one connection must not end the others.
      spdlog::error("the HTTP front end caught an exception: {}", e.what());
    }
  }
}

void io_loop::adopt(tcp_socket socket) {
  // std::function wants its content copyable.
  auto held = std::make_shared<tcp_socket>(std::move(socket));
  post([this, held] {
    if (draining_) {
      app_.metrics().connections.fetch_sub(1, std::memory_order_relaxed);
      return;
    }
    const auto c = std::make_shared<http_connection>(shared_from_this(), std::move(*held));
    add(c);
    c->start();
  });
}

void io_loop::wake_locked() {
  if (awake_) return;
  awake_ = true;
  net::post(context_, [this] { take_deliveries(); });
}

void io_loop::deliver(std::shared_ptr<http_connection> to, std::uint64_t exchange, response&& r) {
  std::scoped_lock lock{mutex_};
  if (stopped_) return;
  deliveries_.push_back({std::move(to), exchange, std::move(r)});
  wake_locked();
}

void io_loop::post(std::function<void()> work) {
  std::scoped_lock lock{mutex_};
  if (stopped_) return;
  posted_.push_back(std::move(work));
  wake_locked();
}

void io_loop::take_deliveries() {
  scheduling_->worked();
  std::vector<std::function<void()>> work;
  {
    std::scoped_lock lock{mutex_};
    awake_ = false;
    taken_.swap(deliveries_);
    work.swap(posted_);
  }
  for (auto& d : taken_) d.to->take_answer(d.exchange, std::move(d.answer));
  taken_.clear();
  for (auto& w : work) w();
}

void io_loop::arm_sweep() {
  sweep_timer_.expires_after(sweep_every);
  sweep_timer_.async_wait([this](const boost::system::error_code& ec) {
    // Cancelling does not reach a sweep that is on its way already, and one more timer would keep the loop running.
    if (ec || ending_) return;
    sweep();
    arm_sweep();
  });
}

void io_loop::sweep() {
  now_ = clock::now();
  scheduling_->worked();
  // A connection that times out may leave the list.
  for (std::size_t i = connections_.size(); i-- > 0;) {
    if (i >= connections_.size()) continue;
    const auto c = connections_[i];
    c->check_deadline(now_);
  }
  // Of a key or token that expires nobody tells.
  const auto streams = websockets_;
  for (auto* s : streams) s->check_credentials();
}

void io_loop::end_key(api_key_id ended) {
  post([this, ended] {
    const auto all = connections_;
    for (const auto& c : all) c->end_key(ended);
    const auto streams = websockets_;
    for (auto* s : streams) s->end_key(ended);
  });
}

std::string_view io_loop::date() {
  const auto second = to_ms(wall_clock_->now()) / 1'000;
  if (second != date_second_) {
    date_second_ = second;
    date_ = http_date(second);
  }
  return date_;
}

void io_loop::make_request_id(std::string& out) {
  static constexpr char digits[] = "0123456789abcdef";
  out.resize(32);
  for (std::size_t half = 0; half < 32; half += 16) {
    auto bits = random_.next();
    for (std::size_t i = 0; i < 16; ++i, bits >>= 4) out[half + i] = digits[bits & 15];
  }
}

void io_loop::add(const std::shared_ptr<http_connection>& c) {
  c->place_in_loop = connections_.size();
  connections_.push_back(c);
}

void io_loop::remove(http_connection& c) {
  const auto at = c.place_in_loop;
  if (at >= connections_.size() || connections_[at].get() != &c) return;
  std::swap(connections_[at], connections_.back());
  connections_[at]->place_in_loop = at;
  connections_.pop_back();
}

void io_loop::add(websocket_session& s) { websockets_.push_back(&s); }

void io_loop::remove(websocket_session& s) { std::erase(websockets_, &s); }

void io_loop::drain() {
  post([this] {
    draining_ = true;
    const auto all = connections_;
    for (const auto& c : all) c->finish_soon();
    const auto streams = websockets_;
    for (auto* s : streams) s->go_away();
  });
}

void io_loop::stop() {
  post([this] {
    draining_ = true;
    ending_ = true;
    sweep_timer_.cancel();
    const auto all = connections_;
    for (const auto& c : all) c->close();
    const auto streams = websockets_;
    for (auto* s : streams) s->abort();
  });
  {
    std::scoped_lock lock{mutex_};
    stopped_ = true;
  }
  // With all sockets closed and no timer the context runs out of work.
  if (thread_.joinable()) thread_.join();
  deliveries_.clear();
  posted_.clear();
}

} // namespace penstock
