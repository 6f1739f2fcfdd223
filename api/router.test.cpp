#include "api/router.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

namespace {

void nothing(const request&, const services&, responder) {}

constexpr route row(verb method, std::string_view pattern) {
  return {.method = method, .pattern = pattern, .handle = &nothing, .operation = pattern, .summary = ""};
}

constexpr std::array rows{
  row(verb::get, "/api/pipelines"),
  row(verb::post, "/api/pipelines"),
  row(verb::get, "/api/pipelines/{id}"),
  row(verb::del, "/api/pipelines/{id}"),
  row(verb::get, "/api/pipelines/{id}/runs"),
  row(verb::get, "/api/pipelines/runs/{run}"),
  row(verb::post, "/api/pipelines/runs/{run}/cancel"),
  row(verb::get, "/"),
};
constexpr std::array surfaces{surface{"test", error_style::problem, rows}};

struct found {
  router::match match;
  path_values parameters;
  [[nodiscard]] std::string_view pattern() const { return match.target ? match.target->row->pattern : ""; }
};

found ask(verb method, std::string_view path) {
  static const router r{surfaces};
  found f;
  f.match = r.find(method, path, f.parameters);
  return f;
}

} // namespace

TEST_CASE("a path finds the row of its method", "[router]") {
  CHECK(ask(verb::get, "/api/pipelines").match.target->row->method == verb::get);
  CHECK(ask(verb::post, "/api/pipelines").match.target->row->method == verb::post);
  CHECK(ask(verb::get, "/").pattern() == "/");
}

TEST_CASE("HEAD is answered by the row of GET", "[router]") {
  CHECK(ask(verb::head, "/api/pipelines").match.target->row->method == verb::get);
}

TEST_CASE("a literal segment wins over a parameter", "[router]") {
  const auto run = ask(verb::get, "/api/pipelines/runs/7");
  CHECK(run.pattern() == "/api/pipelines/runs/{run}");
  CHECK(run.parameters["run"] == "7");
  CHECK(run.parameters["id"].empty());
}

TEST_CASE("what a literal cannot continue is tried as a parameter", "[router]") {
  const auto runs = ask(verb::get, "/api/pipelines/runs/runs");
  CHECK(runs.pattern() == "/api/pipelines/runs/{run}");
  const auto of_runs = ask(verb::get, "/api/pipelines/runs");
  CHECK(of_runs.pattern() == "/api/pipelines/{id}");
  CHECK(of_runs.parameters["id"] == "runs");
}

TEST_CASE("parameters are decoded after the path was split", "[router]") {
  const auto f = ask(verb::get, "/api/pipelines/fintech%2Fpayment%20x:+%25");
  CHECK(f.pattern() == "/api/pipelines/{id}");
  CHECK(f.parameters["id"] == "fintech/payment x:+%");
}

TEST_CASE("an encoded literal is the same literal", "[router]") {
  CHECK(ask(verb::get, "/api/%70ipelines").pattern() == "/api/pipelines");
}

TEST_CASE("malformed escapes are told from unknown paths", "[router]") {
  using outcome = router::match::outcome;
  for (const auto* path : {"/api/pipelines/%", "/api/pipelines/%4", "/api/pipelines/%zz", "/api/pipelines/a%00b"})
    CHECK(ask(verb::get, path).match.what == outcome::bad_encoding);
  for (const auto* path : {"/api", "/api/pipelines/", "/api//pipelines", "/api/pipelines/1/2/3/4/5/6", "nothing", ""})
    CHECK(ask(verb::get, path).match.what == outcome::not_found);
}

TEST_CASE("a wrong method is told with those that are right", "[router]") {
  const auto f = ask(verb::patch, "/api/pipelines/1");
  CHECK(f.match.what == router::match::outcome::wrong_method);
  CHECK(f.match.allow == "GET, HEAD, DELETE");
}
