#include "runtime/engines/http_transfer.hpp"

#include "runtime/engines/address_guard.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace penstock {

namespace {

constexpr std::size_t quoted_bytes_max = 300;

std::optional<std::string_view> refusal_of(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in&>(address).sin_addr, bytes.size());
    return refused_ipv4(bytes);
  }
  if (address.sa_family == AF_INET6) {
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, bytes.size());
    return refused_ipv6(bytes);
  }
  return "not an internet";
}

std::string text_of(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> out{};
  const void* bytes = address.sa_family == AF_INET
                        ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr)
                        : &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  return ::inet_ntop(address.sa_family, bytes, out.data(), out.size()) ? out.data() : "?";
}

std::string excerpt(std::string_view body) {
  std::string out(body.substr(0, quoted_bytes_max));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return out;
}

} // namespace

http_transfer::http_transfer(attempt_pointer attempt, http_call call, const engine_settings& settings,
                             easy_pointer easy)
    : attempt_(std::move(attempt)), call_(std::move(call)), settings_(settings), easy_(std::move(easy)) {
  for (const auto& header : call_.headers) headers_ = ::curl_slist_append(headers_, header.c_str());
  headers_ = ::curl_slist_append(headers_, "Expect:"); // No waiting for 100 Continue.
  configure();
}

http_transfer::~http_transfer() { ::curl_slist_free_all(headers_); }

easy_pointer http_transfer::take_easy() {
  ::curl_easy_reset(easy_.get());
  return std::move(easy_);
}

void http_transfer::configure() {
  CURL* const e = easy_.get();
  ::curl_easy_setopt(e, CURLOPT_PRIVATE, this);
  ::curl_easy_setopt(e, CURLOPT_URL, call_.url.c_str());
  ::curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
  ::curl_easy_setopt(e, CURLOPT_PROXY, "");
  ::curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
  ::curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
  ::curl_easy_setopt(e, CURLOPT_USERAGENT, "penstock");
  ::curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "");
  ::curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers_);
  ::curl_easy_setopt(e, CURLOPT_ERRORBUFFER, words_.data());
  ::curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, static_cast<long>(attempt_->time_left_ms()));
  ::curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, &on_body);
  ::curl_easy_setopt(e, CURLOPT_WRITEDATA, this);
  ::curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, &on_open_socket);
  ::curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, this);
  if (call_.method == "HEAD") ::curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
  if (call_.has_body) {
    ::curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call_.body.size()));
    ::curl_easy_setopt(e, CURLOPT_POSTFIELDS, call_.body.data());
  }
  if (call_.method != "HEAD" && call_.method != (call_.has_body ? "POST" : "GET"))
    ::curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, call_.method.c_str());
}

std::size_t http_transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& t = *static_cast<http_transfer*>(self);
  const std::size_t bytes = size * count;
  t.too_large_ = t.body_.size() + bytes > t.settings_.http_response_bytes_max;
  if (t.too_large_) return 0; // Ends the transfer.
  t.body_.append(data, bytes);
  return bytes;
}

/// Called with the address that is about to be connected to, so no later look-up of the name can change it.
curl_socket_t http_transfer::on_open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& t = *static_cast<http_transfer*>(self);
  if (!t.settings_.allow_private_addresses) {
    if (const auto kind = refusal_of(address->addr)) {
      t.refused_address_ = text_of(address->addr) + " is a " + std::string(*kind) + " address";
      return CURL_SOCKET_BAD;
    }
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

http_transfer::failure http_transfer::failure_of(CURLcode code) const {
  if (!refused_address_.empty())
    return {{errc::task_failed,
             target() + " was refused: " + refused_address_ +
               ". The server calls public addresses only, unless it is started "
               "with --allow-private-addresses.",
             {}},
            false};
  if (too_large_)
    return {{errc::too_large,
             target() + " answered with more than " + std::to_string(settings_.http_response_bytes_max) + " bytes.",
             {}},
            false};
  if (code == CURLE_OPERATION_TIMEDOUT) return {{errc::timed_out, {}, {}}, true, true};
  const bool is_mistake = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
  const std::string words = words_[0] != '\0' ? words_.data() : ::curl_easy_strerror(code);
  return {{is_mistake ? errc::invalid_argument : errc::task_failed, target() + " failed: " + words + ".", {}},
          !is_mistake};
}

expected<http_transfer::answer, http_transfer::failure> http_transfer::finish(CURLcode code) {
  if (code != CURLE_OK) return unexpected(failure_of(code));
  long status = 0;
  const char* type = nullptr;
  ::curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  ::curl_easy_getinfo(easy_.get(), CURLINFO_CONTENT_TYPE, &type);
  const auto number = static_cast<int>(status);
  if (call_.is_expected(number)) return answer{number, type ? type : "", std::move(body_)};
  std::string message = target() + " answered with status " + std::to_string(number);
  if (!body_.empty()) message += ": " + excerpt(body_);
  return unexpected(failure{{errc::task_failed, std::move(message), {}}, is_retryable_status(number)});
}

} // namespace penstock
