#include "tools/penstock/api_client.hpp"

#include "runtime/model/json.hpp"
#include "tools/penstock/fields.hpp"

#include <algorithm>
#include <cctype>

#include <curl/curl.h>

namespace penstock::cli {

namespace {

// The server's answers are trusted more than what strangers send it, but still bounded.
constexpr json_limits answer_limits{.bytes_max = 256u << 20, .depth_max = 64, .nodes_max = 10'000'000};
constexpr long connect_timeout_ms = 5'000;
constexpr long answer_timeout_ms = 60'000;
constexpr long stalled_after_s = 60;

std::string lower_case(std::string_view text) {
  std::string lower{text};
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

bool is_loopback(std::string_view server) {
  const auto host = server.substr(server.find("://") == std::string_view::npos ? 0 : server.find("://") + 3);
  for (const std::string_view local : {"127.", "localhost", "[::1]"}) {
    if (host.substr(0, local.size()) == local) return true;
  }
  return false;
}

struct header_list {
  curl_slist* first = nullptr;
  ~header_list() { curl_slist_free_all(first); }
  void add(const std::string& line) { first = curl_slist_append(first, line.c_str()); }
};

exit_code code_of(int status) {
  if (status == 401 || status == 403) return exit_code::unauthorized;
  if (status == 404) return exit_code::not_found;
  if (status == 429 || status >= 500) return exit_code::server_failed;
  return exit_code::refused;
}

} // namespace

struct api_client::curl_handle {
  CURL* easy = curl_easy_init();
  ~curl_handle() { curl_easy_cleanup(easy); }
};

/// One request's state while libcurl calls back.
struct api_client::transfer {
  CURL* easy = nullptr;
  api_answer answer;
  std::string text;
  std::function<bool(std::string_view)> write; ///< Takes the body of a success, if set.

  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& t = *static_cast<transfer*>(self);
    const std::string_view part{bytes, size * count};
    long status = 0;
    curl_easy_getinfo(t.easy, CURLINFO_RESPONSE_CODE, &status);
    if (t.write && status / 100 == 2) return t.write(part) ? part.size() : 0;
    if (t.text.size() + part.size() > answer_limits.bytes_max) return 0;
    t.text.append(part);
    return part.size();
  }

  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& t = *static_cast<transfer*>(self);
    const std::string_view line{bytes, size * count};
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return line.size();
    const auto begin = line.find_first_not_of(" \t", colon + 1);
    const auto end = line.find_last_not_of(" \t\r\n");
    const auto text = begin == std::string_view::npos || end < begin ? "" : line.substr(begin, end - begin + 1);
    t.answer.headers.emplace_back(lower_case(line.substr(0, colon)), text);
    return line.size();
  }
};

std::string api_answer::header(std::string_view name) const {
  for (const auto& [n, text] : headers) {
    if (n == name) return text;
  }
  return {};
}

api_client::api_client(std::string server, std::string key)
    : server_(std::move(server)), key_(std::move(key)), curl_(std::make_unique<curl_handle>()) {
  while (!server_.empty() && server_.back() == '/') server_.pop_back();
  if (server_.find("://") == std::string::npos) server_.insert(0, "http://");
}

api_client::~api_client() = default;

outcome<api_answer> api_client::perform(const api_request& request, transfer& under_way) {
  auto* easy = curl_->easy;
  if (easy == nullptr) return give_up(exit_code::unreachable, "libcurl could not be started");
  curl_easy_reset(easy); // keeps the connection
  under_way.easy = easy;
  header_list headers;
  if (!key_.empty()) headers.add("Authorization: Bearer " + key_);
  headers.add("Accept: application/json, application/problem+json, */*");
  headers.add("Expect:");
  for (const auto& [name, text] : request.headers) headers.add(name + ": " + text);
  const auto body = request.body ? write_json(*request.body) : std::string{};
  if (request.body) headers.add("Content-Type: application/json");
  const auto url = server_ + request.path;

  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.first);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &transfer::on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &under_way);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &transfer::on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &under_way);
  if (is_loopback(server_)) curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  if (under_way.write) {
    // A download may take long, but not stand still.
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, stalled_after_s);
  } else {
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, answer_timeout_ms);
  }
  if (request.body || request.method == "POST" || request.method == "PUT") {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.c_str());
  }

  const auto code = curl_easy_perform(easy);
  if (code == CURLE_WRITE_ERROR && under_way.write) {
    return give_up(exit_code::local_file, "the file could not be written");
  }
  if (code != CURLE_OK) {
    return give_up(exit_code::unreachable, "no answer from " + server_ + ": " + curl_easy_strerror(code) +
                                             "\nIs it running? --server or PENSTOCK_SERVER names another one.");
  }
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  under_way.answer.status = static_cast<int>(status);
  if (!under_way.text.empty()) {
    if (auto read = read_json(under_way.text, answer_limits)) under_way.answer.body = std::move(*read);
  }
  return std::move(under_way.answer);
}

outcome<api_answer> api_client::ask(const api_request& request) {
  transfer under_way;
  return perform(request, under_way);
}

outcome<value> api_client::get(const std::string& path) { return send("GET", path); }

outcome<value> api_client::send(const std::string& method, const std::string& path, std::optional<value> body) {
  auto answer = ask({method, path, std::move(body), {}});
  if (!answer) return unexpected(answer.error());
  if (answer->status / 100 != 2) return unexpected(explain(*answer));
  return std::move(answer->body);
}

outcome<api_answer> api_client::download(const std::string& path, const std::function<bool(std::string_view)>& write) {
  transfer under_way;
  under_way.write = write;
  auto answer = perform({"GET", path, {}, {{"Accept", "*/*"}}}, under_way);
  if (answer && answer->status / 100 != 2) return unexpected(explain(*answer));
  return answer;
}

std::vector<definition_mistake> mistakes_of(const api_answer& answer) {
  std::vector<definition_mistake> mistakes;
  const auto* listed = answer.body.find("errors");
  if (listed == nullptr || listed->as_list() == nullptr) return mistakes;
  for (const auto& entry : *listed->as_list()) {
    const auto message = text_of(entry, "message");
    mistakes.push_back({text_of(entry, "field"), message.empty() ? text_of(entry, "detail") : message,
                        int_of(entry, "line"), int_of(entry, "column")});
  }
  return mistakes;
}

failure explain(const api_answer& answer) {
  // RFC 9457 problem documents everywhere, but for the cloud surface with `error: {code, message}`.
  auto told = text_of(answer.body, "detail");
  if (const auto* inner = answer.body.find("error"); told.empty() && inner != nullptr)
    told = text_of(*inner, "message");
  if (told.empty()) told = text_of(answer.body, "title");
  if (told.empty()) told = "the server answered with status " + std::to_string(answer.status);
  for (const auto& m : mistakes_of(answer)) {
    if (told.find(m.message) == std::string::npos) told += "\n  " + (m.field.empty() ? "" : m.field + ": ") + m.message;
  }
  if (answer.status == 401) { told += "\nGive a key with --key, in PENSTOCK_KEY or in ~/.config/penstock/key."; }
  return {code_of(answer.status), std::move(told)};
}

std::string encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (const unsigned char c : text) {
    if (std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~') {
      encoded += static_cast<char>(c);
    } else {
      encoded += {'%', digits[c >> 4], digits[c & 15]};
    }
  }
  return encoded;
}

} // namespace penstock::cli
