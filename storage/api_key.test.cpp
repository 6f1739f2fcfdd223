#include "storage/api_key.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

SCENARIO("made keys have the documented form and none comes twice", "[keys]") {
  const auto a = make_api_key();
  CHECK(a.starts_with("gcs_live_sk_"));
  CHECK(a.size() == 12 + 32 + 4);
  CHECK(a != make_api_key());
  CHECK(shown_prefix(a) == a.substr(0, 16));
}
