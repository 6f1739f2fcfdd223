#include "api/surfaces/cloud/audit.hpp"

#include "api/test_front.hpp"

using namespace penstock;
using penstock::test::fake_operations;
using penstock::test::test_front;

TEST_CASE("the audit log is shown page by page", "[cloud][audit]") {
  test_front front;
  audit_entry entry{default_workspace, from_ms(1'790'000'000'123), {}};
  entry.what.subject = "key_1";
  entry.what.operation = "cloud.createKey";
  entry.what.request_id = "r-1";
  entry.what.result = "ok";
  front.ops.next_audit_page.entries = {entry};
  entry.what.object = "a";
  entry.what.made = run_id{*parse_uuid("9c1f0e2a-1111-7222-8333-444455556666")};
  entry.what.address = "192.0.2.7";
  entry.what.result = "forbidden";
  entry.what.omitted = 3;
  front.ops.next_audit_page.entries.push_back(entry);
  front.ops.next_audit_page.next = audit_cursor{from_ms(5), 18'446'744'073'709'551'615u, 7};

  const auto page = front.ask(verb::get, "/v1/audit?limit=500&subject=key_1&operation=a.b&object=o&result=ok");
  REQUIRE(page.status() == 200);
  CHECK(front.ops.last_audit_limit == 100);
  CHECK(front.ops.last_audit_filter.subject == "key_1");
  CHECK(front.ops.last_audit_filter.operation == "a.b");
  CHECK(front.ops.last_audit_filter.object == "o");
  CHECK(front.ops.last_audit_filter.result == "ok");
  CHECK(page.at("data.0.time") == "2026-09-21T14:13:20.123Z");
  CHECK(page.at("data.0.key_id") == "null");
  CHECK(page.at("data.0.object") == "null");
  CHECK(page.at("data.0.made") == "null");
  CHECK(page.at("data.0.address") == "null");
  CHECK(page.at("data.0.result") == "ok");
  CHECK(page.at("data.0.omitted") == "-");
  CHECK(page.at("data.1.made") == "9c1f0e2a-1111-7222-8333-444455556666");
  CHECK(page.at("data.1.address") == "192.0.2.7");
  CHECK(page.at("data.1.omitted") == "3");
  CHECK(page.at("meta.limit") == "100");

  const auto next = page.at("meta.next");
  front.ops.next_audit_page.next.reset();
  const auto last = front.ask(verb::get, "/v1/audit?from_date=2026-05-25&to_date=2026-05-25&before=" + next);
  CHECK(last.at("meta.next") == "null");
  CHECK(front.ops.last_audit_cursor == audit_cursor{from_ms(5), 18'446'744'073'709'551'615u, 7});
  CHECK(front.ops.last_audit_limit == 20);
  REQUIRE(front.ops.last_audit_filter.from);
  CHECK(*front.ops.last_audit_filter.to - *front.ops.last_audit_filter.from ==
        std::chrono::hours{24} - milliseconds{1});
}

TEST_CASE("the audit log is for admins, and what is wrong with a question is told by its name", "[cloud][audit]") {
  test_front front;
  for (const auto* query : {"before=x", "before=1-2", "before=1-2-3-4", "before=-1-2-3", "before=1-2-70000", "limit=0",
                            "from_date=yesterday", "to_date=2026-13-01"}) {
    const auto answer = front.ask(verb::get, "/v1/audit?" + std::string{query});
    CHECK(answer.status() == 400);
    const std::string name{query, std::string_view{query}.find('=')};
    CHECK(answer.at("error.message").find(name) != std::string::npos);
  }
  CHECK(front.ask(verb::get, "/v1/audit?subject=" + std::string(300, 's')).status() == 400);
  front.key = fake_operations::reader_key;
  CHECK(front.ask(verb::get, "/v1/audit").status() == 403);
}
