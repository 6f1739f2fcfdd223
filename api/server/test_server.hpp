#pragma once

#include "api/fake_operations.hpp"
#include "api/http_server.hpp"
#include "api/server/raw_client.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace penstock::test {

/// A server on a free port of this machine over operations in memory.
struct test_server {
  explicit test_server(http_settings s = {}) {
    s.port = 0;
    s.version = "test";
    ops.shown.ready = true;
    auto started = http_server::start(s, ops, system_clock_source(), system_random_source());
    REQUIRE(started.has_value());
    server = std::move(*started);
  }

  [[nodiscard]] std::uint16_t port() const { return server->port(); }

  /// A request of HTTP/1.1 with the admin's key.
  static std::string request(std::string_view method, std::string_view target, std::string_view body = "",
                             std::string_view more = "") {
    std::string out{method};
    out.append(" ")
      .append(target)
      .append(" HTTP/1.1\r\nHost: a\r\nx-api-key: ")
      .append(fake_operations::admin_key)
      .append("\r\n");
    if (!body.empty())
      out.append("Content-Type: application/json\r\nContent-Length: ")
        .append(std::to_string(body.size()))
        .append("\r\n");
    return out.append(more).append("\r\n").append(body);
  }

  std::string ask(std::string_view method, std::string_view target, std::string_view body = "",
                  std::string_view more = "") const {
    raw_client client{port()};
    return client.ask(request(method, target, body, more));
  }

  std::string make_pipeline() const { return id_in(ask("POST", "/api/pipelines", R"({"name":"a","config":{}})")); }
  std::string make_run() const { return id_in(ask("POST", "/api/pipelines/" + make_pipeline() + "/run")); }

  static std::string id_in(const std::string& answer) {
    const auto at = answer.find("\"id\":\"");
    REQUIRE(at != std::string::npos);
    return answer.substr(at + 6, 36);
  }

  /// The value of a metric's line; -1 if there is none.
  double metric(const std::string& name) const {
    const auto text = ask("GET", "/metrics");
    const auto at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::strtod(text.c_str() + at + name.size() + 2, nullptr);
  }

  fake_operations ops;
  std::unique_ptr<http_server> server;
};

inline int status_of(const std::string& answer) {
  return answer.starts_with("HTTP/1.") ? std::atoi(answer.c_str() + 9) : 0;
}

/// Waits until `condition` holds, at most five seconds.
template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 500; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return condition();
}

} // namespace penstock::test
