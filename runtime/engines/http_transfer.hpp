#pragma once

#include "runtime/engines/http_call.hpp"
#include "runtime/engines/running_attempt.hpp"

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>

namespace penstock {

struct easy_deleter {
  void operator()(CURL* easy) const noexcept { ::curl_easy_cleanup(easy); }
};
using easy_pointer = std::unique_ptr<CURL, easy_deleter>;

/// One call on its way through libcurl. Neither copied nor moved: libcurl keeps pointers into it.
class http_transfer {
public:
  http_transfer(attempt_pointer attempt, http_call call, const engine_settings& settings, easy_pointer easy);
  ~http_transfer();
  http_transfer(const http_transfer&) = delete;
  http_transfer& operator=(const http_transfer&) = delete;

  [[nodiscard]] CURL* easy() const noexcept { return easy_.get(); }
  [[nodiscard]] const attempt_pointer& attempt() const noexcept { return attempt_; }
  /// The handle for the next call, once this one is over.
  [[nodiscard]] easy_pointer take_easy();

  struct answer {
    int status = 0;
    std::string content_type;
    std::string body;
  };

  /// What came of it, for libcurl's result.
  /// @returns the answer with an expected status; else the failure, ready to be reported.
  struct failure {
    error why;
    bool retryable = true;
    bool timed_out = false;
  };
  [[nodiscard]] expected<answer, failure> finish(CURLcode code);

private:
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  void configure();
  [[nodiscard]] std::string target() const { return call_.method + " " + call_.url; }
  [[nodiscard]] failure failure_of(CURLcode code) const;

  const attempt_pointer attempt_;
  const http_call call_;
  const engine_settings& settings_;
  easy_pointer easy_;
  curl_slist* headers_ = nullptr;
  std::array<char, CURL_ERROR_SIZE> words_{};
  std::string body_;
  bool too_large_ = false;
  std::string refused_address_; ///< Sentence about the address that was refused.
};

} // namespace penstock
