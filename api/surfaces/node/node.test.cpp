#include "api/surfaces/node/routes.hpp"

#include "api/openapi.hpp"
#include "api/test_front.hpp"

#include <set>

using namespace penstock;
using penstock::test::test_front;

TEST_CASE("health is open and says ok", "[node]") {
  test_front front;
  front.key.clear();
  CHECK(front.ask(verb::get, "/health").at("status") == "ok");
}

TEST_CASE("ready follows the node, and draining ends it", "[node]") {
  test_front front;
  front.ops.not_ready_because = "no quorum in partition 3";
  auto r = front.ask(verb::get, "/ready");
  CHECK(r.status() == 503);
  CHECK(r.at("detail").find("partition 3") != std::string::npos);
  CHECK(r.header("Retry-After") == "1");
  front.ops.shown.ready = true;
  CHECK(front.ask(verb::get, "/ready").status() == 200);
  front.app.set_draining();
  r = front.ask(verb::get, "/ready");
  CHECK(r.status() == 503);
  CHECK(r.at("detail").find("stopping") != std::string::npos);
}

TEST_CASE("metrics hold our counts and the node's figures", "[node]") {
  test_front front;
  front.ops.shown.gauges = {{"penstock_runs_active", 3},
                            {"penstock_queue_depth{partition=\"1\"}", 2},
                            {"penstock_queue_depth{partition=\"2\"}", 0.5}};
  front.ops.shown.counters = {{"penstock_commits_total", 12}};
  front.app.metrics().answered(0, 204, std::chrono::milliseconds{3});
  front.app.metrics().refused(404);
  const auto text = front.ask(verb::get, "/metrics").raw.body;
  for (const auto* line :
       {"penstock_http_requests_total{method=\"GET\",route=\"/health\",status=\"2xx\"} 1",
        "penstock_http_refused_total{status=\"4xx\"} 1",
        "penstock_http_request_duration_seconds_bucket{method=\"GET\",route=\"/health\",le=\"0.005\"} 1",
        "# TYPE penstock_queue_depth gauge", "penstock_queue_depth{partition=\"2\"} 0.5",
        "# TYPE penstock_commits_total counter", "penstock_commits_total 12", "penstock_ready 0",
        "penstock_build_info{version=\"\"} 1"}) {
    INFO(line << "\n" << text);
    CHECK(text.find(line) != std::string::npos);
  }
  CHECK(text.find("# TYPE penstock_queue_depth gauge") == text.rfind("# TYPE penstock_queue_depth gauge"));
}

TEST_CASE("metrics of a route begin with its first answer", "[node]") {
  test_front front;
  const auto count_of = [&](std::string_view what) {
    const auto text = front.ask(verb::get, "/metrics").raw.body;
    std::size_t count = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
    return count;
  };
  // Before its own answer, the first one finds none.
  CHECK(count_of("route=") == 0);
  front.app.metrics().answered(0, 200, std::chrono::milliseconds{3});
  CHECK(count_of("route=\"/health\",status=\"2xx\"} 1") == 1);
  CHECK(count_of("route=\"/health\",status=\"5xx\"} 0") == 1);
  front.app.metrics().answered(0, 503, std::chrono::milliseconds{3});
  front.app.metrics().answered(0, 101, std::chrono::milliseconds{3});
  CHECK(count_of("route=\"/health\",status=\"5xx\"} 1") == 1);
  CHECK(count_of("route=\"/health\",status=\"2xx\"} 2") == 1);
}

TEST_CASE("the API's description holds every row once", "[node][openapi]") {
  test_front front;
  const auto r = front.ask(verb::get, "/openapi.json");
  CHECK(r.at("openapi") == "3.1.0");
  std::set<std::string_view> operations;
  std::size_t rows = 0;
  for (const auto& s : front.surfaces) {
    for (const auto& row : s.routes) {
      ++rows;
      operations.insert(row.operation);
      CHECK(r.raw.body.find("\"operationId\":\"" + std::string{row.operation} + "\"") != std::string::npos);
    }
  }
  CHECK(operations.size() == rows);
  // Every reference leads somewhere.
  const auto* schemas = r.json.find("components")->find("schemas");
  const std::string_view text = r.raw.body;
  constexpr std::string_view marker = "#/components/schemas/";
  for (auto at = text.find(marker); at != std::string_view::npos; at = text.find(marker, at + 1)) {
    const auto name = text.substr(at + marker.size(), text.find('"', at) - at - marker.size());
    INFO(name);
    CHECK(schemas->find(name) != nullptr);
  }
}

TEST_CASE("the page for people holds every row, and the places that errors point to", "[node][docs]") {
  test_front front;
  front.key.clear();
  const auto page = front.ask(verb::get, "/docs");
  CHECK(page.raw.content_type.starts_with("text/html"));
  for (const auto& s : front.surfaces)
    for (const auto& row : s.routes) {
      const auto line = "<code>" + std::string{to_text(row.method)} + " " + std::string{row.pattern} + "</code>";
      INFO(line);
      CHECK(page.raw.body.find(line) != std::string::npos);
    }
  const auto error = front.ask(verb::get, "/v1/jobs");
  CHECK(error.at("error.docs_url") == "/docs#authentication");
  for (const auto* anchor : {"id=\"authentication\"", "id=\"errors\""})
    CHECK(page.raw.body.find(anchor) != std::string::npos);
}

TEST_CASE("unknown paths and methods are told in the form of their surface", "[node]") {
  test_front front;
  CHECK(front.ask(verb::get, "/nowhere").at("code") == "not_found");
  CHECK(front.ask(verb::get, "/v1/nowhere").at("error.code") == "NOT_FOUND");
  CHECK(front.ask(verb::get, "/api/pipelines/%zz").status() == 400);
  const auto wrong = front.ask(verb::patch, "/api/pipelines");
  CHECK(wrong.status() == 405);
  CHECK(wrong.header("Allow") == "GET, HEAD, POST");
  CHECK(front.ask(verb::other, "/v1/api-keys").at("error.code") == "METHOD_NOT_ALLOWED");
  const auto options = front.ask(verb::options, "/api/pipelines");
  CHECK(options.status() == 204);
  CHECK(options.header("Allow") == "GET, HEAD, POST");
}

TEST_CASE("every route but the open ones needs credentials", "[node][auth]") {
  test_front front;
  front.key.clear();
  for (const auto& s : front.surfaces) {
    for (const auto& row : s.routes) {
      if (row.who == access::open) continue;
      std::string path{row.pattern};
      for (auto at = path.find('{'); at != std::string::npos; at = path.find('{'))
        path.replace(at, path.find('}') - at + 1, "9c1f0e2a-1111-7222-8333-444455556666");
      INFO(row.operation);
      CHECK(front.ask(row.method, path).status() == 401);
    }
  }
}
