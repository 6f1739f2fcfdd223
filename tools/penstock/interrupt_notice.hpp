#pragma once

#include <csignal>
#include <string>

namespace penstock::cli {

/// While one lives, Ctrl-C (SIGINT) prints a sentence to standard error before it ends the program as it always does, which
/// a shell reports as 130. One at a time.
class interrupt_notice {
public:
  /// @param text without a line feed at its end; empty: nothing changes
  explicit interrupt_notice(std::string text);
  ~interrupt_notice();
  interrupt_notice(const interrupt_notice&) = delete;
  interrupt_notice& operator=(const interrupt_notice&) = delete;

private:
  std::string text_;
  struct sigaction before_ {};
  bool is_set_ = false;
};

} // namespace penstock::cli
