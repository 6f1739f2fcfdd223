#pragma once

#include "api/application.hpp"
#include "api/fake_operations.hpp"
#include "api/surfaces/all.hpp"
#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace penstock::test {

/// The front end without sockets, for tests of surfaces: a request goes through router, credentials and handler.
class test_front {
public:
  struct answer_sink final : response_sink {
    std::optional<response> got;
    void answer(std::uint64_t, response&& r) override { got = std::move(r); }
  };

  /// An answer with its body as JSON.
  struct reply_view {
    response raw;
    value json;
    [[nodiscard]] int status() const noexcept { return raw.status; }
    [[nodiscard]] std::string header(std::string_view name) const {
      for (const auto& h : raw.headers)
        if (h.name == name) return h.value;
      return {};
    }
    /// Text of a member, by a path with dots; "null" for null, "-" if it is not there.
    [[nodiscard]] std::string at(std::string_view path) const {
      const auto* v = &json;
      while (!path.empty() && v) {
        const auto end = std::min(path.find('.'), path.size());
        const auto name = path.substr(0, end);
        const auto* entries = v->as_list();
        if (entries)
          v = std::stoul(std::string{name}) < entries->size() ? &(*entries)[std::stoul(std::string{name})] : nullptr;
        else v = v->find(name);
        path.remove_prefix(std::min(end + 1, path.size()));
      }
      if (!v) return "-";
      return v->as_string() ? *v->as_string() : write_json(*v);
    }
  };

  fake_operations ops;
  std::string key{fake_operations::admin_key};
  http_settings settings;
  std::shared_ptr<manual_clock> clock = std::make_shared<manual_clock>(from_ms(1'700'000'000'000));
  std::vector<surface> surfaces = all_surfaces();
  application app{settings, ops, clock, surfaces};

  using headers = std::vector<std::pair<std::string, std::string>>;

  reply_view ask(verb method, const std::string& target, const std::string& body = "", const headers& more = {}) {
    auto r = ask_later(method, target, body, more);
    REQUIRE(r->got);
    return view(std::move(*r->got));
  }

  /// For operations that are held: the answer comes into what is returned.
  std::shared_ptr<answer_sink> ask_later(verb method, const std::string& target, const std::string& body = "",
                                         const headers& more = {}) {
    auto sink = std::make_shared<answer_sink>();
    const std::string credential = "Bearer " + key;
    request in;
    in.method = method;
    const std::string_view text = target;
    in.path = text.substr(0, text.find('?'));
    if (in.path.size() < text.size()) in.query = text.substr(in.path.size() + 1);
    if (!key.empty()) in.headers.push_back({"Authorization", credential});
    for (const auto& [name, v] : more) in.headers.push_back({name, v});
    in.body = body;
    auto admitted = app.admit(in);
    if (admitted.refusal) sink->got = std::move(*admitted.refusal);
    else app.handle(in, *admitted.target, responder{sink, 1});
    return sink;
  }

  static reply_view view(response r) {
    reply_view out;
    if (r.content_type == media::json || r.content_type == media::problem) {
      if (!r.body.empty()) {
        auto parsed = read_json(r.body);
        INFO(r.body);
        REQUIRE(parsed.has_value());
        out.json = std::move(*parsed);
      }
    }
    out.raw = std::move(r);
    return out;
  }
};

} // namespace penstock::test
