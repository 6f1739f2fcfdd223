#pragma once

#include "runtime/engines/outbound_http.hpp"

#include <curl/curl.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace penstock {

/// One request on its way through libcurl, used again for later ones. Neither copied nor moved: libcurl keeps pointers
/// into it. Belongs to one thread.
class outbound_transfer {
public:
  /// @param connections counts those opened.
  outbound_transfer(const outbound_settings& settings, std::atomic<std::uint64_t>& connections);
  ~outbound_transfer();
  outbound_transfer(const outbound_transfer&) = delete;
  outbound_transfer& operator=(const outbound_transfer&) = delete;

  [[nodiscard]] CURL* easy() const noexcept { return easy_; }

  /// Makes it ready to be sent. `request` stays where it is until `finish`.
  /// @param owner what `CURLINFO_PRIVATE` is to give.
  void begin(const outbound_request& request, void* owner);

  /// What came of it, for libcurl's result. `outbound_http::send` says which errors there are.
  [[nodiscard]] result<outbound_response> finish(CURLcode code);

  /// Lets go of the request, after `finish` or in its place.
  void clear();

private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  void set_constants();
  void set_method(const outbound_request& request);
  void take_header(std::string_view line);
  [[nodiscard]] std::size_t take_body(std::string_view data);
  [[nodiscard]] error failure_of(CURLcode code) const;

  const outbound_settings& settings_;
  std::atomic<std::uint64_t>& connections_;
  CURL* const easy_;
  curl_slist* sent_headers_ = nullptr;
  const outbound_request* request_ = nullptr;
  std::chrono::steady_clock::time_point begun_;
  outbound_response response_;
  std::size_t header_bytes_ = 0;
  std::uint64_t body_bytes_ = 0;
  bool headers_too_large_ = false;
  std::size_t sockets_opened_ = 0;
  std::string refused_address_; ///< The last one that was refused, and why: part of a sentence.
  std::array<char, CURL_ERROR_SIZE> words_{};
};

} // namespace penstock
