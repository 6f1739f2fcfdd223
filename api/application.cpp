#include "api/application.hpp"

#include "api/error_table.hpp"
#include "api/openapi.hpp"

#include <exception>

namespace penstock {
namespace {

constexpr std::size_t ignored_body_bytes_max = 64u << 10;

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
                         std::span<const surface> surfaces)
    : settings_(settings), router_(surfaces),
      metrics_(std::make_unique<http_metrics>(router_.rows(), settings.version)),
      auth_(ops, settings, std::move(clock)),
      openapi_(make_openapi(surfaces, settings.version)), services_{ops,   settings_, *metrics_,
                                                                    auth_, draining_, openapi_} {}

std::optional<response> application::check_caller(request& in, const routed& target) const {
  if (target.row->who == access::open) return std::nullopt;
  auto who = auth_.identify(in);
  if (!who) return render_error(target.errors, who.error());
  in.who = std::move(*who);
  if (allows(in.who.scopes, target.row->permission)) return std::nullopt;
  return render_error(
    target.errors, error{errc::forbidden, "this needs the scope " + std::string{to_text(target.row->permission)}, {}});
}

application::admission application::admit(request& in) const {
  const auto match = router_.find(in.method, in.path, in.parameters);
  if (!match.target) return {nullptr, no_route(in, match), ignored_body_bytes_max};
  const auto& row = *match.target->row;
  const auto limit = row.body == body_rule::none ? ignored_body_bytes_max : settings_.body_bytes_max;
  return {match.target, check_caller(in, *match.target), limit};
}

void application::handle(const request& in, const routed& target, const responder& send) const {
  const auto& row = *target.row;
  if (row.body != body_rule::none && !in.body.empty()) {
    if (auto why = media_problem(in); !why.empty())
      return send(render_error(target.errors, error{errc::unsupported_media, std::move(why), {}}));
  }
  if (row.body == body_rule::json && in.body.empty())
    return send(render_error(target.errors, error{errc::invalid_argument, "a JSON body is required", {}}));
  try {
    row.handle(in, services_, send);
  } catch (const std::exception& e) {
    send(render_error(target.errors, error{errc::internal, std::string{row.operation} + ": " + e.what(), {}}));
  }
}

response application::too_large(const admission& a) const {
  const auto style = a.target ? a.target->errors : error_style::problem;
  return render_error(
    style, error{errc::too_large, "the body must be at most " + std::to_string(a.body_bytes_max) + " bytes", {}});
}

response application::overloaded(const routed& target) const {
  return render_error(target.errors, error{errc::unavailable, "the server is at its limit of requests; try again", {}});
}

} // namespace penstock
