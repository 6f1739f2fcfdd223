#include "api/surfaces/cloud/limits.hpp"

#include "api/answering.hpp"
#include "api/body_fields.hpp"
#include "api/json_writer.hpp"
#include "api/query_fields.hpp"
#include "api/request_options.hpp"
#include "api/surfaces/cloud/render.hpp"
#include "api/surfaces/priority_field.hpp"
#include "runtime/model/utf8.hpp"

#include <algorithm>

namespace penstock::cloud {
namespace {

constexpr auto style = error_style::cloud;
constexpr std::size_t name_bytes_max = 100; ///< As in definitions.
constexpr std::int64_t limit_max = 1'000'000;
constexpr std::uint64_t page_size_max = 1'000;
constexpr std::uint64_t page_number_max = 1'000'000'000;

/// The pool that the path names.
std::string pool_in_path(const request& in, request_problems& problems) {
  std::string name{in.parameters["name"]};
  const bool has_control =
    std::any_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (name.empty() || name.size() > name_bytes_max || has_control || find_invalid_utf8(name) != std::string::npos)
    problems.add("name", "must be the name of a pool: text of 1 to 100 bytes without control characters");
  return name;
}

void write_pool(json_writer& w, const pool_view& pool) {
  w.begin_object().member("name", pool.record.name).member("limit", pool.record.limit).member("held", pool.held);
  w.member("updated_at", pool.record.updated_at).end_object();
}

response render_pools(const std::vector<pool_view>& pools, std::uint64_t number, std::uint64_t size) {
  const auto total = pools.size();
  const auto begin = std::min<std::uint64_t>((number - 1) * size, total);
  const auto end = std::min<std::uint64_t>(begin + size, total);
  std::string body;
  json_writer w{body};
  w.begin_object().key("data").begin_list();
  for (auto i = begin; i < end; ++i) write_pool(w, pools[i]);
  w.end_list().key("meta").begin_object().member("total", total).member("page", number).member("limit", size);
  w.member("total_pages", (total + size - 1) / size).end_object().end_object();
  return json_response(200, std::move(body));
}

} // namespace

void list_pools(const request& in, const services& with, responder send) {
  request_problems problems;
  const query_fields query{in.query, problems};
  const auto number = query.number("page", 1, 1, page_number_max);
  const auto size = query.number("limit", page_size_max, 1, page_size_max);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.list_pools(in.who, answer_with<std::vector<pool_view>>(style, send, [number, size](const auto& pools) {
                        return render_pools(pools, number, size);
                      }));
}

void put_pool(const request& in, const services& with, responder send) {
  const auto body = json_object_body(in);
  if (!body) return send(render_error(style, body.error()));
  request_problems problems;
  pool_record pool;
  pool.name = pool_in_path(in, problems);
  body_fields fields{*body, problems};
  if (!fields.has("limit")) fields.missing("limit", "a whole number from 0 to 1000000");
  pool.limit = static_cast<std::uint32_t>(fields.integer("limit", 0, limit_max).value_or(0));
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.put_pool(in.who, std::move(pool), answer_with<pool_view>(style, send, [](const pool_view& stored) {
                      std::string out;
                      json_writer w{out};
                      w.begin_object().key("data");
                      write_pool(w, stored);
                      w.end_object();
                      return json_response(200, std::move(out));
                    }));
}

void delete_pool(const request& in, const services& with, responder send) {
  request_problems problems;
  auto name = pool_in_path(in, problems);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.delete_pool(in.who, std::move(name), answer_with<void>(style, send, [] { return no_content(); }));
}

void change_job(const request& in, const services& with, responder send) {
  const auto body = json_object_body(in);
  if (!body) return send(render_error(style, body.error()));
  request_problems problems;
  const run_id id{id_in_path(in, "id", problems)};
  body_fields fields{*body, problems};
  const auto priority = priority_field(fields, true);
  if (!problems.empty()) return send(render_error(style, problems.take()));
  with.ops.set_run_priority(in.who, id, *priority, answer_with<run_view>(style, send, [](const run_view& run) {
                              std::string out;
                              json_writer w{out};
                              w.begin_object().key("data").begin_object();
                              write_job(w, run);
                              w.end_object().end_object();
                              return json_response(200, std::move(out));
                            }));
}

} // namespace penstock::cloud
