#include "runtime/engines/address_guard.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace penstock;

TEST_CASE("addresses that are not of the public internet are refused", "[engines][address]") {
  const std::string refused[] = {
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.0.9",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:192.168.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.1.2.3",
    "64:ff9b:1::1.1.1.1",
    "100::1",
    "2001::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:0a00:0001::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "ff02::1",
  };
  for (const auto& address : refused) {
    CAPTURE(address);
    CHECK(refused_address(address).has_value());
  }
}

TEST_CASE("addresses just outside of those ranges are let through", "[engines][address]") {
  const std::string allowed[] = {
    "1.1.1.1",           "9.255.255.255",        "11.0.0.0",
    "100.63.255.255",    "100.128.0.0",          "126.255.255.255",
    "128.0.0.0",         "169.253.255.255",      "169.255.0.0",
    "172.15.255.255",    "172.32.0.0",           "192.0.1.0",
    "192.167.255.255",   "192.169.0.0",          "198.17.255.255",
    "198.20.0.0",        "223.255.255.255",      "::ffff:1.1.1.1",
    "64:ff9b::8.8.8.8",  "2002:0808:0808::1",    "2606:4700::1111",
    "2a00:1450:4001::1", "2001:4860:4860::8888",
  };
  for (const auto& address : allowed) {
    CAPTURE(address);
    CHECK_FALSE(refused_address(address).has_value());
  }
}

TEST_CASE("the reason for a refusal is named", "[engines][address]") {
  CHECK(refused_address("127.0.0.1") == "loopback");
  CHECK(refused_address("169.254.169.254") == "link-local");
  CHECK(refused_address("::ffff:192.168.0.1") == "private");
  CHECK(refused_address("example.org") == "not an address");
}
