#pragma once

#include "actors/operations.hpp"
#include "api/error_table.hpp"
#include "api/request.hpp"
#include "api/response.hpp"
#include "runtime/seams.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace penstock {

class authenticator;
class http_metrics;
struct http_settings;

/// What handlers may use.
struct services {
  operations& ops;
  const http_settings& settings;
  const http_metrics& metrics;
  const authenticator& auth;
  const std::atomic<bool>& draining; ///< The server is about to stop.
  const std::string& openapi;        ///< The generated document.
  const std::string& docs;           ///< The same for people, as HTML.
  const clock_source& time;
};

/// Who may call a route.
enum class access : std::uint8_t {
  open,   ///< Everybody, without credentials.
  caller, ///< Valid credentials with the route's scope.
  signer  ///< Whoever signs the body: the handler checks that, before anything else.
};

/// What body a route takes.
enum class body_rule : std::uint8_t {
  none,          ///< A body is read (within 64 KiB) and ignored.
  json,          ///< JSON, at most as large as the setting allows.
  optional_json, ///< The same, or no body at all.
  raw,           ///< Any, of at most 1 MiB: the handler reads it once it knows who sent it.
};

/// Answers a request by calling `send` once, now or later, from any thread. Reads `in` only until it returns.
using handler = void (*)(const request& in, const services& with, responder send);

/// A row: one operation of one surface. All texts are literals.
struct route {
  verb method = verb::get;
  std::string_view pattern; ///< Segments, some of them `{name}`. A literal segment wins over a parameter.
  access who = access::caller;
  scope permission = scope::none; ///< Checked before anything is looked up.
  body_rule body = body_rule::none;
  bool holds_definition = false; ///< The body may hold a definition as an object: its limit of values counts.
  handler handle = nullptr;
  // For the OpenAPI document:
  std::string_view operation; ///< Unique, e.g. `pipelines.create`.
  std::string_view summary;
  std::string_view query =
    {}; ///< `name:type=default` by commas, types as in `schema` texts: integer, uuid, text, boolean.
  std::string_view takes = {}; ///< Schema of the body.
  std::string_view gives =
    {}; ///< Success answers by commas: status, then a schema or media type, e.g. `200 Run,202 RunStarted`.
};

/// A named JSON Schema of the OpenAPI document.
struct schema {
  std::string_view name;
  std::string_view json;
};

/// The rows of one surface.
struct surface {
  std::string_view name; ///< Tag of its operations.
  error_style errors = error_style::problem;
  std::span<const route> routes;
  std::span<const schema> schemas = {};
};

} // namespace penstock
