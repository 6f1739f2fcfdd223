#pragma once

#include "api/application.hpp"
#include "api/response.hpp"
#include "runtime/seams.hpp"
#include "runtime/threads.hpp"

#include <utility>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace penstock {

class http_connection;
class websocket_session;

namespace net = boost::asio;
/// With the concrete executor: the polymorphic one costs a virtual call and an allocation here and there.
using tcp_socket = net::basic_stream_socket<net::ip::tcp, net::io_context::executor_type>;

/// One I/O thread with its connections. Everything but `deliver`, `post` and `adopt` belongs to that thread.
class io_loop final : public std::enable_shared_from_this<io_loop> {
public:
  using clock = std::chrono::steady_clock;

  /// How often deadlines are looked at: one timer for all connections instead of one each.
  static constexpr std::chrono::milliseconds sweep_every{500};

  io_loop(const application& app, std::shared_ptr<clock_source> wall_clock, std::uint64_t seed);
  ~io_loop();

  /// Begins to run on a thread of its own.
  void start();

  /// Takes a connection over, from any thread.
  void adopt(tcp_socket socket);
  /// Gives a response to a connection, from any thread. Many of them cost one wake-up.
  void deliver(std::shared_ptr<http_connection> to, std::uint64_t exchange, response&& r);
  /// Runs `work` on the thread of the loop, soon.
  void post(std::function<void()> work);

  /// Refuses requests under way and closes streams of an API key that was revoked, from any thread.
  void end_key(api_key_id ended);

  /// Closes idle connections, lets requests under way finish. From any thread.
  void drain();
  /// Closes everything and ends the thread. From any other thread.
  void stop();

  [[nodiscard]] bool on_thread() const noexcept {
    return std::this_thread::get_id() == thread_id_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool is_draining() const noexcept { return draining_; }
  [[nodiscard]] net::io_context& context() noexcept { return context_; }
  [[nodiscard]] const application& app() const noexcept { return app_; }

  /// `Date` of now, formatted once a second.
  [[nodiscard]] std::string_view date();
  /// 32 hex digits.
  void make_request_id(std::string& out);
  /// The time of the last sweep: late by at most one sweep, but free.
  [[nodiscard]] clock::time_point now() const noexcept { return now_; }

  void add(const std::shared_ptr<http_connection>& c);
  void remove(http_connection& c);
  void add(websocket_session& s);
  void remove(websocket_session& s);

private:
  struct delivery {
    std::shared_ptr<http_connection> to;
    std::uint64_t exchange;
    response answer;
  };

  void run();
  void wake_locked();
  void take_deliveries();
  void arm_sweep();
  void sweep();

  net::io_context context_{1};
  const application& app_;
  std::shared_ptr<clock_source> wall_clock_;
  net::basic_waitable_timer<clock, net::wait_traits<clock>, net::io_context::executor_type> sweep_timer_;
  std::thread thread_;
  std::optional<prompt_thread> scheduling_; ///< Of that thread.
  std::atomic<std::thread::id> thread_id_;
  clock::time_point now_ = clock::now();
  std::vector<std::shared_ptr<http_connection>> connections_;
  std::vector<websocket_session*> websockets_;
  bool draining_ = false;
  bool ending_ = false;

  std::int64_t date_second_ = -1;
  std::string date_;
  seeded_random random_;

  std::mutex mutex_;
  std::vector<delivery> deliveries_;
  std::vector<std::function<void()>> posted_;
  bool awake_ = false;   ///< `take_deliveries` is on its way.
  bool stopped_ = false; ///< Nothing is taken any more.
  std::vector<delivery> taken_;
};

} // namespace penstock
