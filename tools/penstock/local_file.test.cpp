#include "tools/penstock/local_file.hpp"

#include <catch2/catch.hpp>

#include <cerrno>
#include <cstdio>

#include <unistd.h>

using namespace penstock::cli;

TEST_CASE("what is written is read again", "[cli][file]") {
  const auto path = "/tmp/penstock-test-" + std::to_string(getpid()) + ".local";
  local_writer file{path};
  CHECK(file.write(std::string(100'000, 'x')));
  CHECK(file.close());
  CHECK(file.problem().empty());
  CHECK(read_local_file(path)->size() == 100'000);
  local_writer again{path};
  CHECK(again.close());
  errno = ENOTTY; // Of whatever was done before; an empty file is no mistake.
  CHECK(read_local_file(path)->empty());
  std::remove(path.c_str());
}

TEST_CASE("what cannot be read or written says why", "[cli][file]") {
  errno = ENOTTY;
  CHECK(read_local_file("/nonexist/x").error().message == "cannot read /nonexist/x: No such file or directory");
  CHECK(read_local_file("/nonexist/x").error().code == exit_code::local_file);
  CHECK(read_local_file("/tmp").error().message == "cannot read /tmp: Is a directory");
  CHECK(local_writer{"/nonexist/x"}.problem() == "No such file or directory");
  local_writer full{"/dev/full"};
  CHECK_FALSE(full.write("x"));
  CHECK(full.problem() == "No space left on device");
}
