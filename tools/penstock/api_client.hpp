#pragma once

#include "runtime/model/value.hpp"
#include "tools/penstock/outcome.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::cli {

/// A member that a command cannot do without.
struct needed_member {
  enum class kind : std::uint8_t { text, integer, flag, list };
  std::string_view name;
  kind is = kind::text;
};

/// What the body of an answer that means success must be. One that is something else does not come from a Penstock server.
struct answer_form {
  enum class kind : std::uint8_t {
    nothing, ///< There is none: status 204.
    object,  ///< Maybe in `data`.
    list,    ///< Of objects; bare, or in `data` or `items`.
  };
  kind is = kind::nothing;
  std::vector<needed_member> members; ///< Of the object, or of each entry of the list.
};

[[nodiscard]] answer_form object_with(std::vector<needed_member> members);
[[nodiscard]] answer_form list_of(std::vector<needed_member> members);

/// @returns what is wrong with `body`, empty if it is of that form
[[nodiscard]] std::string misfit(const value& body, const answer_form& form);

struct api_request {
  std::string method = "GET";
  std::string path; ///< With its query, encoded.
  std::optional<value> body = {};
  answer_form needs = {};                          ///< Of an answer that means success.
  std::chrono::milliseconds answer_within{60'000}; ///< Counted from the beginning.
};

/// An answer of the server, whatever its status.
struct api_answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers; ///< Names in lower case.
  value body;             ///< Null if there was none, or the status means failure and it was no JSON.
  std::string key_origin; ///< That of the key that was sent; empty: none was.

  [[nodiscard]] std::string header(std::string_view name) const;
};

/// One mistake in a definition, as the server tells it.
struct definition_mistake {
  std::string field;
  std::string message;
  std::int64_t line = 0; ///< 1-based; 0 = not known.
  std::int64_t column = 0;
};

/// What goes with each request to tell who asks.
struct api_key {
  std::string text;   ///< Empty: none.
  std::string origin; ///< For messages, behind "the key": "in PENSTOCK_KEY".
};

/// @returns the URL without a slash at its end, with `http://` before it if it has no scheme; nothing if `text` is no URL of
/// a server
[[nodiscard]] std::optional<std::string> read_server_url(std::string text);

/// Talks to one server over one kept connection. Not thread-safe.
class api_client {
public:
  /// @param server as `read_server_url` gives it
  api_client(std::string server, api_key key);
  ~api_client();

  /// The answer, also of a status that means failure.
  /// @returns `exit_code::unreachable` if there was none, or it means success and lacks what is needed.
  [[nodiscard]] outcome<api_answer> ask(const api_request& request);

  /// The body of an answer that means success; otherwise what `explain` makes of it.
  [[nodiscard]] outcome<value> get(const std::string& path, answer_form needs);
  [[nodiscard]] outcome<value> send(const std::string& method, const std::string& path, answer_form needs,
                                    std::optional<value> body = {});

  /// Hands the bytes of a successful answer to `write` as they come.
  /// @returns the answer's headers; a failure if `write` answers false.
  [[nodiscard]] outcome<api_answer> download(const std::string& path,
                                             const std::function<bool(std::string_view)>& write);

  [[nodiscard]] const std::string& server() const noexcept { return server_; }

  /// That what was asked did not answer as a Penstock server does.
  /// @param why a sentence without its full stop
  [[nodiscard]] failure strange(const api_request& request, const std::string& why) const;

private:
  struct transfer;
  [[nodiscard]] outcome<api_answer> perform(const api_request& request, transfer& under_way);

  std::string server_;
  api_key key_;
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
