#pragma once

#include "actors/caller.hpp"
#include "api/json_writer.hpp"
#include "api/query_fields.hpp"
#include "api/response.hpp"

#include <cstdint>

/// Pages as this surface counts them: from 1, at most 100 entries unless said otherwise.
namespace penstock::cloud {

struct numbered_page {
  std::uint64_t number = 1;
  std::uint64_t size = 20;

  [[nodiscard]] page cut() const noexcept { return {static_cast<std::uint32_t>(size), (number - 1) * size}; }
};

[[nodiscard]] inline numbered_page read_page(const query_fields& query, std::uint64_t size = 20,
                                             std::uint64_t size_max = 100) {
  return {query.number("page", 1, 1, 1'000'000'000), query.number("limit", size, 1, size_max)};
}

/// `{"data": […], "meta": {…}}`; `write` puts the members of one entry.
template <class T, class Write>
[[nodiscard]] response render_list(const listing<T>& all, const numbered_page& at, Write write) {
  std::string body;
  json_writer w{body};
  w.begin_object().key("data").begin_list();
  for (const auto& entry : all.entries) {
    w.begin_object();
    write(w, entry);
    w.end_object();
  }
  w.end_list().key("meta").begin_object().member("total", all.total).member("page", at.number);
  w.member("limit", at.size).member("total_pages", (all.total + at.size - 1) / at.size).end_object().end_object();
  return json_response(200, std::move(body));
}

/// `{"data": {…}}`; `write` puts the members.
template <class Write>
[[nodiscard]] response render_data(int status, Write write) {
  std::string body;
  json_writer w{body};
  w.begin_object().key("data").begin_object();
  write(w);
  w.end_object().end_object();
  return json_response(status, std::move(body));
}

} // namespace penstock::cloud
