#include "runtime/model/codec.hpp"

#include "runtime/model/audit.hpp"
#include "runtime/model/records.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

namespace {

run_record sample_run() {
  run_record r;
  r.id = run_id{make_uuid7(from_ms(1'700'000'000'000), 7, 42)};
  r.pipeline = pipeline_id{make_uuid7(from_ms(1'600'000'000'000), 7, 43)};
  r.workspace = default_workspace;
  r.revision = 300;
  r.status = run_status::failed;
  r.trigger = trigger_kind::schedule;
  r.triggered_by = "nightly";
  r.created_at = from_ms(1'700'000'000'001);
  r.ended_at = from_ms(-5);
  r.tasks_total = 3;
  r.sealed_error = std::string("\0\xff", 2);
  r.parent = parent_ref{r.id, 4, 70'000};
  r.output = artifact{"output.csv", "outputs/x/output.csv", "csv", 10, 1'000, "ab"};
  return r;
}

} // namespace

SCENARIO("a record comes back as it was written", "[codec]") {
  const auto before = sample_run();
  const auto after = codec::decode<run_record>(codec::encode(before));
  REQUIRE(after);
  CHECK(after->id == before.id);
  CHECK(after->revision == 300);
  CHECK(after->status == run_status::failed);
  CHECK(after->ended_at == from_ms(-5));
  CHECK_FALSE(after->started_at);
  CHECK(after->sealed_error == before.sealed_error);
  CHECK(after->parent == before.parent);
  CHECK(after->output == before.output);
}

SCENARIO("an audit entry comes back as it was written", "[codec]") {
  audit_record before;
  before.subject = "key_1";
  before.key = api_key_id{make_uuid7(from_ms(1), 0, 2)};
  before.operation = "cloud.createKey";
  before.object = "a";
  before.made = run_id{make_uuid7(from_ms(3), 4, 5)};
  before.address = "192.0.2.1";
  before.request_id = "r";
  before.result = "forbidden";
  before.omitted = 7;
  before.object_id = make_uuid7(from_ms(6), 7, 8);
  const auto bytes = codec::encode(before);
  const auto after = codec::decode<audit_record>(bytes);
  REQUIRE(after);
  CHECK(codec::encode(*after) == bytes);
  CHECK(after->key == before.key);
  CHECK(after->made == before.made);
  CHECK(after->result == "forbidden");
  CHECK(after->omitted == 7);
  CHECK(after->object_id == before.object_id);
}

SCENARIO("a false or zero field is not read back as its initialiser", "[codec]") {
  pipeline_record before;
  before.enabled = false;
  before.tags = {"a", "", "c"};
  const auto after = codec::decode<pipeline_record>(codec::encode(before));
  REQUIRE(after);
  CHECK_FALSE(after->enabled);
  CHECK(after->tags == before.tags);
}

SCENARIO("values of every kind come back as they were", "[codec]") {
  value v;
  v.set("null", nullptr).set("yes", true).set("no", false).set("least", INT64_MIN).set("half", 0.5).set("text", "x");
  v.set("list", value::list{value{1}, value{"two"}, value{value::object{}}});
  pipeline_record before;
  before.attributes = v;
  const auto after = codec::decode<pipeline_record>(codec::encode(before));
  REQUIRE(after);
  CHECK(after->attributes == v);
}

SCENARIO("bytes cut short or altered are refused or decode to something, and never read beyond their end", "[codec]") {
  const auto bytes = codec::encode(sample_run());
  CHECK_FALSE(codec::decode<run_record>(""));
  CHECK(codec::decode<run_record>("\x09").error().code == errc::corrupt_record);
  for (std::size_t cut = 1; cut < bytes.size(); ++cut)
    (void)codec::decode<run_record>(bytes.substr(0, cut)).has_value();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto altered = bytes;
    altered[i] = static_cast<char>(altered[i] ^ 0x55);
    (void)codec::decode<run_record>(altered).has_value();
  }
}

SCENARIO("a field of a later version is skipped", "[codec]") {
  auto bytes = codec::encode(sample_run());
  codec::put_varint(bytes, 900u << 1 | 1);
  codec::put_varint(bytes, 3);
  bytes += "new";
  const auto after = codec::decode<run_record>(bytes);
  REQUIRE(after);
  CHECK(after->triggered_by == "nightly");
}
