#include "tools/penstock/output.hpp"

#include <catch2/catch.hpp>

#include <cerrno>
#include <sstream>

#include <fcntl.h>
#include <unistd.h>

using namespace penstock::cli;

namespace {

std::string escaped(std::initializer_list<std::string_view> parts) {
  std::ostringstream terminal;
  escaping_buffer buffer{terminal};
  std::ostream out{&buffer};
  for (const auto part : parts) out << part;
  return terminal.str();
}

} // namespace

TEST_CASE("a text cannot drive the terminal", "[cli][output]") {
  CHECK(escaped({"plain\ttext\n"}) == "plain\ttext\n");
  CHECK(escaped({"a\x1b[2Jb\r\x7f"}) == "a\\x1b[2Jb\\x0d\\x7f");
  CHECK(escaped({std::string_view{"a\0b", 3}}) == "a\\x00b");
  CHECK(escaped({"größer… \u00a0\u00bf"}) == "größer… \u00a0\u00bf");
}

TEST_CASE("control characters of two bytes are seen, also in parts", "[cli][output]") {
  CHECK(escaped({"a\u009b2J"}) == "a\\x9b2J");
  CHECK(escaped({"a\xc2", "\x9b", "b"}) == "a\\x9bb");
  CHECK(escaped({"\xc2", "\xa0"}) == "\u00a0");
  CHECK(escaped({"\xc2\xc2\x9b"}) == "\xc2\\x9b");
}

TEST_CASE("what cannot be written is remembered with its reason", "[cli][output]") {
  const int full = ::open("/dev/full", O_WRONLY);
  REQUIRE(full >= 0);
  descriptor_buffer buffer{full};
  std::ostream out{&buffer};
  out << "held";
  CHECK(buffer.problem() == 0);
  out.flush();
  CHECK_FALSE(out);
  CHECK(buffer.problem() == ENOSPC);
  ::close(full);
}

TEST_CASE("a closed pipe is told of what is written for sure", "[cli][output]") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  descriptor_buffer buffer{ends[1]};
  std::ostream out{&buffer};
  CHECK(write_for_sure(out, "secret\n"));
  char read[7];
  CHECK(::read(ends[0], read, sizeof read) == 7);
  ::close(ends[0]);
  CHECK_FALSE(write_for_sure(out, "secret\n"));
  CHECK(buffer.problem() == EPIPE);
  ::close(ends[1]);
}
