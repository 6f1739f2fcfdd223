#include "tools/penstock/api_client.hpp"

#include "runtime/model/json.hpp"
#include "tools/penstock/fields.hpp"

#include <algorithm>
#include <cctype>

#include <curl/curl.h>

namespace penstock::cli {

namespace {

// The server's answers are trusted more than what strangers send it, but still bounded.
constexpr json_limits answer_limits{
  .bytes_max = 256u << 20, .depth_max = 64, .nodes_max = 10'000'000, .takes_nul = true};
constexpr long connect_timeout_ms = 5'000;
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

bool is_of(const value& member, needed_member::kind kind) {
  switch (kind) {
    case needed_member::kind::text: return member.as_string() != nullptr;
    case needed_member::kind::integer: return member.as_int() != nullptr;
    case needed_member::kind::flag: return member.as_bool() != nullptr;
    case needed_member::kind::list: return member.as_list() != nullptr;
  }
  return false;
}

std::string what_lacks(const value& object, const std::vector<needed_member>& members) {
  if (object.as_object() == nullptr) return "is " + std::string{object.kind_name()} + ", not an object";
  for (const auto& needed : members) {
    const auto* member = object.find(needed.name);
    if (member == nullptr || !is_of(*member, needed.is)) return "lacks " + std::string{needed.name};
  }
  return {};
}

std::string show_seconds(curl_off_t microseconds) {
  return std::to_string((microseconds + 500'000) / 1'000'000) + " s";
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

answer_form object_with(std::vector<needed_member> members) { return {answer_form::kind::object, std::move(members)}; }

answer_form list_of(std::vector<needed_member> members) { return {answer_form::kind::list, std::move(members)}; }

std::string misfit(const value& body, const answer_form& form) {
  switch (form.is) {
    case answer_form::kind::nothing: return "holds something";
    case answer_form::kind::object: return what_lacks(data_of(body), form.members);
    case answer_form::kind::list: break;
  }
  const auto* list = list_in(body);
  if (list == nullptr) return "holds no list";
  for (const auto& entry : *list) {
    if (auto wrong = what_lacks(entry, form.members); !wrong.empty()) return "holds an entry that " + wrong;
  }
  return {};
}

std::optional<std::string> read_server_url(std::string text) {
  if (text.empty()) return {};
  if (text.find("://") == std::string::npos) text.insert(0, "http://");
  while (text.back() == '/') text.pop_back();
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url{curl_url(), &curl_url_cleanup};
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return {};
  const auto part = [&](CURLUPart which) {
    char* found = nullptr;
    const bool has_it = curl_url_get(url.get(), which, &found, 0) == CURLUE_OK;
    const std::string copy = has_it ? found : "";
    curl_free(found);
    return copy;
  };
  const auto scheme = part(CURLUPART_SCHEME);
  const bool is_web = scheme == "http" || scheme == "https";
  const bool is_bare = part(CURLUPART_QUERY).empty() && part(CURLUPART_FRAGMENT).empty();
  return is_web && is_bare ? std::optional{std::move(text)} : std::nullopt;
}

api_client::api_client(std::string server, api_key key)
    : server_(std::move(server)), key_(std::move(key)), curl_(std::make_unique<curl_handle>()) {}

api_client::~api_client() = default;

outcome<api_answer> api_client::perform(const api_request& request, transfer& under_way) {
  auto* easy = curl_->easy;
  if (easy == nullptr) return give_up(exit_code::unreachable, "libcurl could not be started");
  curl_easy_reset(easy); // keeps the connection
  under_way.easy = easy;
  header_list headers;
  if (!key_.text.empty()) headers.add("Authorization: Bearer " + key_.text);
  headers.add(under_way.write ? "Accept: */*" : "Accept: application/json, application/problem+json, */*");
  headers.add("Expect:");
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
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.answer_within.count()));
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
    curl_off_t took_us = 0;
    curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &took_us);
    const auto why = code == CURLE_OPERATION_TIMEDOUT ? " within " + show_seconds(took_us)
                                                      : std::string{": "} + curl_easy_strerror(code);
    return give_up(exit_code::unreachable, "no answer from " + server_ + why +
                                             "\nIs it running? --server or PENSTOCK_SERVER names another one.");
  }
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  auto& answer = under_way.answer;
  answer.status = static_cast<int>(status);
  if (!key_.text.empty()) answer.key_origin = key_.origin;
  // What was written elsewhere is not for here, and what means failure is told with or without its body.
  const bool must_fit = status / 100 == 2 && !under_way.write;
  if (under_way.text.empty()) {
    const bool may_be_empty = status == 204 && request.needs.is == answer_form::kind::nothing;
    if (must_fit && !may_be_empty) return unexpected(strange(request, "the answer is empty"));
    return std::move(answer);
  }
  if (auto read = read_json(under_way.text, answer_limits)) answer.body = std::move(*read);
  else if (must_fit) return unexpected(strange(request, "the answer cannot be read as JSON: " + read.error().message));
  if (!must_fit) return std::move(answer);
  if (const auto wrong = misfit(answer.body, request.needs); !wrong.empty())
    return unexpected(strange(request, "the answer " + wrong));
  return std::move(answer);
}

failure api_client::strange(const api_request& request, const std::string& why) const {
  const auto path = request.path.substr(0, request.path.find('?'));
  return {exit_code::unreachable,
          server_ + " does not answer as a Penstock server does\n" + request.method + " " + path + ": " + why, true};
}

outcome<api_answer> api_client::ask(const api_request& request) {
  transfer under_way;
  return perform(request, under_way);
}

outcome<value> api_client::get(const std::string& path, answer_form needs) {
  return send("GET", path, std::move(needs));
}

outcome<value> api_client::send(const std::string& method, const std::string& path, answer_form needs,
                                std::optional<value> body) {
  auto answer = ask({.method = method, .path = path, .body = std::move(body), .needs = std::move(needs)});
  if (!answer) return unexpected(answer.error());
  if (answer->status / 100 != 2) return unexpected(explain(*answer));
  return std::move(answer->body);
}

outcome<api_answer> api_client::download(const std::string& path, const std::function<bool(std::string_view)>& write) {
  transfer under_way;
  under_way.write = write;
  auto answer = perform({.path = path}, under_way);
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
  if (answer.status == 401 && answer.key_origin.empty())
    told += "\nGive a key with --key, in PENSTOCK_KEY or in ~/.config/penstock/key.";
  else if (answer.status == 401) told += "\nIt is the key " + answer.key_origin + ".";
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
