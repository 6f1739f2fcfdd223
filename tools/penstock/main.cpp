#include "tools/penstock/program.hpp"

#include <iostream>
#include <string>
#include <vector>

#include <curl/curl.h>

int main(int argc, char** argv) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto code = penstock::cli::run_program(arguments, penstock::process_environment(), std::cout, std::cerr);
  curl_global_cleanup();
  return static_cast<int>(code);
}
