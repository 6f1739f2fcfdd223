#include "api/surfaces/pipelines/routes.hpp"

#include "api/test_front.hpp"

using namespace penstock;
using penstock::test::fake_operations;
using penstock::test::test_front;

namespace {

const std::string full =
  R"({"name":"HubSpot","config":{"source":{"name":"hubspot"},"destination":{"name":"bigquery"}},)"
  R"("schedule":"0 */6 * * *","enabled":false,"domain_id":"9c1f0e2a-1111-7222-8333-444455556666"})";

std::string create(test_front& front, const std::string& body = full) {
  const auto made = front.ask(verb::post, "/api/pipelines", body);
  REQUIRE(made.status() == 201);
  return made.at("id");
}

} // namespace

TEST_CASE("a pipeline is created with all documented fields and without its config", "[pipelines]") {
  test_front front;
  front.ops.warnings = {"connector hubspot is not available here"};
  const auto made = front.ask(verb::post, "/api/pipelines", full, {{"Idempotency-Key", "k1"}});
  REQUIRE(made.status() == 201);
  CHECK(made.at("name") == "HubSpot");
  CHECK(made.at("schedule") == "0 */6 * * *");
  CHECK(made.at("enabled") == "false");
  CHECK(made.at("domain_id") == "9c1f0e2a-1111-7222-8333-444455556666");
  CHECK(made.at("created_at") == "2023-11-14T22:13:20.000Z");
  CHECK(made.at("updated_at") == "null");
  CHECK(made.at("config") == "-");
  CHECK(made.at("warnings.0") == "connector hubspot is not available here");
  CHECK(made.header("Location") == "/api/pipelines/" + made.at("id"));
  CHECK(front.ops.last_key.key == "k1");
  CHECK(front.ops.last_draft.source.format == definition_format::json);
  CHECK(front.ops.last_draft.source.text == R"({"source":{"name":"hubspot"},"destination":{"name":"bigquery"}})");
}

TEST_CASE("what is left out has its documented default", "[pipelines]") {
  test_front front;
  const auto made =
    front.ask(verb::post, "/api/pipelines", R"({"name":"a","config":{},"schedule":null,"domain_id":null,"unknown":1})");
  REQUIRE(made.status() == 201);
  CHECK(made.at("enabled") == "true");
  CHECK(made.at("schedule") == "null");
  CHECK(made.at("domain_id") == "null");
}

TEST_CASE("config may be YAML text and is given back as an object", "[pipelines]") {
  test_front front;
  const auto id = create(front, R"({"name":"a","config":"tasks:\n  - {id: a, type: noop}\n"})");
  CHECK(front.ops.last_draft.source.format == definition_format::yaml);
  CHECK(front.ask(verb::get, "/api/pipelines/" + id).at("config.tasks.0.id") == "a");
}

TEST_CASE("every wrong field of a pipeline is named at once", "[pipelines]") {
  test_front front;
  const auto r =
    front.ask(verb::post, "/api/pipelines", R"({"config":7,"schedule":"0 25 * * *","enabled":"yes","domain_id":"x"})",
              {{"Idempotency-Key", "a b"}});
  REQUIRE(r.status() == 400);
  CHECK(r.raw.content_type == media::problem);
  CHECK(r.at("code") == "invalid_argument");
  CHECK(r.at("errors.0.field") == "name");
  CHECK(r.at("errors.1.field") == "config");
  CHECK(r.at("errors.2.field") == "enabled");
  CHECK(r.at("errors.3.field") == "schedule");
  CHECK(r.at("errors.3.message").find("hour") != std::string::npos);
  CHECK(r.at("errors.4.field") == "domain_id");
  CHECK(r.at("errors.5.field") == "Idempotency-Key");
  CHECK(r.at("errors.6") == "-");
}

TEST_CASE("problems of a definition are told in terms of the request", "[pipelines]") {
  test_front front;
  front.ops.refuse_definition = "SQL does not parse";
  const auto r =
    front.ask(verb::post, "/api/pipelines", "{\"name\":\"a\",\n\"config\":{\"tasks\":[\n {\"sql\": \"selec\"}]}}");
  REQUIRE(r.status() == 400);
  CHECK(r.at("errors.0.field") == "config.tasks[0].sql");
  CHECK(r.at("errors.0.line") == "3");
  CHECK(r.at("detail") == "config.tasks[0].sql: SQL does not parse");
}

TEST_CASE("problems of the definition and of the fields beside it are told together", "[pipelines]") {
  test_front front;
  const auto r =
    front.ask(verb::post, "/api/pipelines",
              "{\"schedule\":\"x\",\n\"config\":{\"version\":1,\"tasks\":[\n{\"id\":\"a\",\"type\":\"sqll\"}]}}");
  REQUIRE(r.status() == 400);
  CHECK(r.at("errors.0.field") == "name");
  CHECK(r.at("errors.1.field") == "schedule");
  CHECK(r.at("errors.2.field") == "config.tasks[0].type");
  CHECK(r.at("errors.2.line") == "3");
  CHECK(r.at("detail").find("did you mean `sql`") != std::string::npos);
}

TEST_CASE("a body that is no JSON object, or no JSON, is refused", "[pipelines]") {
  test_front front;
  CHECK(front.ask(verb::post, "/api/pipelines", "[]").status() == 400);
  CHECK(front.ask(verb::post, "/api/pipelines", "{").at("errors.0.line") == "1");
  CHECK(front.ask(verb::post, "/api/pipelines", "").status() == 400);
  CHECK(front.ask(verb::post, "/api/pipelines", "{\"name\":\"\xff\"}").status() == 400);
  CHECK(front.ask(verb::post, "/api/pipelines", std::string(100'000, '[')).status() == 400);
  CHECK(front.ask(verb::post, "/api/pipelines", full, {{"Content-Type", "text/plain"}}).status() == 415);
  CHECK(front.ask(verb::post, "/api/pipelines", full, {{"Content-Type", "application/json; charset=utf-8"}}).status() ==
        201);
  CHECK(front.ask(verb::post, "/api/pipelines", full, {{"Content-Encoding", "gzip"}}).status() == 415);
}

TEST_CASE("a definition has a limit of values of its own", "[pipelines]") {
  test_front front;
  std::string many;
  for (std::size_t i = 0; i < request::values_max; ++i) many += i == 0 ? "1" : ",1";
  const auto body = R"({"name":"a","config":{"x":[)" + many + "]}}";
  const auto refused = front.ask(verb::post, "/api/pipelines", body);
  CHECK(refused.status() == 413);
  CHECK(refused.at("detail").find("more than 100000 values") != std::string::npos);
  CHECK(refused.at("detail").find("--max-definition-values") != std::string::npos);
  front.settings.definitions.values_max = 200'000;
  CHECK(front.ask(verb::post, "/api/pipelines", body).status() == 201);
  const auto id = create(front);
  CHECK(front.ask(verb::post, "/api/pipelines/" + id + "/run", R"({"parameters":{"x":[)" + many + "]}}").status() ==
        413);
}

TEST_CASE("a pipeline is shown with config and an entity tag", "[pipelines]") {
  test_front front;
  const auto id = create(front);
  const auto shown = front.ask(verb::get, "/api/pipelines/" + id);
  CHECK(shown.at("config.source.name") == "hubspot");
  const auto tag = shown.header("ETag");
  CHECK_FALSE(tag.empty());
  CHECK(front.ask(verb::get, "/api/pipelines/" + id, "", {{"If-None-Match", tag}}).status() == 304);
  CHECK(front.ask(verb::get, "/api/pipelines/seven").at("errors.0.field") == "id");
  CHECK(front.ask(verb::get, "/api/pipelines/9c1f0e2a-1111-7222-8333-444455556666").status() == 404);
}

TEST_CASE("an update changes what is given and keeps the rest", "[pipelines]") {
  test_front front;
  const auto id = create(front);
  const auto changed = front.ask(verb::put, "/api/pipelines/" + id, R"({"name":"B","schedule":null,"domain_id":null})");
  REQUIRE(changed.status() == 200);
  CHECK(changed.at("name") == "B");
  CHECK(changed.at("schedule") == "null");
  CHECK(changed.at("domain_id") == "null");
  CHECK(changed.at("enabled") == "false");
  CHECK(changed.at("updated_at") != "null");
  CHECK_FALSE(front.ops.last_patch.source.has_value());
  CHECK_FALSE(front.ops.last_patch.always_revise);
  for (const auto* body : {R"({"name":null})", R"({"config":null})", R"({"enabled":null})"})
    CHECK(front.ask(verb::put, "/api/pipelines/" + id, body).status() == 400);
}

TEST_CASE("If-Match guards an update", "[pipelines]") {
  test_front front;
  const auto id = create(front);
  const auto tag = front.ask(verb::get, "/api/pipelines/" + id).header("ETag");
  CHECK(front.ask(verb::put, "/api/pipelines/" + id, R"({"name":"B"})", {{"If-Match", "\"9-9\""}}).status() == 412);
  CHECK(front.ask(verb::put, "/api/pipelines/" + id, R"({"name":"B"})", {{"If-Match", tag}}).status() == 200);
  CHECK(front.ops.last_patch.if_state->revision == 1u);
  CHECK(front.ask(verb::put, "/api/pipelines/" + id, R"({"name":"C"})", {{"If-Match", tag}}).status() == 412);
  CHECK(front.ask(verb::put, "/api/pipelines/" + id, R"({"name":"C"})", {{"If-Match", "*"}}).status() == 200);
}

TEST_CASE("the list is a bare array, newest first, held to its limits, with the total beside it", "[pipelines]") {
  test_front front;
  for (int i = 0; i < 3; ++i) create(front, R"({"name":"p)" + std::to_string(i) + R"(","config":{}})");
  create(front);
  const auto list = front.ask(verb::get, "/api/pipelines?limit=2&offset=1");
  REQUIRE(list.json.as_list());
  CHECK(list.json.as_list()->size() == 2);
  CHECK(list.header("X-Total-Count") == "4");
  CHECK(list.at("0.name") == "p2");
  CHECK(list.at("0.domain_name") == "null");
  CHECK(list.at("0.last_run_status") == "null");
  CHECK(list.at("0.config") == "-");
  CHECK(front.ask(verb::get, "/api/pipelines?domain_id=9c1f0e2a-1111-7222-8333-444455556666").header("X-Total-Count") ==
        "1");
  CHECK(front.ask(verb::get, "/api/pipelines?limit=100000").status() == 200);
  const auto bad = front.ask(verb::get, "/api/pipelines?limit=0&offset=-1&domain_id=7");
  CHECK(bad.status() == 400);
  CHECK(bad.at("errors.0.field") == "limit");
  CHECK(bad.at("errors.1.field") == "offset");
  CHECK(bad.at("errors.2.field") == "domain_id");
}

TEST_CASE("a copy needs no body, takes everything over and gets a name", "[pipelines]") {
  test_front front;
  const auto id = create(front);
  const auto copy = front.ask(verb::post, "/api/pipelines/" + id + "/duplicate");
  REQUIRE(copy.status() == 201);
  CHECK(copy.at("name") == "HubSpot (Copy)");
  CHECK(copy.at("schedule") == "0 */6 * * *");
  CHECK(copy.at("id") != id);
  CHECK(front.ops.last_draft.source.text == R"({"source":{"name":"hubspot"},"destination":{"name":"bigquery"}})");
  CHECK(front.ask(verb::post, "/api/pipelines/" + id + "/duplicate", R"({"name":"mine"})").at("name") == "mine");
  CHECK(front.ask(verb::post, "/api/pipelines/" + id + "/duplicate", R"({"name":7})").status() == 400);
}

TEST_CASE("a deleted pipeline is gone", "[pipelines]") {
  test_front front;
  const auto id = create(front);
  const auto gone = front.ask(verb::del, "/api/pipelines/" + id);
  CHECK(gone.status() == 204);
  CHECK(gone.raw.body.empty());
  CHECK(front.ask(verb::get, "/api/pipelines/" + id).status() == 404);
  CHECK(front.ask(verb::del, "/api/pipelines/" + id).status() == 404);
}

TEST_CASE("scope comes before existence, and other workspaces do not exist", "[pipelines][auth]") {
  test_front front;
  const auto id = create(front);
  front.key = fake_operations::reader_key;
  CHECK(front.ask(verb::get, "/api/pipelines/" + id).status() == 200);
  const auto refused = front.ask(verb::put, "/api/pipelines/9c1f0e2a-1111-7222-8333-444455556666", "{}");
  CHECK(refused.status() == 403);
  CHECK(refused.at("detail").find("write:pipelines") != std::string::npos);
  front.key = fake_operations::other_key;
  CHECK(front.ask(verb::get, "/api/pipelines/" + id).status() == 404);
  front.key = "unknown";
  const auto unknown = front.ask(verb::get, "/api/pipelines/" + id);
  CHECK(unknown.status() == 401);
  CHECK(unknown.header("WWW-Authenticate") == "Bearer realm=\"penstock\"");
}
