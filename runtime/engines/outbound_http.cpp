#include "runtime/engines/outbound_http.hpp"

#include "runtime/engines/descriptor.hpp"
#include "runtime/engines/outbound_queue.hpp"
#include "runtime/engines/outbound_target.hpp"
#include "runtime/engines/outbound_transfer.hpp"
#include "runtime/engines/thread_signals.hpp"
#include "runtime/threads.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <variant>

namespace penstock {

namespace {

using steady = std::chrono::steady_clock;

constexpr std::size_t idle_transfers_max = 256;

struct multi_deleter {
  void operator()(CURLM* multi) const noexcept { ::curl_multi_cleanup(multi); }
};

/// libcurl's sockets and its one timer on an epoll descriptor, and a way to wake it.
class curl_loop {
public:
  explicit curl_loop(std::size_t connections_max)
      : connections_max_(connections_max), epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = wake_.get()}};
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event);
    close_connections();
  }

  /// Begins afresh. No handle may be added.
  void close_connections() {
    multi_.reset();
    due_.reset();
    multi_.reset(::curl_multi_init());
    ::curl_multi_setopt(multi_.get(), CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
    ::curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(connections_max_));
    ::curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &on_socket);
    ::curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
    ::curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &on_timer);
    ::curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
  }

  [[nodiscard]] CURLM* multi() const noexcept { return multi_.get(); }

  void wake() const noexcept { ::eventfd_write(wake_.get(), 1); }

  /// Does what libcurl's timer is due for.
  void run_timer() {
    while (due_ && *due_ <= steady::now()) {
      due_.reset();
      int running = 0;
      ::curl_multi_socket_action(multi_.get(), CURL_SOCKET_TIMEOUT, 0, &running);
    }
  }

  /// Waits for sockets, the timer or `wake`, and lets libcurl do what the sockets are ready for.
  /// @returns whether anything happened within `patience`.
  bool wait(milliseconds patience) {
    if (due_) patience = std::min(patience, std::chrono::ceil<milliseconds>(*due_ - steady::now()));
    std::array<epoll_event, 128> events;
    const int n = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                               static_cast<int>(std::max<std::int64_t>(patience.count(), 0)));
    for (int i = 0; i < n; ++i) {
      if (events[i].data.fd == wake_.get()) {
        eventfd_t count = 0;
        ::eventfd_read(wake_.get(), &count);
      } else {
        act(events[i]);
      }
    }
    return n > 0 || due_;
  }

private:
  void act(const epoll_event& event) {
    int mask = 0;
    if (event.events & (EPOLLIN | EPOLLHUP)) mask |= CURL_CSELECT_IN;
    if (event.events & EPOLLOUT) mask |= CURL_CSELECT_OUT;
    if (event.events & EPOLLERR) mask |= CURL_CSELECT_ERR;
    int running = 0;
    ::curl_multi_socket_action(multi_.get(), event.data.fd, mask, &running);
  }

  static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void* known) {
    const auto& loop = *static_cast<curl_loop*>(self);
    if (what == CURL_POLL_REMOVE) {
      ::epoll_ctl(loop.epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
      return 0;
    }
    epoll_event event{.events = 0, .data = {.fd = fd}};
    if (what & CURL_POLL_IN) event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
    ::epoll_ctl(loop.epoll_.get(), known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    if (!known) ::curl_multi_assign(loop.multi_.get(), fd, self);
    return 0;
  }

  static int on_timer(CURLM*, long ms, void* self) {
    auto& due = static_cast<curl_loop*>(self)->due_;
    if (ms < 0) due.reset();
    else due = steady::now() + milliseconds(ms);
    return 0;
  }

  const std::size_t connections_max_;
  const descriptor epoll_;
  const descriptor wake_;
  std::optional<steady::time_point> due_;
  std::unique_ptr<CURLM, multi_deleter> multi_;
};

class curl_outbound_http final : public outbound_http {
public:
  explicit curl_outbound_http(outbound_settings settings)
      : settings_(std::move(settings)), queue_(settings_.connections_max, settings_.connections_per_host_max),
        thread_([this] { run(); }) {}

  ~curl_outbound_http() override {
    stopping_ = true;
    loop_.wake();
    thread_.join();
  }

  handle send(outbound_request request, done_callback done) override {
    const handle id = ++last_handle_;
    auto host = outbound_host_of(request.url);
    auto checked = host ? check_message(request) : result<void>(unexpected(host.error()));
    if (!checked) {
      push(refused{std::move(done), std::move(checked).error()});
    } else if (++accepted_ > settings_.queued_max + settings_.connections_max) {
      --accepted_;
      push(refused{std::move(done),
                   {errc::unavailable, "Too many requests to other servers wait already; try again later.", {}}});
    } else {
      push(begun{std::make_unique<job>(id, std::move(request), std::move(*host), std::move(done))});
    }
    return id;
  }

  void cancel(handle request) override { push(cancelled{request}); }

  [[nodiscard]] outbound_figures figures() const override {
    return {.under_way = under_way_, .waiting = waiting_, .ended = ended_, .connections_opened = connections_};
  }

private:
  struct job {
    job(handle i, outbound_request r, std::string h, done_callback d)
        : id(i), request(std::move(r)), host(std::move(h)), done(std::move(d)) {}

    handle id;
    outbound_request request;
    std::string host;
    done_callback done;
    std::unique_ptr<outbound_transfer> transfer; ///< Once it is under way.
  };
  struct begun {
    std::unique_ptr<job> what;
  };
  struct refused {
    done_callback done;
    error why;
  };
  struct cancelled {
    handle id;
  };
  using command = std::variant<begun, refused, cancelled>;

  void push(command c) {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      first = commands_.empty();
      commands_.push_back(std::move(c));
    }
    if (first) loop_.wake();
  }

  void run();
  void take_commands();
  void start_next();
  void reap();
  void end(handle id, result<outbound_response> outcome);
  void tell_figures();
  void end_all();

  const outbound_settings settings_;
  curl_loop loop_{settings_.connections_max};
  std::atomic<bool> stopping_{false};
  std::atomic<handle> last_handle_{0};
  std::atomic<std::size_t> accepted_{0}; ///< Begun and not ended.
  std::atomic<std::uint64_t> under_way_{0}, waiting_{0}, ended_{0}, connections_{0};
  std::mutex mutex_;
  std::vector<command> commands_;

  // Of the thread alone.
  outbound_queue queue_;
  std::unordered_map<handle, std::unique_ptr<job>> jobs_;
  std::vector<std::unique_ptr<outbound_transfer>> idle_;
  std::uint64_t connections_closed_ = 0; ///< Of `connections_`, those that were let go for want of use.

  std::thread thread_;
};

void curl_outbound_http::run() {
  name_thread("outbound http");
  block_signals_in_this_thread();
  while (!stopping_) {
    take_commands();
    start_next();
    loop_.run_timer();
    reap();
    // What ended made room, and may have been followed by more.
    if (queue_.may_begin()) continue;
    tell_figures();
    // With nothing to do for so long, connections are not kept for nothing.
    if (!loop_.wait(settings_.idle_max) && jobs_.empty() && connections_closed_ != connections_) {
      loop_.close_connections();
      connections_closed_ = connections_;
    }
  }
  end_all();
}

void curl_outbound_http::take_commands() {
  std::vector<command> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(commands_);
  }
  for (auto& c : taken) {
    if (auto* b = std::get_if<begun>(&c)) {
      queue_.add(b->what->id, b->what->host);
      jobs_.emplace(b->what->id, std::move(b->what));
    } else if (auto* r = std::get_if<refused>(&c)) {
      r->done(unexpected(std::move(r->why)));
    } else {
      end(std::get<cancelled>(c).id, fail(errc::cancelled, "The request was ended before its answer."));
    }
  }
}

void curl_outbound_http::start_next() {
  while (const auto id = queue_.next()) {
    auto& j = *jobs_.at(*id);
    if (idle_.empty()) {
      j.transfer = std::make_unique<outbound_transfer>(settings_, connections_);
    } else {
      j.transfer = std::move(idle_.back());
      idle_.pop_back();
    }
    j.transfer->begin(j.request, &j);
    ::curl_multi_add_handle(loop_.multi(), j.transfer->easy());
  }
}

void curl_outbound_http::reap() {
  int left = 0;
  while (const CURLMsg* message = ::curl_multi_info_read(loop_.multi(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    job* j = nullptr;
    ::curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &j);
    end(j->id, j->transfer->finish(message->data.result));
  }
}

void curl_outbound_http::end(handle id, result<outbound_response> outcome) {
  auto node = jobs_.extract(id);
  if (node.empty()) return;
  auto& j = *node.mapped();
  queue_.remove(id);
  if (j.transfer) {
    ::curl_multi_remove_handle(loop_.multi(), j.transfer->easy());
    j.transfer->clear();
    if (idle_.size() < idle_transfers_max) idle_.push_back(std::move(j.transfer));
  }
  ++ended_;
  --accepted_;
  j.done(std::move(outcome));
}

void curl_outbound_http::tell_figures() {
  under_way_ = queue_.under_way();
  waiting_ = queue_.waiting();
}

void curl_outbound_http::end_all() {
  do {
    while (!jobs_.empty())
      end(jobs_.begin()->first, fail(errc::cancelled, "The request was ended because the server stops."));
    take_commands();
  } while (!jobs_.empty());
  tell_figures();
  idle_.clear();
}

} // namespace

std::unique_ptr<outbound_http> make_outbound_http(outbound_settings settings) {
  ::curl_global_init(CURL_GLOBAL_DEFAULT); // Counts its calls, and is thread-safe in the libcurl we link.
  return std::make_unique<curl_outbound_http>(std::move(settings));
}

} // namespace penstock
