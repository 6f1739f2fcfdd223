#include "runtime/engines/outbound_transfer.hpp"

#include "runtime/engines/address_guard.hpp"
#include "runtime/engines/outbound_target.hpp"
#include "runtime/model/ascii.hpp"

#include <sys/socket.h>

#include <algorithm>

namespace penstock {

namespace {

constexpr std::size_t header_bytes_max = 64u << 10;

milliseconds since(std::chrono::steady_clock::time_point begun) {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begun);
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// Servers may want to be told that a body of these is empty.
bool expects_body(const std::string& method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

} // namespace

outbound_transfer::outbound_transfer(const outbound_settings& settings, std::atomic<std::uint64_t>& connections)
    : settings_(settings), connections_(connections), easy_(::curl_easy_init()) {
  set_constants();
}

outbound_transfer::~outbound_transfer() {
  ::curl_easy_cleanup(easy_);
  ::curl_slist_free_all(sent_headers_);
}

void outbound_transfer::set_constants() {
  ::curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  ::curl_easy_setopt(easy_, CURLOPT_PROXY, ""); // Also none of the environment.
  ::curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  ::curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  ::curl_easy_setopt(easy_, CURLOPT_HTTP09_ALLOWED, 0L);
  ::curl_easy_setopt(easy_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!settings_.ca_file.empty()) ::curl_easy_setopt(easy_, CURLOPT_CAINFO, settings_.ca_file.c_str());
  ::curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  // Else whoever gives up a look-up waits for it to end, and everybody else with it.
  ::curl_easy_setopt(easy_, CURLOPT_QUICK_EXIT, 1L);
  ::curl_easy_setopt(easy_, CURLOPT_USERAGENT, "penstock");
  ::curl_easy_setopt(easy_, CURLOPT_ACCEPT_ENCODING, "");
  ::curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings_.connect_timeout.count()));
  const auto idle_s = std::chrono::ceil<std::chrono::seconds>(settings_.idle_max).count();
  ::curl_easy_setopt(easy_, CURLOPT_MAXAGE_CONN, static_cast<long>(std::max<std::int64_t>(idle_s, 1)));
  ::curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, words_.data());
  ::curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &on_header);
  ::curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  ::curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &on_body);
  ::curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  ::curl_easy_setopt(easy_, CURLOPT_OPENSOCKETFUNCTION, &on_open_socket);
  ::curl_easy_setopt(easy_, CURLOPT_OPENSOCKETDATA, this);
}

void outbound_transfer::begin(const outbound_request& request, void* owner) {
  request_ = &request;
  begun_ = std::chrono::steady_clock::now();
  ::curl_easy_setopt(easy_, CURLOPT_PRIVATE, owner);
  ::curl_easy_setopt(easy_, CURLOPT_URL, request.url.c_str());
  const auto timeout = std::clamp<std::int64_t>(request.timeout.count(), 1, std::numeric_limits<std::int32_t>::max());
  ::curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout));
  const auto add = [this](const std::string& line) {
    sent_headers_ = ::curl_slist_append(sent_headers_, line.c_str());
  };
  bool has_type = false;
  for (const auto& [name, text] : request.headers) {
    // With a colon and nothing behind it, libcurl would take the header away instead of sending it empty.
    add(text.empty() ? name + ";" : name + ": " + text);
    has_type = has_type || lower_ascii(name) == "content-type";
  }
  if (!has_type) add("Content-Type:"); // None is said where none was given.
  add("Expect:");                      // No waiting for 100 Continue.
  ::curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, sent_headers_);
  set_method(request);
}

void outbound_transfer::set_method(const outbound_request& request) {
  if (request.method == "HEAD") {
    ::curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
    return;
  }
  const bool has_body = !request.body.empty() || expects_body(request.method);
  if (has_body) {
    ::curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    ::curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request.body.data());
  }
  if (request.method != (has_body ? "POST" : "GET"))
    ::curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void outbound_transfer::clear() {
  ::curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, nullptr);
  ::curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L); // Takes back HEAD and POST alike, also the POST of the line above.
  ::curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, nullptr);
  ::curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, nullptr);
  ::curl_slist_free_all(sent_headers_);
  sent_headers_ = nullptr;
  request_ = nullptr;
  response_ = {};
  header_bytes_ = 0;
  body_bytes_ = 0;
  headers_too_large_ = false;
  sockets_opened_ = 0;
  refused_address_.clear();
  words_[0] = '\0';
}

std::size_t outbound_transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& t = *static_cast<outbound_transfer*>(self);
  const std::size_t bytes = size * count;
  t.header_bytes_ += bytes;
  t.headers_too_large_ = t.header_bytes_ > header_bytes_max;
  if (t.headers_too_large_) return 0; // Ends the transfer.
  t.take_header({data, bytes});
  return bytes;
}

void outbound_transfer::take_header(std::string_view line) {
  // What came before was an interim answer.
  if (line.starts_with("HTTP/")) return response_.headers.clear();
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  response_.headers.emplace_back(lower_ascii(trimmed(line.substr(0, colon))), trimmed(line.substr(colon + 1)));
}

std::size_t outbound_transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<outbound_transfer*>(self)->take_body({data, size * count});
}

std::size_t outbound_transfer::take_body(std::string_view data) {
  const std::uint64_t room = request_->response_bytes_max - body_bytes_;
  const std::size_t taken = data.size() <= room ? data.size() : static_cast<std::size_t>(room);
  body_bytes_ += taken;
  response_.body_cut = taken < data.size();
  if (request_->keep_body) response_.body.append(data.substr(0, taken));
  return taken; // Less than was given ends the transfer.
}

/// Called with the address that is about to be connected to, so no later look-up of the name can change it; and a
/// connection that is used again came through here too.
curl_socket_t outbound_transfer::on_open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& t = *static_cast<outbound_transfer*>(self);
  if (!t.settings_.allow_private_addresses) {
    if (const auto kind = refused_address(address->addr)) {
      t.refused_address_ = text_of(address->addr) + " is a " + std::string(*kind) + " address";
      return CURL_SOCKET_BAD;
    }
  }
  ++t.sockets_opened_;
  ++t.connections_;
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

error outbound_transfer::failure_of(CURLcode code) const {
  // Of several addresses of a name, those of the public internet were tried.
  if (!refused_address_.empty() && sockets_opened_ == 0)
    return {errc::forbidden,
            "The address was refused: " + refused_address_ +
              ". The server calls public addresses only, unless it is started with --allow-private-addresses.",
            {}};
  if (headers_too_large_)
    return {errc::io_failed, "The answer has more than " + std::to_string(header_bytes_max) + " bytes of headers.", {}};
  if (code == CURLE_OPERATION_TIMEDOUT) {
    if (since(begun_) >= request_->timeout)
      return {
        errc::timed_out, "There was no whole answer within " + std::to_string(request_->timeout.count()) + " ms.", {}};
    return {errc::io_failed,
            "No connection was taken within " + std::to_string(settings_.connect_timeout.count()) + " ms.",
            {}};
  }
  const std::string words = words_[0] != '\0' ? words_.data() : ::curl_easy_strerror(code);
  return {code == CURLE_URL_MALFORMAT ? errc::invalid_argument : errc::io_failed, words + ".", {}};
}

result<outbound_response> outbound_transfer::finish(CURLcode code) {
  if (code != CURLE_OK && !response_.body_cut) return unexpected(failure_of(code));
  long status = 0;
  ::curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  response_.latency = since(begun_);
  return std::move(response_);
}

} // namespace penstock
