#pragma once

#include "runtime/model/value.hpp"
#include "tools/penstock/outcome.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::cli {

struct api_request {
  std::string method = "GET";
  std::string path; ///< With its query, encoded.
  std::optional<value> body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// An answer of the server, whatever its status.
struct api_answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers; ///< Names in lower case.
  value body;                                               ///< Null if there was none, or it was no JSON.

  [[nodiscard]] std::string header(std::string_view name) const;
};

/// One mistake in a definition, as the server tells it.
struct definition_mistake {
  std::string field;
  std::string message;
  std::int64_t line = 0; ///< 1-based; 0 = not known.
  std::int64_t column = 0;
};

/// Talks to one server over one kept connection. Not thread-safe.
class api_client {
public:
  /// @param server such as `http://127.0.0.1:8080`
  /// @param key empty: requests carry no credentials
  api_client(std::string server, std::string key);
  ~api_client();

  /// The answer, also of a status that means failure.
  /// @returns `exit_code::unreachable` if there was none.
  [[nodiscard]] outcome<api_answer> ask(const api_request& request);

  /// The body of an answer that means success; otherwise what `explain` makes of it.
  [[nodiscard]] outcome<value> get(const std::string& path);
  [[nodiscard]] outcome<value> send(const std::string& method, const std::string& path, std::optional<value> body = {});

  /// Hands the bytes of a successful answer to `write` as they come.
  /// @returns the answer's headers; a failure if `write` answers false.
  [[nodiscard]] outcome<api_answer> download(const std::string& path,
                                             const std::function<bool(std::string_view)>& write);

  [[nodiscard]] const std::string& server() const noexcept { return server_; }

private:
  struct transfer;
  [[nodiscard]] outcome<api_answer> perform(const api_request& request, transfer& under_way);

  std::string server_;
  std::string key_;
  struct curl_handle;
  std::unique_ptr<curl_handle> curl_;
};

/// What an answer that means failure says, with the exit code that goes with its status.
[[nodiscard]] failure explain(const api_answer& answer);

/// The mistakes in a definition that an answer lists; empty if it lists none.
[[nodiscard]] std::vector<definition_mistake> mistakes_of(const api_answer& answer);

/// Percent-encodes a part of a path or query.
[[nodiscard]] std::string encode(std::string_view text);

} // namespace penstock::cli
