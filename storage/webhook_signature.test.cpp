#include "storage/webhook_signature.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

SCENARIO("a body's signature is the one of RFC 4231", "[webhook]") {
  // Section 4.3, test case 2; and case 6, a key longer than a block.
  CHECK(hex_signature("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hex_signature(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

SCENARIO("a signature is taken in hex of either case, with its prefix or without, and in no other form", "[webhook]") {
  const auto right = hex_signature("secret", "body");
  CHECK(is_signed_with("secret", "body", right));
  CHECK(is_signed_with("secret", "body", "sha256=" + right));
  auto upper = right;
  for (auto& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  CHECK(is_signed_with("secret", "body", upper));

  CHECK_FALSE(is_signed_with("secret", "body ", right));
  CHECK_FALSE(is_signed_with("secre", "body", right));
  CHECK_FALSE(is_signed_with("secret", "body", ""));
  CHECK_FALSE(is_signed_with("secret", "body", "sha256="));
  CHECK_FALSE(is_signed_with("secret", "body", right.substr(0, 62)));
  CHECK_FALSE(is_signed_with("secret", "body", right + "00"));
  CHECK_FALSE(is_signed_with("secret", "body", right + " "));
  CHECK_FALSE(is_signed_with("secret", "body", "sha1=" + right));
  CHECK_FALSE(is_signed_with("secret", "body", std::string(64, 'g')));
  auto altered = right;
  altered[63] = altered[63] == '0' ? '1' : '0';
  CHECK_FALSE(is_signed_with("secret", "body", altered));
}

SCENARIO("the standard header decodes a whsec_ secret, takes others as written, and lists all in order", "[webhook]") {
  const auto at = from_ms(1'614'265'330'500);
  // Made with the npm package standardwebhooks 1.1.1.
  CHECK(standard_signature({"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLSw="}, "msg_p5jXN8AQM9LWM0D4loKWxJek", at,
                           R"({"test": 2432232314})") == "v1,ZX+cit3WVzUwYRrx5Jd2bAxKm4yP98Gl9PXm206LrCk=");
  const std::string plain = "v1,9j3tWTqSE70XL1yD823JRh+nyc7l4YSBlyy/JYJcnfg=";
  CHECK(standard_signature({"plain secret"}, "evt_1", at, "x") == plain);
  CHECK(standard_signature({"plain secret", "plain secret"}, "evt_1", at, "x") == plain + " " + plain);
  CHECK(standard_signature({"whsec_not base64"}, "evt_1", at, "x") != plain);
  CHECK(standard_signature({"whsec_"}, "evt_1", at, "x") != standard_signature({""}, "evt_1", at, "x"));
}

SCENARIO("made secrets are long, different, and of the standard's form", "[webhook]") {
  const auto one = make_webhook_secret();
  CHECK(one.starts_with("whsec_"));
  CHECK(one.size() == 6 + 44);
  CHECK(one != make_webhook_secret());
}
