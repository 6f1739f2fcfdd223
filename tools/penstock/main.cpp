#include "tools/penstock/output.hpp"
#include "tools/penstock/program.hpp"

#include <cerrno>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include <curl/curl.h>
#include <unistd.h>

namespace cli = penstock::cli;

int main(int argc, char** argv) {
  cli::hold_standard_descriptors();
  cli::descriptor_buffer to_stdout{STDOUT_FILENO};
  std::ostream out{&to_stdout};
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  auto code = cli::run_program(arguments, penstock::process_environment(), out, std::cerr);
  curl_global_cleanup();
  out.flush();
  if (const int why = to_stdout.problem(); why != 0) {
    // Who closes a pipe has seen enough.
    if (why != EPIPE) std::cerr << "penstock: cannot write the output: " << std::strerror(why) << '\n';
    code = cli::exit_code::local_file;
  }
  return static_cast<int>(code);
}
