#include "storage/sealing.hpp"

#include "storage/test_support.hpp"

#include <catch2/catch.hpp>

#include <cstring>
#include <fstream>

using namespace penstock;
using namespace penstock::test;

namespace {

namespace fs = std::filesystem;

bool same(const secret_key& a, const secret_key& b) { return std::memcmp(a.data(), b.data(), 32) == 0; }

void write(const std::string& path, const std::string& text) {
  std::ofstream{path} << text;
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
}

} // namespace

SCENARIO("a master key is made once, for its owner alone", "[storage][sealing]") {
  const temporary_directory directory;
  const auto data = directory.path() + "/not/there/yet";
  bool made = false;
  const auto first = load_master_key(std::nullopt, data, made);
  REQUIRE(first);
  CHECK(made);
  CHECK(fs::status(data + "/master.key").permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  CHECK_FALSE(fs::exists(data + "/master.key.new"));
  const auto second = load_master_key(std::nullopt, data, made);
  REQUIRE(second);
  CHECK_FALSE(made);
  CHECK(same(*first, *second));
  const temporary_directory other;
  const auto third = load_master_key(std::nullopt, other.path(), made);
  REQUIRE(third);
  CHECK_FALSE(same(*first, *third));
}

SCENARIO("a master key file that others can read is refused by name and mode", "[storage][sealing]") {
  const temporary_directory directory;
  bool made = false;
  REQUIRE(load_master_key(std::nullopt, directory.path(), made));
  fs::permissions(directory.path() + "/master.key", fs::perms::group_read, fs::perm_options::add);
  const auto refused = load_master_key(std::nullopt, directory.path(), made);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::io_failed);
  CHECK(refused.error().message.find(directory.path() + "/master.key has mode 0640") != std::string::npos);
}

SCENARIO("a damaged master key file is refused and left alone", "[storage][sealing]") {
  const temporary_directory directory;
  const auto path = directory.path() + "/master.key";
  for (const auto* text : {"", "\n", "AAAA\n", "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n\n",
                           "!UFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="}) {
    write(path, text);
    bool made = false;
    const auto refused = load_master_key(std::nullopt, directory.path(), made);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::corrupt_record);
    CHECK(refused.error().message.find(path) != std::string::npos);
    CHECK_FALSE(made);
    CHECK(fs::file_size(path) == std::strlen(text));
  }
}

SCENARIO("a master key from the environment is read strictly", "[storage][sealing]") {
  const temporary_directory directory;
  const std::string good = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
  bool made = true;
  const auto key = load_master_key(good, directory.path(), made);
  REQUIRE(key);
  CHECK_FALSE(made);
  CHECK(std::string(reinterpret_cast<const char*>(key->data()), 32) == std::string(32, 'A'));
  CHECK_FALSE(fs::exists(directory.path() + "/master.key"));
  for (const auto& wrong :
       {std::string(), good + "\n", " " + good, good.substr(1), good.substr(0, 43), good + good,
        std::string("QUFB_UFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="), std::string(44, 'A'), std::string(32, 'A')}) {
    const auto refused = load_master_key(std::string(wrong), directory.path(), made);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::invalid_argument);
    CHECK(refused.error().message.find("PENSTOCK_MASTER_KEY") != std::string::npos);
    if (!wrong.empty()) CHECK(refused.error().message.find(wrong) == std::string::npos);
  }
}
