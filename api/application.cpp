#include "api/application.hpp"

#include "api/docs_page.hpp"
#include "api/error_table.hpp"
#include "api/kept_request.hpp"
#include "api/openapi.hpp"
#include "api/remote_address.hpp"
#include "api/request_options.hpp"

#include <exception>

namespace penstock {
namespace {

constexpr std::size_t ignored_body_bytes_max = 64u << 10;
/// Of a body that nobody has vouched for yet.
constexpr std::size_t raw_body_bytes_max = 1u << 20;
/// Wrong credentials that one address may send per second, five times that at once; beyond it 429 instead of 401.
constexpr std::uint32_t failures_per_second = 100;
constexpr std::size_t addresses_max = 65'536;

/// Of a path that belongs to no row.
error_style style_of_unknown(std::string_view path) noexcept {
  return path.starts_with("/v1/") ? error_style::cloud : error_style::problem;
}

bool is_json(std::string_view content_type) noexcept {
  const auto type = trimmed(content_type.substr(0, content_type.find(';')));
  if (equal_ignoring_case(type, media::json)) return true;
  constexpr std::string_view suffix = "+json";
  return type.size() > suffix.size() && equal_ignoring_case(type.substr(type.size() - suffix.size()), suffix);
}

/// What is wrong with the media type of a body that is to be JSON, empty if nothing is. A body without a type is taken for JSON.
std::string media_problem(const request& in) {
  if (const auto* encoding = in.header("content-encoding"); encoding && !equal_ignoring_case(*encoding, "identity"))
    return "the body must not be encoded (Content-Encoding: " + std::string{*encoding} + ")";
  if (const auto* type = in.header("content-type"); type && !is_json(*type))
    return "the body must be JSON (Content-Type: application/json), not " + std::string{*type};
  return {};
}

/// Nobody guesses who forgets to send credentials, or goes on with some that were good or will be.
bool may_be_guessed(auth_failure kind) noexcept {
  switch (kind) {
    case auth_failure::missing:
    case auth_failure::expired_key:
    case auth_failure::revoked_key:
    case auth_failure::expired_token:
    case auth_failure::early_token: return false;
    default: return true;
  }
}

bool may_change(verb method) noexcept {
  return method == verb::post || method == verb::put || method == verb::patch || method == verb::del;
}

audit_origin origin_of(const request& in, const route& row) {
  return {std::string{row.operation}, std::string{in.remote_address}, std::string{in.id}};
}

response no_route(const request& in, const router::match& match) {
  using outcome = router::match::outcome;
  if (match.what == outcome::bad_encoding)
    return render_error(style_of_unknown(in.path),
                        error{errc::invalid_argument, "the path is not valid percent-encoding", {}});
  if (match.what == outcome::not_found)
    return render_error(style_of_unknown(in.path),
                        error{errc::not_found, "there is nothing at this path; see /openapi.json", {}});
  auto r = in.method == verb::options
             ? no_content()
             : render_error(match.errors,
                            http_error{405, "method_not_allowed", "this path takes " + std::string{match.allow}});
  r.with("Allow", std::string{match.allow});
  return r;
}

} // namespace

application::application(const http_settings& settings, operations& ops, std::shared_ptr<clock_source> clock,
                         std::span<const surface> surfaces, std::shared_ptr<const jwt_key_file> keys)
    : settings_(settings), clock_(clock), router_(surfaces),
      metrics_(std::make_unique<http_metrics>(router_.rows(), settings.version)),
      auth_(ops, settings, std::move(clock), std::move(keys)), rates_(std::make_unique<rate_limiter>()),
      failures_(std::make_unique<rate_limiter>(addresses_max)), openapi_(make_openapi(surfaces, settings.version)),
      docs_(make_docs_page(surfaces, settings.version)), services_{ops,       settings_, *metrics_, auth_,
                                                                   draining_, openapi_,  docs_,     *clock_} {}

response application::refuse(const request& in, const routed& target, const auth_refusal& why) const {
  metrics_->authentication_failed(why.kind);
  // Whose credentials are good is let in all the same, whoever else sits behind the address.
  auto r = render_error(target.errors, why.why);
  return may_be_guessed(why.kind) ? within_failures(in, target, std::move(r)) : std::move(r);
}

response application::within_failures(const request& in, const routed& target, response&& refusal) const {
  if (in.remote_address.empty() ||
      failures_->take(client_of(in.remote_address), failures_per_second, clock_->now()).allowed)
    return std::move(refusal);
  metrics_->rate_limited(http_metrics::limited::address);
  return render_error(target.errors,
                      error{errc::rate_limited, "too many wrong credentials from this address; try again later", {}});
}

bool application::within_rate(const caller& who, rate_state& rate) const {
  const auto limit = who.rate_limit != 0 ? who.rate_limit : settings_.rate_limit;
  if (limit == 0) return true;
  rate = rates_->take(who.counted_as, limit, clock_->now());
  if (!rate.allowed) metrics_->rate_limited(http_metrics::limited::caller);
  return rate.allowed;
}

std::optional<response> application::check_caller(request& in, const routed& target, rate_state& rate) const {
  const auto& row = *target.row;
  if (row.who != access::caller) {
    in.who = {};
    if (row.who == access::signer) in.who.origin = origin_of(in, row);
    return std::nullopt;
  }
  auto who = auth_.identify(in);
  if (!who) return refuse(in, target, who.error());
  in.who = std::move(*who);
  if (may_change(in.method)) in.who.origin = origin_of(in, row);
  if (!within_rate(in.who, rate))
    return render_error(target.errors, error{errc::rate_limited,
                                             "more than " + std::to_string(rate.limit) +
                                               " requests per second; X-RateLimit-Reset says when all are there again",
                                             {}});
  if (allows(in.who.scopes, row.permission)) return std::nullopt;
  return render_error(target.errors,
                      error{errc::forbidden, "this needs the scope " + std::string{to_text(row.permission)}, {}});
}

application::admission application::admit(request& in) const {
  const auto match = router_.find(in.method, in.path, in.parameters);
  if (!match.target) return {nullptr, no_route(in, match), ignored_body_bytes_max, {}};
  const auto& row = *match.target->row;
  in.definition_values_max.reset();
  if (row.holds_definition) in.definition_values_max = settings_.definitions.values_max;
  const auto limit = row.body == body_rule::none  ? ignored_body_bytes_max
                     : row.body == body_rule::raw ? std::min(raw_body_bytes_max, settings_.body_bytes_max)
                                                  : settings_.body_bytes_max;
  admission out{match.target, std::nullopt, limit, {}};
  out.refusal = check_caller(in, *match.target, out.rate);
  return out;
}

void application::handle(const request& in, const routed& target, const responder& send) const {
  const auto& row = *target.row;
  if (row.body != body_rule::none && row.body != body_rule::raw && !in.body.empty()) {
    if (auto why = media_problem(in); !why.empty())
      return send(render_error(target.errors, error{errc::unsupported_media, std::move(why), {}}));
  }
  if (row.body == body_rule::json && in.body.empty())
    return send(render_error(target.errors, error{errc::invalid_argument, "a JSON body is required", {}}));
  // An API key was made in a workspace that is known.
  if (row.who == access::caller && !in.who.key && !services_.ops.knows_workspace(in.who.workspace))
    return handle_in_new_workspace(in, target, send);
  call_handler(in, target, send);
}

void application::handle_in_new_workspace(const request& in, const routed& target, const responder& send) const {
  auto made = [this, kept = kept_request::of(in), &target, send](result<void> stored) {
    if (!stored) send(render_error(target.errors, stored.error()));
    else call_handler(kept->get(), target, send);
  };
  services_.ops.make_workspace(in.who, std::move(made));
}

void application::call_handler(const request& in, const routed& target, const responder& send) const {
  const auto& row = *target.row;
  try {
    row.handle(in, services_, send);
  } catch (const std::exception& e) {
    send(render_error(target.errors, error{errc::internal, std::string{row.operation} + ": " + e.what(), {}}));
  }
}

void application::answered(const request& in, const routed* target, response& r) const {
  if (target && target->row->who == access::signer && r.status == 401) {
    metrics_->authentication_failed(auth_failure::bad_signature);
    r = within_failures(in, *target, std::move(r));
  }
  if (r.docs_url_at != 0) r.body.insert(std::exchange(r.docs_url_at, 0), server_url(in));
  // Who has signed a request, only its handler knows.
  if (!target || target->row->who != access::caller || !may_change(in.method) || !is_refusal(r.status)) return;
  services_.ops.note_request(in.who, in.parameters.last(), r.error_code);
}

response application::too_large(const admission& a) const {
  const auto style = a.target ? a.target->errors : error_style::problem;
  return render_error(
    style, error{errc::too_large, "the body must be at most " + std::to_string(a.body_bytes_max) + " bytes", {}});
}

response application::ended(const routed& target) const {
  return render_error(target.errors,
                      error{errc::unauthorized, "the credentials were revoked or expired during the request", {}});
}

response application::overloaded(const routed& target) const {
  return render_error(target.errors, error{errc::unavailable, "the server is at its limit of requests; try again", {}});
}

} // namespace penstock
