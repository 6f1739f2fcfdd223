#include "runtime/engines/outbound_http.hpp"

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <iostream>
#include <semaphore>

// Measures; run by name only: engines_tests "[bench]".

using namespace penstock;

namespace {

constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

/// Answers every request that comes in one piece, in one thread.
[[noreturn]] void receive(int listener) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int poll = ::epoll_create1(0);
  epoll_event event{.events = EPOLLIN, .data = {.fd = listener}};
  ::epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  std::array<epoll_event, 256> events;
  std::array<char, 16u << 10> buffer;
  for (;;) {
    const int n = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < n; ++i) {
      int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener) {
        event.data.fd = fd = ::accept4(listener, nullptr, nullptr, 0);
        ::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
      } else if (::recv(fd, buffer.data(), buffer.size(), 0) > 0) {
        (void)!::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
      } else {
        ::close(fd);
      }
    }
  }
}

class receiver {
public:
  receiver() {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener, 1'024) == 0);
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/hook";
    pid_ = ::fork();
    if (pid_ == 0) receive(listener);
    ::close(listener);
  }
  ~receiver() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  [[nodiscard]] const std::string& url() const noexcept { return url_; }

private:
  std::string url_;
  pid_t pid_ = 0;
};

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

outbound_request delivery(const std::string& url) {
  outbound_request request;
  request.url = url;
  request.headers = {{"Content-Type", "application/json"},
                     {"X-GCS-Signature", "sha256=" + std::string(64, 'a')},
                     {"webhook-id", "evt_01HZX3V8JQ4W9M2C7T5R6Y0B1D"},
                     {"webhook-timestamp", "1790000000"},
                     {"webhook-signature", "v1," + std::string(44, 'b')}};
  request.body = "{\"data\":\"" + std::string(500, 'x') + "\"}";
  request.keep_body = false;
  return request;
}

} // namespace

TEST_CASE("measure small posts", "[.][bench]") {
  const receiver to;
  outbound_settings settings;
  settings.allow_private_addresses = true;
  for (const std::size_t at_once : {1, 16, 64}) {
    const auto client = make_outbound_http(settings);
    const int total = at_once == 1 ? 5'000 : 40'000;
    std::counting_semaphore<> places(static_cast<std::ptrdiff_t>(at_once));
    std::atomic<int> bad{0}, ended{0};
    const double cpu = cpu_seconds();
    const auto begun = std::chrono::steady_clock::now();
    for (int i = 0; i < total; ++i) {
      places.acquire();
      client->send(delivery(to.url()), [&](const result<outbound_response>& r) {
        if (!r || r->status != 200) ++bad;
        ++ended;
        places.release();
      });
    }
    for (std::size_t i = 0; i < at_once; ++i) places.acquire();
    const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    const double used = cpu_seconds() - cpu;
    CHECK(bad == 0);
    std::cout << at_once << " at once: " << static_cast<int>(total / took) << " posts/s, "
              << took / total * 1e6 * static_cast<double>(at_once) << " us each, CPU " << used / total * 1e6
              << " us per post, " << used / took << " cores\n";
  }
}
