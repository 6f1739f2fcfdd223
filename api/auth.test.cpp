#include "api/auth.hpp"

#include "api/fake_operations.hpp"
#include "api/http_server.hpp"
#include "api/jwt.hpp"

#include <catch2/catch.hpp>
#include <sodium.h>

#include <array>

using namespace penstock;
using penstock::test::fake_operations;

namespace {

constexpr std::string_view secret = "a secret of thirty-two characters";
constexpr std::string_view workspace = "9c1f0e2a-1111-7222-8333-444455556666";
const auto now = from_ms(1'700'000'000'000);

std::string base64url(std::string_view bytes) {
  std::string out(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  out.pop_back();
  return out;
}

std::string hmac_token(std::string_view header, std::string_view claims, std::string_view key = secret) {
  const auto text = base64url(header) + "." + base64url(claims);
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(key.data()), key.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  crypto_auth_hmacsha256_final(&state, mac.data());
  return text + "." + base64url({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

constexpr std::string_view good_header = R"({"alg":"HS256","typ":"JWT"})";

std::string claims(std::string_view more = "") {
  return R"({"sub":"u-1001","workspace_id":")" + std::string{workspace} +
         R"(","scope":"read:jobs write:pipelines other:thing")" + std::string{more} + "}";
}

expected<caller, auth_refusal> verify(const std::string& token, jwt_rules rules = {}) {
  rules.secret = secret;
  return verify_jwt(token, rules, now);
}

std::string refusal(const std::string& token, jwt_rules rules = {}) {
  const auto out = verify(token, std::move(rules));
  REQUIRE_FALSE(out.has_value());
  CHECK(out.error().why.code == errc::unauthorized);
  return out.error().why.message;
}

auth_failure kind(const std::string& token, jwt_rules rules = {}) {
  const auto out = verify(token, std::move(rules));
  REQUIRE_FALSE(out.has_value());
  return out.error().kind;
}

request with(std::vector<header_view> headers) {
  request r;
  r.headers = std::move(headers);
  return r;
}

} // namespace

TEST_CASE("a good token gives subject, workspace and known scopes", "[auth][jwt]") {
  const auto out =
    verify(hmac_token(good_header, claims(R"(,"exp":1700000001,"nbf":1699999999.5,"iat":1,"aud":["x"],"iss":"y")")));
  REQUIRE(out.has_value());
  CHECK(out->subject == "u-1001");
  CHECK(to_text(out->workspace) == workspace);
  CHECK(allows(out->scopes, scope::write_pipelines));
  CHECK(allows(out->scopes, scope::read_jobs));
  CHECK_FALSE(allows(out->scopes, scope::read_pipelines));
}

TEST_CASE("no scope is no right", "[auth][jwt]") {
  const auto out = verify(hmac_token(good_header, R"({"workspace_id":")" + std::string{workspace} + R"("})"));
  REQUIRE(out.has_value());
  CHECK(out->scopes == 0);
}

TEST_CASE("only HS256 is taken, whatever the header says", "[auth][jwt]") {
  for (const auto* header : {R"({"alg":"none"})", R"({"alg":"HS512"})", R"({"alg":"RS256"})", R"({"alg":"hs256"})",
                             R"({"alg":1})", R"({})", R"({"alg":"HS256","alg":"none"})", R"([])", "x",
                             R"({"alg":"HS256","crit":["b64"],"b64":false})", R"({"alg":"HS256","typ":1})"})
    CHECK_FALSE(refusal(hmac_token(header, claims())).empty());
  CHECK_FALSE(verify(base64url(R"({"alg":"none"})") + "." + base64url(claims()) + ".").has_value());
}

TEST_CASE("a changed, cut or foreign signature is refused", "[auth][jwt]") {
  const auto token = hmac_token(good_header, claims());
  CHECK(refusal(hmac_token(good_header, claims(), "another secret")).find("signature") != std::string::npos);
  CHECK_FALSE(verify(token.substr(0, token.size() - 1)).has_value());
  CHECK_FALSE(verify(token.substr(0, token.rfind('.') + 1)).has_value());
  CHECK_FALSE(verify(token + "=").has_value());
  CHECK_FALSE(verify("a.b").has_value());
  CHECK_FALSE(verify(std::string(20'000, 'e')).has_value());
}

TEST_CASE("claims are checked for time, kind, audience and issuer", "[auth][jwt]") {
  CHECK(refusal(hmac_token(good_header, claims(R"(,"exp":1700000000)"))).find("expired") != std::string::npos);
  CHECK(refusal(hmac_token(good_header, claims(R"(,"nbf":1700000001)"))).find("not valid yet") != std::string::npos);
  CHECK(refusal(hmac_token(good_header, claims(R"(,"exp":"1800000000")"))).find("exp") != std::string::npos);
  CHECK(refusal(hmac_token(good_header, claims(R"(,"exp":null)"))).find("exp") != std::string::npos);
  CHECK(refusal(hmac_token(good_header, claims()), {.require_exp = true}).find("exp") != std::string::npos);
  CHECK(refusal(hmac_token(good_header, claims(R"(,"aud":"them")")), {.audience = "us"}).find("audience") !=
        std::string::npos);
  CHECK(refusal(hmac_token(good_header, claims(R"(,"aud":["them",1])")), {.audience = "us"}).find("aud") !=
        std::string::npos);
  CHECK(refusal(hmac_token(good_header, claims(R"(,"iss":"them")")), {.issuer = "us"}).find("issuer") !=
        std::string::npos);
  CHECK(
    verify(hmac_token(good_header, claims(R"(,"aud":["them","us"],"iss":"us")")), {.audience = "us", .issuer = "us"})
      .has_value());
  CHECK(verify(hmac_token(good_header, claims()), {.audience = "us", .issuer = "us"}).has_value());
}

TEST_CASE("claims without a workspace, or repeated, are refused", "[auth][jwt]") {
  CHECK(refusal(hmac_token(good_header, R"({"sub":"a"})")).find("workspace_id") != std::string::npos);
  CHECK(refusal(hmac_token(good_header, R"({"workspace_id":"x"})")).find("workspace_id") != std::string::npos);
  CHECK(refusal(hmac_token(good_header, R"({"workspace_id":7})")).find("workspace_id") != std::string::npos);
  CHECK(refusal(hmac_token(good_header, claims(R"(,"scope":"admin")"))).find("repeated") != std::string::npos);
  CHECK(refusal(hmac_token(good_header, R"({"workspace_id":")" + std::string{workspace} + R"(","scope":["admin"]})"))
          .find("scope") != std::string::npos);
  CHECK_FALSE(verify(hmac_token(good_header, claims() + "x")).has_value());
}

TEST_CASE("a credential is taken from either header", "[auth]") {
  CHECK(credential_of(with({{"Authorization", "Bearer abc"}})).value() == "abc");
  CHECK(credential_of(with({{"authorization", "bearer   abc "}})).value() == "abc");
  CHECK(credential_of(with({{"X-API-Key", "abc"}})).value() == "abc");
  CHECK(credential_of(with({{"x-api-key", "key"}, {"authorization", "Bearer abc"}})).value() == "abc");
  for (const auto& headers :
       std::vector<std::vector<header_view>>{{},
                                             {{"authorization", "Basic abc"}},
                                             {{"authorization", "Bearer"}},
                                             {{"authorization", "Bearer  "}},
                                             {{"x-api-key", ""}},
                                             {{"authorization", "Bearer a"}, {"authorization", "Bearer b"}}})
    CHECK(credential_of(with(headers)).error().why.code == errc::unauthorized);
}

TEST_CASE("keys go to the operations, tokens only where a secret is set", "[auth]") {
  fake_operations ops;
  http_settings settings;
  const auto clock = std::make_shared<manual_clock>(now);
  const auto token = hmac_token(good_header, claims());
  const auto bearer = "Bearer " + token;
  const authenticator without{ops, settings, clock};
  CHECK(without.identify(with({{"x-api-key", fake_operations::admin_key}}))->subject == "admin-key");
  CHECK(without.identify(with({{"x-api-key", "unknown"}})).error().kind == auth_failure::unknown_key);
  CHECK(without.identify(with({})).error().kind == auth_failure::missing);
  const auto off = without.identify(with({{"authorization", bearer}})).error();
  CHECK(off.kind == auth_failure::tokens_off);
  CHECK(off.why.message.find("PENSTOCK_JWT_SECRET") != std::string::npos);
  settings.jwt_secret = secret;
  const authenticator having{ops, settings, clock};
  CHECK(having.identify(with({{"authorization", bearer}}))->subject == "u-1001");
}

TEST_CASE("metrics are open unless a token closes them", "[auth]") {
  fake_operations ops;
  http_settings settings;
  const auto clock = std::make_shared<manual_clock>(now);
  CHECK(authenticator(ops, settings, clock).may_read_metrics(with({})));
  settings.metrics_token = "scrape";
  const authenticator closed{ops, settings, clock};
  CHECK_FALSE(closed.may_read_metrics(with({})));
  CHECK_FALSE(closed.may_read_metrics(with({{"authorization", "Bearer scrapf"}})));
  CHECK(closed.may_read_metrics(with({{"authorization", "Bearer scrape"}})));
}

TEST_CASE("each refusal of a token has its reason for the metrics", "[auth][jwt]") {
  CHECK(kind("a.b.c") == auth_failure::malformed);
  CHECK(kind(hmac_token(R"({"alg":"none"})", claims())) == auth_failure::unknown_algorithm);
  CHECK(kind(hmac_token(R"({"alg":"HS256","crit":["exp"]})", claims())) == auth_failure::unknown_algorithm);
  CHECK(kind(hmac_token(R"({"alg":"RS256"})", claims())) == auth_failure::tokens_off);
  CHECK(kind(hmac_token(good_header, claims(), "another")) == auth_failure::bad_signature);
  CHECK(kind(hmac_token(good_header, claims(R"(,"exp":1)"))) == auth_failure::expired_token);
  CHECK(kind(hmac_token(good_header, claims()), {.require_exp = true}) == auth_failure::expired_token);
  CHECK(kind(hmac_token(good_header, claims(R"(,"nbf":1800000000)"))) == auth_failure::early_token);
  CHECK(kind(hmac_token(good_header, "{}")) == auth_failure::bad_claims);
  for (std::size_t i = 0; i < auth_failure_names.size(); ++i)
    CHECK(to_text(static_cast<auth_failure>(i)) == auth_failure_names[i]);
}

TEST_CASE("a leeway holds off the end and brings forward the beginning", "[auth][jwt]") {
  const jwt_rules lenient{.leeway = std::chrono::seconds{30}};
  const auto late = verify(hmac_token(good_header, claims(R"(,"exp":1699999971)")), lenient);
  REQUIRE(late.has_value());
  CHECK(late->expires_at == from_ms(1'700'000'001'000));
  CHECK_FALSE(verify(hmac_token(good_header, claims(R"(,"exp":1699999970)")), lenient).has_value());
  CHECK(verify(hmac_token(good_header, claims(R"(,"nbf":1700000030)")), lenient).has_value());
  CHECK_FALSE(verify(hmac_token(good_header, claims(R"(,"nbf":1700000031)")), lenient).has_value());
  CHECK_FALSE(verify(hmac_token(good_header, claims()))->expires_at.has_value());
  CHECK_FALSE(verify(hmac_token(good_header, claims(R"(,"exp":1e300)")))->expires_at.has_value());
}

TEST_CASE("a subject counts as one in its workspace, whatever its tokens", "[auth][jwt]") {
  const auto a = verify(hmac_token(good_header, claims(R"(,"exp":1700000001)")));
  const auto b = verify(hmac_token(good_header, claims(R"(,"exp":1700000002)")));
  const auto other =
    verify(hmac_token(good_header, R"({"sub":"u-1002","workspace_id":")" + std::string{workspace} + R"("})"));
  CHECK(a->counted_as == b->counted_as);
  CHECK(a->counted_as != other->counted_as);
  CHECK_FALSE(a->counted_as.is_nil());
  const auto longest = R"({"workspace_id":")" + std::string{workspace} + R"(","sub":")";
  CHECK(verify(hmac_token(good_header, longest + std::string(255, 'a') + "\"}")).has_value());
  CHECK(refusal(hmac_token(good_header, longest + std::string(256, 'a') + "\"}")).find("sub") != std::string::npos);
}

TEST_CASE("a verified token is known again until its end", "[auth][jwt]") {
  fake_operations ops;
  http_settings settings;
  settings.jwt_secret = secret;
  const auto clock = std::make_shared<manual_clock>(now);
  const authenticator auth{ops, settings, clock};
  const auto bearer = "Bearer " + hmac_token(good_header, claims(R"(,"exp":1700000010)"));
  const auto ask = [&] { return auth.identify(with({{"authorization", bearer}})); };
  REQUIRE(ask().has_value());
  CHECK(ask()->subject == "u-1001");
  clock->advance(milliseconds{9'999});
  CHECK(ask().has_value());
  clock->advance(milliseconds{1});
  CHECK(ask().error().kind == auth_failure::expired_token);
}
