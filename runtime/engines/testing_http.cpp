#include "runtime/engines/testing_http.hpp"

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>

namespace penstock {

namespace {

std::size_t content_length(const std::string& head) {
  const auto at = head.find("Content-Length: ");
  return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
}

} // namespace

bool send_all(int socket, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

std::string reply(int status, const std::string& body, const std::string& type) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

local_server::local_server(handler answer) : local_server(std::move(answer), {}) {}

local_server::local_server(raw_handler answer) : local_server({}, std::move(answer)) {}

local_server::local_server(handler answer, raw_handler raw)
    : answer_(std::move(answer)), raw_(std::move(raw)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listener_.get(), 1'024) == 0);
  socklen_t size = sizeof address;
  ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

local_server::~local_server() {
  stopping_ = true;
  ::shutdown(listener_.get(), SHUT_RDWR);
  acceptor_.join();
  for (auto& c : connections_) {
    ::shutdown(c.socket.get(), SHUT_RDWR);
    c.thread.join();
  }
}

std::string local_server::url(const std::string& path) const { return "http://127.0.0.1:" + port() + path; }

void local_server::accept_all() {
  while (!stopping_) {
    const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    ++connection_count_;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto& c = connections_.emplace_back();
    c.socket.reset(fd);
    c.thread = std::thread([this, fd] {
      serve(fd);
      ::shutdown(fd, SHUT_RDWR); // Closed for the other side; the number is kept until the end.
    });
  }
}

void local_server::serve(int fd) {
  std::string buffer;
  std::array<char, 16u << 10> chunk;
  for (;;) {
    const auto head_end = buffer.find("\r\n\r\n");
    const std::size_t body_size = head_end == std::string::npos ? 0 : content_length(buffer.substr(0, head_end));
    if (head_end != std::string::npos && buffer.size() >= head_end + 4 + body_size) {
      const std::string head = buffer.substr(0, head_end);
      const bool goes_on =
        answer_ ? send_all(fd, answer_(head, buffer.substr(head_end + 4, body_size))) : raw_(fd, head);
      if (!goes_on) return;
      buffer.erase(0, head_end + 4 + body_size);
      continue;
    }
    const ssize_t n = ::recv(fd, chunk.data(), chunk.size(), 0);
    if (n <= 0) return;
    buffer.append(chunk.data(), static_cast<std::size_t>(n));
  }
}

} // namespace penstock
