#include "api/body_fields.hpp"
#include "api/query_fields.hpp"

#include "runtime/model/json.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

TEST_CASE("fields of the right kind are read, null is as good as none", "[fields]") {
  const auto body =
    read_json(
      R"({"name":"a","on":true,"n":7,"id":"pipe_9c1f0e2a111172228333444455556666","none":null,"tags":["x","y"]})")
      .value();
  request_problems problems;
  body_fields in{body, problems};
  CHECK(in.text("name", {.required = true}) == "a");
  CHECK(in.boolean("on") == true);
  CHECK(in.integer("n", 0, 10) == 7);
  CHECK(to_text(in.id("id").value()) == "9c1f0e2a-1111-7222-8333-444455556666");
  CHECK(in.texts("tags", {}) == std::vector<std::string>{"x", "y"});
  CHECK_FALSE(in.text("none", {}).has_value());
  CHECK(in.is_null("none"));
  CHECK_FALSE(in.has("none"));
  CHECK(problems.empty());
}

TEST_CASE("all wrong fields are named at once, with place and what would be right", "[fields]") {
  const auto body =
    read_json("{\"on\": 1,\n \"n\": 11, \"id\": \"x\", \"tags\": [\"ok\", 3], \"title\": \" \"}").value();
  request_problems problems;
  body_fields in{body, problems};
  (void)in.text("name", {.required = true});
  (void)in.boolean("on");
  (void)in.integer("n", 0, 10);
  (void)in.id("id");
  (void)in.texts("tags", {});
  (void)in.text("title", {.one_line = true});
  const auto e = problems.take();
  REQUIRE(e.problems.size() == 6);
  CHECK(e.code == errc::invalid_argument);
  CHECK(e.problems[0].field == "name");
  CHECK(e.problems[1].message == "must be true or false, is an integer");
  CHECK(e.problems[2].line == 2);
  CHECK(e.problems[2].message == "must be 0 to 10, is 11");
  CHECK(e.problems[3].message.find("UUID") != std::string::npos);
  CHECK(e.problems[4].field == "tags[1]");
  CHECK(e.problems[5].field == "title");
  CHECK(e.message.find("and 1 more") != std::string::npos);
}

TEST_CASE("a place inside a document is found by its path", "[fields]") {
  const auto body = read_json("{\"tasks\":[{\"id\":\"a\"},\n{\"id\":\"b\",\n\"sql\":\"x\"}]}").value();
  CHECK(locate(body, "tasks[1].sql").line == 3);
  CHECK(locate(body, "tasks[1].nothing").line == 2);
  CHECK(locate(body, "tasks[9]").line == 1);
  CHECK(locate(body, "").line == 1);
  CHECK(locate(body, "tasks[").line == 1);
}

TEST_CASE("a query is decoded and read by name", "[fields]") {
  request_problems problems;
  query_fields q{"limit=5&search=a+b%26c&empty=&flag=true&id=9c1f0e2a-1111-7222-8333-444455556666", problems};
  CHECK(q.number("limit", 100, 1, 1000) == 5);
  CHECK(q.number("offset", 0, 0, 10) == 0);
  CHECK(q.text("search") == "a b&c");
  CHECK_FALSE(q.text("empty").has_value());
  CHECK(q.boolean("flag") == true);
  CHECK(q.id("id").has_value());
  CHECK(problems.empty());
}

TEST_CASE("a number above the most is held to it, anything else is refused by name", "[fields]") {
  request_problems problems;
  query_fields q{"a=5000&b=99999999999999999999999&c=-1&d=x&e=0&f=1.5", problems};
  CHECK(q.number("a", 100, 1, 1000) == 1000);
  CHECK(q.number("b", 100, 1, 1000) == 1000);
  CHECK(problems.empty());
  for (const auto* name : {"c", "d", "e", "f"}) (void)q.number(name, 100, 1, 1000);
  CHECK(problems.take().problems.size() == 4);
}

TEST_CASE("a malformed query is refused", "[fields]") {
  for (const auto* text : {"a=%", "a=%zz", "a=%ff", "a=1&a=2", "a=%00"}) {
    request_problems problems;
    query_fields q{text, problems};
    CHECK_FALSE(problems.empty());
  }
}
