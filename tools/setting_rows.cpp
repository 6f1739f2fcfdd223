#include "tools/setting_rows.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>
#include <optional>
#include <span>

namespace penstock {

namespace {

using setter = std::function<result<void>(server_settings&, std::string_view)>;
using shower = std::function<std::string(const server_settings&)>;

struct kind {
  shower show;
  setter set;
};

unexpected<error> wrong(std::string right) { return fail(errc::invalid_argument, std::move(right)); }

/// A whole number in front of `text`; what follows it is left in `rest`.
std::optional<std::uint64_t> leading_number(std::string_view text, std::string_view& rest) {
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{}) return std::nullopt;
  rest = text.substr(static_cast<std::size_t>(end - text.data()));
  return number;
}

struct unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array byte_units{
  unit{"GiB", 1ull << 30},
  unit{"MiB", 1ull << 20},
  unit{"KiB", 1ull << 10},
  unit{"GB", 1'000'000'000},
  unit{"MB", 1'000'000},
  unit{"KB", 1'000},
  unit{"B", 1},
  unit{"", 1},
};

constexpr std::array time_units_ms{
  unit{"d", 86'400'000}, unit{"h", 3'600'000}, unit{"m", 60'000}, unit{"s", 1'000}, unit{"ms", 1}, unit{"", 1'000},
};

std::optional<std::uint64_t> scaled(std::string_view text, std::span<const unit> units) {
  std::string_view rest;
  const auto number = leading_number(text, rest);
  if (!number) return std::nullopt;
  for (const auto& u : units) {
    if (rest != u.name) continue;
    if (*number > std::numeric_limits<std::uint64_t>::max() / u.factor) return std::nullopt;
    return *number * u.factor;
  }
  return std::nullopt;
}

/// In the greatest unit that divides it, so that reading it gives the same again.
std::string in_units(std::uint64_t number, std::span<const unit> units) {
  if (number == 0) return "0";
  const auto fits = [&](const unit& u) { return number % u.factor == 0; };
  const auto u = std::find_if(units.begin(), units.end(), fits);
  return std::to_string(number / u->factor) + std::string{u->name};
}

template <class Access>
kind text(Access at) {
  return {[at](const server_settings& s) { return std::string{at(s)}; },
          [at](server_settings& s, std::string_view given) -> result<void> {
            if (given.empty()) return wrong("must not be empty");
            at(s) = given;
            return {};
          }};
}

template <class Access>
kind truth(Access at) {
  return {[at](const server_settings& s) { return std::string{at(s) ? "true" : "false"}; },
          [at](server_settings& s, std::string_view given) -> result<void> {
            const bool yes = given == "true" || given == "1" || given == "yes" || given == "on";
            if (!yes && given != "false" && given != "0" && given != "no" && given != "off")
              return wrong("takes true or false");
            at(s) = yes;
            return {};
          }};
}

template <class Access>
kind count(Access at, std::uint64_t least, std::uint64_t most) {
  return {[at](const server_settings& s) { return std::to_string(at(s)); },
          [=](server_settings& s, std::string_view given) -> result<void> {
            std::string_view rest;
            const auto number = leading_number(given, rest);
            if (!number || !rest.empty() || *number < least || *number > most) {
              return wrong("takes a whole number from " + std::to_string(least) + " to " + std::to_string(most));
            }
            at(s) = static_cast<std::decay_t<decltype(at(s))>>(*number);
            return {};
          }};
}

template <class Access>
kind bytes(Access at, std::uint64_t least, std::uint64_t most) {
  return {[at](const server_settings& s) { return in_units(at(s), byte_units); },
          [=](server_settings& s, std::string_view given) -> result<void> {
            const auto number = scaled(given, byte_units);
            if (!number || *number < least || *number > most) {
              return wrong("takes a number of bytes, such as 512MiB, from " + in_units(least, byte_units) + " to " +
                           in_units(most, byte_units));
            }
            at(s) = static_cast<std::decay_t<decltype(at(s))>>(*number);
            return {};
          }};
}

std::uint64_t ms_of(std::uint64_t ms) { return ms; }
std::uint64_t ms_of(std::chrono::seconds s) { return static_cast<std::uint64_t>(s.count()) * 1'000; }
void put_ms(std::uint64_t& to, std::uint64_t ms) { to = ms; }
void put_ms(std::chrono::seconds& to, std::uint64_t ms) { to = std::chrono::seconds{ms / 1'000}; }
std::uint64_t ms_of(std::chrono::milliseconds ms) { return static_cast<std::uint64_t>(ms.count()); }
void put_ms(std::chrono::milliseconds& to, std::uint64_t ms) { to = std::chrono::milliseconds{ms}; }

template <class Access>
kind duration(Access at, std::uint64_t least_ms, std::uint64_t most_ms) {
  return {[at](const server_settings& s) { return in_units(ms_of(at(s)), time_units_ms); },
          [=](server_settings& s, std::string_view given) -> result<void> {
            const auto ms = scaled(given, time_units_ms);
            if (!ms || *ms < least_ms || *ms > most_ms) {
              return wrong("takes a time such as 30s or 5m, from " + in_units(least_ms, time_units_ms) + " to " +
                           in_units(most_ms, time_units_ms));
            }
            put_ms(at(s), *ms);
            return {};
          }};
}

template <class Access, class Value, std::size_t n>
kind choice(Access at, const std::array<std::pair<std::string_view, Value>, n>& of) {
  const auto names = [of] {
    std::string all;
    for (const auto& [name, value] : of) all += (all.empty() ? "" : ", ") + std::string{name};
    return all;
  };
  return {[at, of](const server_settings& s) {
            const auto row = std::find_if(of.begin(), of.end(), [&](const auto& r) { return r.second == at(s); });
            return std::string{row->first};
          },
          [=](server_settings& s, std::string_view given) -> result<void> {
            const auto row = std::find_if(of.begin(), of.end(), [&](const auto& r) { return r.first == given; });
            if (row == of.end()) return wrong("takes one of " + names());
            at(s) = row->second;
            return {};
          }};
}

std::string show_listen(const server_settings& s) {
  const bool is_ipv6 = s.http.address.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + s.http.address + "]" : s.http.address) + ":" + std::to_string(s.http.port);
}

result<void> set_listen(server_settings& s, std::string_view given) {
  const auto right = "takes address:port, such as 127.0.0.1:8080, 0.0.0.0:8080 (every address) or [::1]:8080";
  const auto colon = given.rfind(':');
  if (colon == std::string_view::npos) return wrong(right);
  auto host = given.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos) return wrong(right);
  if (host == "localhost") host = "127.0.0.1";
  std::string_view rest;
  const auto port = leading_number(given.substr(colon + 1), rest);
  if (host.empty() || host.find_first_of("[]/ ") != std::string_view::npos || !port || !rest.empty() ||
      *port > 65'535) {
    return wrong(right);
  }
  s.http.address = host;
  s.http.port = static_cast<std::uint16_t>(*port);
  return {};
}

result<void> set_jwt_secret(server_settings& s, std::string_view given) {
  // Whoever knows a public key could sign tokens with it.
  if (given.find("-----BEGIN") != std::string_view::npos)
    return wrong("is a shared secret and no key in PEM; the public keys of RS256, ES256 and EdDSA are for --jwt-keys");
  s.http.jwt_secret = given;
  return {};
}

result<void> set_bootstrap_key(server_settings& s, std::string_view given) {
  const auto is_plain = [](unsigned char c) { return c > 0x20 && c < 0x7f; };
  if (given.size() < 32 || !std::all_of(given.begin(), given.end(), is_plain)) {
    return wrong("needs 32 characters or more, visible ASCII without spaces");
  }
  s.bootstrap_key = given;
  return {};
}

result<void> set_master_key(server_settings& s, std::string_view given) {
  const auto is_base64 = [](unsigned char c) { return std::isalnum(c) || c == '+' || c == '/'; };
  if (given.size() != 44 || given.back() != '=' || !std::all_of(given.begin(), given.end() - 1, is_base64)) {
    return wrong("needs 32 bytes in base64 (44 characters), such as `openssl rand -base64 32` prints");
  }
  s.master_key = given;
  return {};
}

kind secret(std::function<result<void>(server_settings&, std::string_view)> set,
            bool (*is_set)(const server_settings&)) {
  return {[is_set](const server_settings& s) { return std::string{is_set(s) ? "set" : ""}; }, std::move(set)};
}

constexpr std::array durabilities{std::pair<std::string_view, durability_mode>{"fsync", durability_mode::fsync},
                                  std::pair<std::string_view, durability_mode>{"interval", durability_mode::interval}};
constexpr std::array levels{std::pair<std::string_view, log_level>{"debug", log_level::debug},
                            std::pair<std::string_view, log_level>{"info", log_level::info},
                            std::pair<std::string_view, log_level>{"warn", log_level::warn},
                            std::pair<std::string_view, log_level>{"error", log_level::error}};
constexpr std::array formats{std::pair<std::string_view, log_format>{"text", log_format::text},
                             std::pair<std::string_view, log_format>{"json", log_format::json}};

constexpr std::uint64_t kib = 1ull << 10, mib = 1ull << 20, gib = 1ull << 30;
constexpr std::uint64_t second = 1'000, minute = 60'000, hour = 3'600'000, day = 86'400'000;

setting_row row(std::string name, std::string value_name, kind k, std::string help) {
  return {std::move(name), std::move(value_name), std::move(help), std::move(k.show), std::move(k.set)};
}

setting_row hidden(setting_row r, setting_place place) {
  r.place = place;
  r.secret = true;
  return r;
}

// Reaches a member of constant and of changing settings alike.
#define PENSTOCK_AT(member)                                                                                            \
  [](auto& s) -> auto& { return s.member; }

std::vector<setting_row> node_rows() {
  return {
    row("data-dir", "DIR", text(PENSTOCK_AT(data_dir)), "where everything is kept; made if it is not there"),
    row("listen", "ADDRESS:PORT", {show_listen, set_listen}, "where REST is served; port 0 takes a free one"),
    row("threads", "N", count(PENSTOCK_AT(threads), 0, 1'024), "scheduler threads; 0: one per processor"),
    row("partitions", "N", count(PENSTOCK_AT(partitions), 1, 1'024),
        "shards of a new database; an old one keeps its own number"),
    row("durability", "MODE", choice(PENSTOCK_AT(durability), durabilities),
        "fsync: on disk before it is acknowledged; interval: a power loss may take a second"),
    row("audit-days", "N", count(PENSTOCK_AT(audit_days), 0, 36'500),
        "how long the audit log keeps who changed what; 0: for ever"),
    row("log-level", "LEVEL", choice(PENSTOCK_AT(level), levels), "debug, info, warn or error"),
    row("log-format", "FORM", choice(PENSTOCK_AT(format), formats), "text, or json with an object per line"),
  };
}

std::vector<setting_row> http_rows() {
  return {
    row("max-body", "BYTES", bytes(PENSTOCK_AT(http.body_bytes_max), kib, gib), "greatest request body"),
    row("max-bodies", "BYTES", bytes(PENSTOCK_AT(http.bodies_bytes_max), mib, 1'024 * gib),
        "most that all request bodies in memory may take together; large ones beyond it are refused with a 503"),
    row("max-yaml", "BYTES", bytes(PENSTOCK_AT(http.definitions.yaml_bytes_max), kib, 256 * mib),
        "longest YAML text of a definition"),
    row("max-definition-values", "N", count(PENSTOCK_AT(http.definitions.values_max), 1'000, 100'000'000),
        "most texts, numbers, lists and objects of a definition"),
    row("max-header-bytes", "BYTES", bytes(PENSTOCK_AT(http.header_bytes_max), kib, mib), "greatest request head"),
    row("max-headers", "N", count(PENSTOCK_AT(http.headers_max), 1, 10'000), "most header fields of a request"),
    row("max-connections", "N", count(PENSTOCK_AT(http.connections_max), 1, 1'000'000), "most connections at once"),
    row("max-requests", "N", count(PENSTOCK_AT(http.requests_in_flight_max), 1, 1'000'000),
        "most requests being answered at once; beyond it 503"),
    row("read-timeout", "TIME", duration(PENSTOCK_AT(http.read_timeout), second, hour),
        "to read a request once it began"),
    row("write-timeout", "TIME", duration(PENSTOCK_AT(http.write_timeout), second, hour),
        "to write a piece of an answer"),
    row("idle-timeout", "TIME", duration(PENSTOCK_AT(http.idle_timeout), second, hour),
        "of a connection between requests"),
    row("max-wait", "TIME", duration(PENSTOCK_AT(http.wait_max), second, hour), "cap of `Prefer: wait`"),
    row("rate-limit", "N", count(PENSTOCK_AT(http.rate_limit), 0, 1'000'000),
        "requests per second of each API key or token's subject, five times that at once; 0: off"),
    hidden(row("metrics-token", "TOKEN",
               secret(
                 [](server_settings& s, std::string_view t) -> result<void> {
                   s.http.metrics_token = t;
                   return {};
                 },
                 [](const server_settings& s) { return !s.http.metrics_token.empty(); }),
               "closes /metrics: asked for as bearer token"),
           setting_place::everywhere),
    row("jwt-keys", "FILE", text(PENSTOCK_AT(http.jwt_keys)),
        "public keys of tokens signed with RS256, ES256 or EdDSA: a JWK Set or PEM; read again when it changes"),
    row("jwt-leeway", "TIME", duration(PENSTOCK_AT(http.jwt_leeway), 0, 10 * minute),
        "how far `exp` of a token may be over and `nbf` to come"),
    row("jwt-require-exp", "", truth(PENSTOCK_AT(http.jwt_require_exp)), "refuse tokens without `exp`"),
    row("jwt-audience", "TEXT", text(PENSTOCK_AT(http.jwt_audience)), "what `aud` of a token must name, if it has one"),
    row("jwt-issuer", "TEXT", text(PENSTOCK_AT(http.jwt_issuer)), "what `iss` of a token must be, if it has one"),
  };
}

std::vector<setting_row> engine_rows() {
  return {
    row("allow-private-addresses", "", truth(PENSTOCK_AT(engines.allow_private_addresses)),
        "let http tasks and webhooks call loopback and private addresses"),
    row("files-dir", "DIR", text(PENSTOCK_AT(engines.files_dir)),
        "a directory for each workspace below it, for the `file` connector (default: files in the data directory)"),
    row("processes", "N", count(PENSTOCK_AT(engines.processes_max), 1, 1'024),
        "shell, sql, source and sink tasks at once"),
    row("http-tasks", "N", count(PENSTOCK_AT(engines.http_max), 1, 10'000), "http tasks at once"),
    row("http-tasks-per-host", "N", count(PENSTOCK_AT(engines.http_per_host_max), 1, 10'000),
        "http tasks at once to one host"),
    row("sql-memory", "BYTES", bytes(PENSTOCK_AT(engines.sql_memory_bytes), 64 * mib, 1'024 * gib),
        "hard limit of each SQL process"),
    row("task-memory", "BYTES", bytes(PENSTOCK_AT(engines.task_memory_bytes), 0, 1'024 * gib),
        "hard limit of each process that a shell task starts; 0: none"),
    row("task-file-size", "BYTES", bytes(PENSTOCK_AT(engines.task_file_bytes), 0, 1'024 * gib),
        "hard limit of each file that a shell task writes; 0: none"),
    row("min-free-disk", "BYTES", bytes(PENSTOCK_AT(engines.disk_free_min), 0, 1'024 * gib),
        "what must stay free where the data directory lies: below it tasks that write are stopped; 0: nothing"),
    row("require-confinement", "", truth(PENSTOCK_AT(engines.require_confinement)),
        "refuse shell tasks where the system cannot hide the data directory from them"),
    row("max-output", "BYTES", bytes(PENSTOCK_AT(engines.output_bytes_max), kib, 1'024 * gib),
        "most that a shell task may print to be read as a table"),
    row("max-rows", "N", count(PENSTOCK_AT(engines.rows_max), 1, 1'000'000'000'000), "most rows of a task's output"),
    row("max-log", "BYTES", bytes(PENSTOCK_AT(engines.log_bytes_max), kib, gib), "most log of an attempt"),
    row("max-http-response", "BYTES", bytes(PENSTOCK_AT(engines.http_response_bytes_max), kib, gib),
        "greatest answer an http task reads"),
    row("task-timeout", "TIME", duration(PENSTOCK_AT(engines.attempt_timeout_ms), second, 365 * day),
        "of an attempt whose task has none"),
    row("kill-grace", "TIME", duration(PENSTOCK_AT(engines.kill_grace_ms), 0, hour),
        "from SIGTERM to SIGKILL of a task"),
    row("duckdb-library", "FILE", text(PENSTOCK_AT(engines.duckdb_library)),
        "libduckdb.so (default: searched beside the program)"),
  };
}

std::vector<setting_row> webhook_rows() {
  return {
    row("webhook-retries", "N", count(PENSTOCK_AT(webhooks.retries_max), 0, 20),
        "how often a failed delivery is tried again, unless its endpoint says otherwise"),
    row("webhook-retry-delay", "TIME", duration(PENSTOCK_AT(webhooks.retry_delay), 100, hour),
        "before the first retry; each later one takes about twice as long"),
    row("webhook-timeout", "TIME", duration(PENSTOCK_AT(webhooks.timeout), 100, hour),
        "of an attempt to deliver, from connecting to the end of the answer"),
    row("webhook-retention", "TIME", duration(PENSTOCK_AT(webhooks.retention), hour, 365 * day),
        "how long events and their deliveries are kept"),
  };
}

#undef PENSTOCK_AT

std::vector<setting_row> secret_rows() {
  return {
    hidden(
      row("bootstrap-key", "KEY",
          secret(set_bootstrap_key, [](const server_settings& s) { return s.bootstrap_key.has_value(); }),
          "first start, or no admin key is left: this API key gets all rights; without it the first start prints one"),
      setting_place::environment_only),
    hidden(row("jwt-secret", "TEXT",
               secret(set_jwt_secret, [](const server_settings& s) { return s.http.jwt_secret.has_value(); }),
               "HS256 tokens signed with it are accepted; without it none of these are"),
           setting_place::environment_only),
    hidden(row("master-key", "BASE64",
               secret(set_master_key, [](const server_settings& s) { return s.master_key.has_value(); }),
               "32 bytes that seal what is stored; without it a key file is made in the data directory"),
           setting_place::environment_only),
  };
}

} // namespace

const std::vector<setting_row>& setting_rows() {
  static const auto rows = [] {
    auto all = node_rows();
    for (auto* more : {&http_rows, &engine_rows, &webhook_rows, &secret_rows}) {
      auto part = more();
      std::move(part.begin(), part.end(), std::back_inserter(all));
    }
    return all;
  }();
  return rows;
}

std::string variable_name(std::string_view setting) {
  std::string name = "PENSTOCK_";
  for (const char c : setting) name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

} // namespace penstock
