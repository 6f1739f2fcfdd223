#include "api/surfaces/cloud/routes.hpp"

#include "api/test_front.hpp"

using namespace penstock;
using penstock::test::fake_operations;
using penstock::test::test_front;

TEST_CASE("a key is made, shown once, listed and revoked", "[cloud]") {
  test_front front;
  const auto made =
    front.ask(verb::post, "/v1/api-keys", R"({"name":"CI","scopes":["read:pipelines","admin"],"expires_in_days":90})");
  REQUIRE(made.status() == 201);
  CHECK(made.at("data.id").starts_with("key_"));
  CHECK(made.at("data.id").size() == 36);
  CHECK(made.at("data.key").starts_with("gcs_live_sk_"));
  CHECK(made.at("data.prefix") == "gcs_live_sk_");
  CHECK(made.at("data.scopes.1") == "admin");
  CHECK(made.at("data.created_at") == "2023-11-14T22:13:20.000Z");
  CHECK(made.at("data.expires_at") == "2024-02-12T22:13:20.000Z");
  CHECK(made.at("note") == "The full key value is shown only once. Store it securely.");
  CHECK(made.header("Cache-Control") == "no-store");

  const auto list = front.ask(verb::get, "/v1/api-keys");
  CHECK(list.at("data.0.name") == "CI");
  CHECK(list.at("data.0.key") == "-");
  CHECK(list.at("data.0.last_used") == "null");
  CHECK(list.at("meta.total") == "1");
  CHECK(list.at("meta.page") == "1");
  CHECK(list.at("meta.limit") == "20");
  CHECK(list.at("meta.total_pages") == "1");

  CHECK(front.ask(verb::del, "/v1/api-keys/" + made.at("data.id")).status() == 204);
  CHECK(front.ask(verb::del, "/v1/api-keys/" + made.at("data.id")).status() == 404);
  CHECK(front.ask(verb::del, "/v1/api-keys/nonsense").status() == 404);
  CHECK(front.ask(verb::get, "/v1/api-keys").at("meta.total_pages") == "0");
}

TEST_CASE("a wrong key request is refused in the cloud document's form", "[cloud]") {
  test_front front;
  const auto r = front.ask(verb::post, "/v1/api-keys", R"({"scopes":["read:everything"],"expires_in_days":0})");
  CHECK(r.status() == 400);
  CHECK(r.raw.content_type == media::json);
  CHECK(r.at("error.code") == "BAD_REQUEST");
  CHECK(r.at("error.message").find("name") != std::string::npos);
  CHECK(r.at("error.message").find("read:everything") != std::string::npos);
  CHECK(r.at("error.message").find("expires_in_days") != std::string::npos);
  CHECK_FALSE(r.at("error.docs_url").empty());
  CHECK(front.ask(verb::post, "/v1/api-keys", R"({"name":"a","scopes":[]})").status() == 400);
  const auto dated =
    front.ask(verb::post, "/v1/api-keys", R"({"name":"a","scopes":["read:jobs"],"expires_at":"2030-01-01T00:00:00Z"})");
  CHECK(dated.status() == 400);
  CHECK(dated.at("error.message").find("expires_in_days") != std::string::npos);
  CHECK(front.ask(verb::post, "/v1/api-keys", "[").at("error.code") == "BAD_REQUEST");
  CHECK(front.ask(verb::get, "/v1/api-keys?page=0").status() == 400);
  CHECK(front.ask(verb::get, "/v1/api-keys?limit=500").at("meta.limit") == "100");
}

TEST_CASE("only an admin sees keys, and nobody without credentials", "[cloud][auth]") {
  test_front front;
  front.key = fake_operations::reader_key;
  const auto forbidden = front.ask(verb::get, "/v1/api-keys");
  CHECK(forbidden.status() == 403);
  CHECK(forbidden.at("error.code") == "FORBIDDEN");
  front.key.clear();
  CHECK(front.ask(verb::get, "/v1/api-keys").at("error.code") == "UNAUTHORIZED");
}

TEST_CASE("whoami tells workspace, subject and scopes", "[cloud][auth]") {
  test_front front;
  front.key = fake_operations::reader_key;
  const auto r = front.ask(verb::get, "/v1/whoami");
  CHECK(r.at("data.workspace_id") == to_text(default_workspace));
  CHECK(r.at("data.subject") == "reader-key");
  CHECK(r.at("data.scopes") == R"(["read:pipelines","read:jobs"])");
}
