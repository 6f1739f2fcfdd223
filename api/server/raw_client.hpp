#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>

namespace penstock::test {

/// A plain TCP socket to a port of this machine: says exactly the bytes that a test wants said.
class raw_client {
public:
  explicit raw_client(std::uint16_t port, int receive_buffer = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const int yes = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  ~raw_client() { close(); }
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  [[nodiscard]] bool connected() const noexcept { return connected_; }

  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  /// False once the other side has gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  /// Reads some bytes; empty at the end of the stream or when nothing came in time.
  std::string read_some(std::chrono::milliseconds within = std::chrono::seconds{5}) {
    pollfd p{fd_, POLLIN, 0};
    at_end_ = false;
    if (::poll(&p, 1, static_cast<int>(within.count())) <= 0) return {};
    std::string out(64u << 10, '\0');
    const auto n = ::recv(fd_, out.data(), out.size(), 0);
    at_end_ = n <= 0;
    out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return out;
  }

  /// One whole response by its Content-Length; of a HEAD request, or 1xx, only the head.
  std::string read_response(bool head_only = false) {
    while (buffer_.find("\r\n\r\n") == std::string::npos)
      if (!fill()) return take(buffer_.size());
    const auto head_end = buffer_.find("\r\n\r\n") + 4;
    const auto at = buffer_.find("Content-Length: ");
    const auto length = head_only || at > head_end ? 0 : std::strtoul(buffer_.c_str() + at + 16, nullptr, 10);
    while (buffer_.size() < head_end + length)
      if (!fill()) break;
    return take(std::min(buffer_.size(), head_end + length));
  }

  /// Everything until the server closes; what had come when it did not within `within`.
  std::string read_all(std::chrono::milliseconds within = std::chrono::seconds{5}) {
    for (;;) {
      auto more = read_some(within);
      if (more.empty()) return take(buffer_.size());
      buffer_ += more;
    }
  }

  /// What was read but belongs to no response yet.
  std::string take_rest() { return take(buffer_.size()); }

  /// Whether the server closed, seen by the last read.
  [[nodiscard]] bool closed() const noexcept { return at_end_; }

  std::string ask(std::string_view request, bool head_only = false) {
    send(request);
    return read_response(head_only);
  }

private:
  bool fill() {
    auto more = read_some();
    buffer_ += more;
    return !more.empty();
  }
  std::string take(std::size_t n) {
    auto out = buffer_.substr(0, n);
    buffer_.erase(0, n);
    return out;
  }

  int fd_;
  bool connected_ = false;
  bool at_end_ = false;
  std::string buffer_;
};

} // namespace penstock::test
