#include "api/surfaces/node/routes.hpp"

#include "api/auth.hpp"
#include "api/http_server.hpp"
#include "api/json_writer.hpp"
#include "api/metrics.hpp"

#include <array>

namespace penstock::node {
namespace {

void health(const request&, const services& with, responder send) {
  std::string body;
  json_writer{body}.begin_object().member("status", "ok").member("version", with.settings.version).end_object();
  send(json_response(200, std::move(body)));
}

void ready(const request&, const services& with, responder send) {
  const bool draining = with.draining.load(std::memory_order_relaxed);
  const auto why = with.ops.not_ready();
  if (!why && !draining) return send(json_response(200, R"({"status":"ready"})"));
  send(render_error(error_style::problem,
                    error{errc::unavailable, draining ? "the server is stopping" : "not ready: " + *why, {}}));
}

void metrics(const request& in, const services& with, responder send) {
  if (!with.auth.may_read_metrics(in))
    return send(render_error(error_style::problem,
                             error{errc::unauthorized, "metrics need the bearer token of --metrics-token", {}}));
  response r;
  r.content_type = "text/plain; version=0.0.4; charset=utf-8";
  r.body = with.metrics.render(with.ops.figures());
  send(std::move(r));
}

void openapi(const request&, const services& with, responder send) { send(json_response(200, with.openapi)); }

void docs(const request&, const services& with, responder send) {
  response r;
  r.content_type = "text/html; charset=utf-8";
  r.body = with.docs;
  send(std::move(r.with("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")));
}

constexpr std::array rows{
  route{.method = verb::get,
        .pattern = "/health",
        .who = access::open,
        .handle = &health,
        .operation = "node.health",
        .summary = "Whether the process lives",
        .gives = "200 Health"},
  route{.method = verb::get,
        .pattern = "/ready",
        .who = access::open,
        .handle = &ready,
        .operation = "node.ready",
        .summary = "Whether requests are taken; 503 with the reason if not",
        .gives = "200 Health"},
  route{.method = verb::get,
        .pattern = "/metrics",
        .who = access::open,
        .handle = &metrics,
        .operation = "node.metrics",
        .summary = "Figures for Prometheus",
        .gives = "200 text/plain"},
  route{.method = verb::get,
        .pattern = "/openapi.json",
        .who = access::open,
        .handle = &openapi,
        .operation = "node.openapi",
        .summary = "This document",
        .gives = "200 application/json"},
  route{.method = verb::get,
        .pattern = "/docs",
        .who = access::open,
        .handle = &docs,
        .operation = "node.docs",
        .summary = "The operations, for people",
        .gives = "200 text/html"},
};

constexpr std::array schemas{
  schema{
    "Health",
    R"({"type":"object","required":["status"],"properties":{"status":{"type":"string"},"version":{"type":"string"}}})"},
};

} // namespace

surface routes() { return {"node", error_style::problem, rows, schemas}; }

} // namespace penstock::node
