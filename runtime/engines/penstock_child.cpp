#include "runtime/engines/child_modes.hpp"

/// What tests start in place of the server's program.
int main(int argc, char** argv) { return penstock::run_child_mode(argc, argv); }
