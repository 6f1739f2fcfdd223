#include "tools/config.hpp"

#include "tools/setting_rows.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

#include <unistd.h>

#include <cstdlib>

using namespace penstock;
using Catch::Matchers::Contains;

namespace {

struct given {
  std::vector<std::string> flags;
  environment variables;
  std::string file; ///< Text of settings.yaml.
};

result<server_config> read(const given& g) {
  auto flags = g.flags;
  if (!g.file.empty()) flags.insert(flags.begin(), {"--config", "settings.yaml"});
  const auto read_file = [&](const std::string& path) -> result<std::string> {
    if (path != "settings.yaml") return fail(errc::io_failed, "cannot read " + path + ": No such file or directory");
    return g.file;
  };
  return read_config(flags, g.variables, read_file, "1.2.3");
}

std::string refusal(const given& g) {
  const auto config = read(g);
  return config ? "accepted" : config.error().message;
}

} // namespace

TEST_CASE("without anything given the defaults are one local node", "[tools][config]") {
  const auto config = read({});
  REQUIRE(config);
  CHECK(config->text.empty());
  CHECK(config->warnings.empty());
  const auto& s = config->settings;
  CHECK(s.http.address == "127.0.0.1");
  CHECK(s.http.port == 8080);
  CHECK(s.http.version == "1.2.3");
  CHECK(s.data_dir == "./data");
  CHECK(s.partitions == 8);
  CHECK(s.durability == durability_mode::fsync);
  CHECK_FALSE(s.engines.allow_private_addresses);
  CHECK_FALSE(s.bootstrap_key);
  CHECK(s.engines.data_dir.front() == '/');
  CHECK(s.engines.files_dir == s.engines.data_dir + "/files");
}

TEST_CASE("a slash at the end of a directory makes no difference", "[tools][config]") {
  const auto with = [](const std::string& dir) {
    return read({.flags = {"--data-dir", dir, "--files-dir", dir + "/files/"}, .variables = {}, .file = {}})
      .value()
      .settings.engines;
  };
  CHECK(with("/x/data/").data_dir == "/x/data");
  CHECK(with("/x/data//").files_dir == "/x/data/files");
  CHECK(with("/x/./data/../data").data_dir == "/x/data");
  CHECK(with("/").data_dir == "/");
}

TEST_CASE("secrets that were read are no longer in the environment", "[tools][config][secret]") {
  ::setenv("PENSTOCK_JWT_SECRET", "a canary of 32 characters or more", 1);
  ::setenv("PENSTOCK_PARTITIONS", "4", 1);
  const char* text = std::getenv("PENSTOCK_JWT_SECRET");
  forget_secret_variables();
  CHECK(std::getenv("PENSTOCK_JWT_SECRET") == nullptr);
  CHECK(std::string(text).empty());
  CHECK(std::getenv("PENSTOCK_PARTITIONS") != nullptr);
  ::unsetenv("PENSTOCK_PARTITIONS");
}

TEST_CASE("flags win over the environment, and that over the file", "[tools][config]") {
  const std::string file = "partitions: 1\nthreads: 1\nprocesses: 1\n";
  const environment variables{{"PENSTOCK_PARTITIONS", "2"}, {"PENSTOCK_THREADS", "2"}};
  const auto config = read({{"--partitions", "3"}, variables, file});
  REQUIRE(config);
  CHECK(config->settings.partitions == 3);
  CHECK(config->settings.threads == 2);
  CHECK(config->settings.engines.processes_max == 1);
}

TEST_CASE("numbers of bytes and times may carry a unit", "[tools][config]") {
  const auto config =
    read({{"--sql-memory", "2GiB", "--max-body=1024KiB", "--kill-grace", "250ms", "--idle-timeout", "2m"}, {}, {}});
  REQUIRE(config);
  CHECK(config->settings.engines.sql_memory_bytes == 2ull << 30);
  CHECK(config->settings.http.body_bytes_max == 1u << 20);
  CHECK(config->settings.engines.kill_grace_ms == 250);
  CHECK(config->settings.http.idle_timeout == std::chrono::minutes{2});
  CHECK_THAT(refusal({{"--max-body", "12 apples"}, {}, {}}),
             Contains("--max-body takes a number of bytes, such as 512MiB"));
  CHECK_THAT(refusal({{"--max-body", "99999999999999999999"}, {}, {}}), Contains("--max-body takes"));
  CHECK_THAT(refusal({{"--sql-memory", "18446744073709551615GiB"}, {}, {}}), Contains("--sql-memory takes"));
}

TEST_CASE("a place to listen is an address and a port", "[tools][config]") {
  const auto config = read({{"--listen", "[::1]:0"}, {}, {}});
  REQUIRE(config);
  CHECK(config->settings.http.address == "::1");
  CHECK(config->settings.http.port == 0);
  CHECK(read({{"--listen", "localhost:9000"}, {}, {}})->settings.http.address == "127.0.0.1");
  for (const auto* wrong :
       {"8080", ":8080", "127.0.0.1", "127.0.0.1:65536", "127.0.0.1:80a", "::1:8080", "http://a:1", "a:"}) {
    CAPTURE(wrong);
    CHECK_THAT(refusal({{"--listen", wrong}, {}, {}}), Contains("--listen takes address:port"));
  }
}

TEST_CASE("switches take a value where they must be turned off again", "[tools][config]") {
  const environment on{{"PENSTOCK_ALLOW_PRIVATE_ADDRESSES", "1"}};
  CHECK(read({{}, on, {}})->settings.engines.allow_private_addresses);
  CHECK(read({{"--allow-private-addresses"}, {}, {}})->settings.engines.allow_private_addresses);
  CHECK_FALSE(read({{"--allow-private-addresses=false"}, on, {}})->settings.engines.allow_private_addresses);
  CHECK_THAT(refusal({{"--jwt-require-exp=maybe"}, {}, {}}),
             Contains("--jwt-require-exp takes true or false, not \"maybe\""));
}

TEST_CASE("a misspelt option, variable or key is refused with the nearest name", "[tools][config]") {
  CHECK(refusal({{"--data-dri", "x"}, {}, {}}) == "unknown option --data-dri; did you mean --data-dir?");
  CHECK(refusal({{}, {{"PENSTOCK_DATA_DRI", "x"}}, {}}) ==
        "unknown variable PENSTOCK_DATA_DRI; did you mean PENSTOCK_DATA_DIR?");
  CHECK(refusal({{}, {}, "listen: 127.0.0.1:1\npartitons: 4\n"}) ==
        "settings.yaml:2: unknown setting partitons; did you mean partitions?");
}

TEST_CASE("everything wrong is told at once", "[tools][config]") {
  const auto told =
    refusal({{"--threads", "many", "left-over"}, {{"PENSTOCK_DURABILITY", "none"}}, "partitions: [1]\n"});
  CHECK_THAT(told, Contains("unexpected argument left-over"));
  CHECK_THAT(told, Contains("--threads takes a whole number from 0 to 1024, not \"many\""));
  CHECK_THAT(told, Contains("PENSTOCK_DURABILITY takes one of fsync, interval, not \"none\""));
  CHECK_THAT(told, Contains("settings.yaml:1: partitions takes one value, not a list"));
}

TEST_CASE("variables of others with the prefix do not stop the server", "[tools][config]") {
  const auto config = read(
    {{}, {{"PENSTOCK_KEY", "k"}, {"PENSTOCK_SERVER", "s"}, {"PENSTOCK_BIN", "/bin/x"}, {"PENSTOCK_THREADS", ""}}, {}});
  REQUIRE(config);
  REQUIRE(config->warnings.size() == 1);
  CHECK_THAT(config->warnings[0], Contains("PENSTOCK_BIN"));
}

TEST_CASE("a file that cannot be read or is no settings is refused by name and line", "[tools][config]") {
  CHECK(refusal({{"--config", "gone.yaml"}, {}, {}}) == "cannot read gone.yaml: No such file or directory");
  CHECK(refusal({{}, {{"PENSTOCK_CONFIG", "gone.yaml"}}, {}}) == "cannot read gone.yaml: No such file or directory");
  CHECK_THAT(refusal({{}, {}, "a: [\n"}), Contains("settings.yaml:"));
  CHECK(refusal({{}, {}, "- 1\n"}) == "settings.yaml: must hold settings as `name: value` lines");
}

TEST_CASE("secrets come from the environment only and are never shown", "[tools][config]") {
  const std::string key = "gcs_live_sk_canary_0123456789abcdef";
  const environment variables{{"PENSTOCK_BOOTSTRAP_KEY", key},
                              {"PENSTOCK_JWT_SECRET", "canary-of-a-secret-with-32-bytes-or-more"},
                              {"PENSTOCK_METRICS_TOKEN", "canary"}};
  const auto config = read({{"--print-config"}, variables, {}});
  REQUIRE(config);
  CHECK(config->settings.bootstrap_key == key);
  CHECK_THAT(config->text, Contains("# bootstrap-key: set") && Contains("# PENSTOCK_BOOTSTRAP_KEY"));
  CHECK_THAT(config->text, Contains("# master-key: not set"));
  CHECK_THAT(config->text, !Contains("canary"));

  CHECK_THAT(refusal({{"--jwt-secret", "x"}, {}, {}}), Contains("unknown option --jwt-secret"));
  CHECK(refusal({{}, {}, "jwt_secret: x\n"}) ==
        "settings.yaml:1: jwt_secret is a secret and is taken from PENSTOCK_JWT_SECRET only");
  const auto told = refusal({{}, {{"PENSTOCK_BOOTSTRAP_KEY", "canary"}, {"PENSTOCK_MASTER_KEY", "canary"}}, {}});
  CHECK_THAT(told, Contains("PENSTOCK_BOOTSTRAP_KEY needs 32 characters or more") &&
                     Contains("PENSTOCK_MASTER_KEY needs 32 bytes"));
  CHECK_THAT(told, !Contains("canary"));
}

TEST_CASE("a short token secret is warned of", "[tools][config]") {
  const auto config = read({{}, {{"PENSTOCK_JWT_SECRET", "short"}}, {}});
  REQUIRE(config);
  REQUIRE(config->warnings.size() == 1);
  CHECK_THAT(config->warnings[0], Contains("32 bytes"));
}

TEST_CASE("a rate limit is a number, and 0 for none", "[tools][config]") {
  CHECK(read({{}, {}, {}})->settings.http.rate_limit == 2'000);
  CHECK(read({{"--rate-limit", "0"}, {}, {}})->settings.http.rate_limit == 0);
  CHECK(read({{}, {{"PENSTOCK_RATE_LIMIT", "7"}}, {}})->settings.http.rate_limit == 7);
  CHECK_THAT(refusal({{"--rate-limit", "fast"}, {}, {}}), Contains("takes a whole number"));
}

TEST_CASE("keys of tokens are a file, and their secret is no key", "[tools][config]") {
  CHECK(read({{"--jwt-keys", "keys.json", "--jwt-leeway", "30s"}, {}, {}})->settings.http.jwt_leeway ==
        std::chrono::seconds{30});
  CHECK_THAT(refusal({{}, {{"PENSTOCK_JWT_SECRET", "-----BEGIN PUBLIC KEY-----\nMIIB"}}, {}}), Contains("--jwt-keys"));
}

TEST_CASE("what --print-config prints is a file that gives the same settings", "[tools][config]") {
  const std::vector<std::string> flags{"--print-config", "--data-dir",       "/srv/penstock", "--listen",
                                       "[::1]:80",       "--task-timeout",   "90m",           "--sql-memory",
                                       "768MiB",         "--jwt-require-exp"};
  const auto first = read({flags, {}, {}});
  REQUIRE(first);
  CHECK_THAT(first->text, Contains("partitions: 8") && Contains("# default") && Contains("# --data-dir"));
  const auto second = read({{}, {}, first->text});
  REQUIRE(second);
  for (const auto& row : setting_rows()) {
    CAPTURE(row.name);
    CHECK(row.show(second->settings) == row.show(first->settings));
  }
}

TEST_CASE("help lists every setting, its default and the variables of secrets", "[tools][config]") {
  const auto config = read({{"--help"}, {{"PENSTOCK_THREADS", "wrong"}}, {}});
  REQUIRE(config);
  for (const auto& row : setting_rows()) {
    const bool is_flag = row.place == setting_place::everywhere;
    CHECK_THAT(config->text, Contains(is_flag ? "--" + row.name : variable_name(row.name)));
  }
  CHECK_THAT(config->text, Contains("[127.0.0.1:8080]"));
  CHECK_THAT(config->text, Contains("70 the disk is full"));
  CHECK(read({{"--version"}, {}, {}})->text == "penstockd 1.2.3\n");
}

TEST_CASE("a file is read as it is, and one that cannot be read says why", "[config]") {
  const auto path = std::filesystem::temp_directory_path() / ("config-test-" + std::to_string(::getpid()));
  for (const auto& text : {std::string{}, std::string{"a: 1\n"}}) {
    std::ofstream{path, std::ios::binary} << text;
    const auto read = read_text_file(path.string());
    REQUIRE(read);
    CHECK(*read == text);
  }
  std::filesystem::remove(path);
  const auto gone = read_text_file(path.string());
  REQUIRE_FALSE(gone);
  CHECK(gone.error().message == "cannot read " + path.string() + ": No such file or directory");
  CHECK(read_text_file("/").error().message == "cannot read /: Is a directory");
}
