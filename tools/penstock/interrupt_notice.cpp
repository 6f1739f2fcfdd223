#include "tools/penstock/interrupt_notice.hpp"

#include <cstddef>
#include <utility>

#include <unistd.h>

namespace penstock::cli {

namespace {

// For the handler, which may call next to nothing.
const char* volatile told = nullptr;
volatile std::size_t told_size = 0;

void tell_and_end(int signal) {
  if (told != nullptr) (void)!::write(STDERR_FILENO, told, told_size);
  // Its own end is then what ended it, so that a shell's loop around it ends, too.
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

} // namespace

interrupt_notice::interrupt_notice(std::string text) : text_(std::move(text)) {
  if (text_.empty()) return;
  // A terminal has written ^C where the cursor stood.
  text_ = (::isatty(STDERR_FILENO) != 0 ? "\n" : "") + text_ + "\n";
  struct sigaction now {};
  if (::sigaction(SIGINT, nullptr, &before_) != 0 || before_.sa_handler == SIG_IGN) return;
  told_size = text_.size();
  told = text_.c_str();
  now.sa_handler = &tell_and_end;
  now.sa_flags = SA_RESTART;
  is_set_ = ::sigaction(SIGINT, &now, nullptr) == 0;
}

interrupt_notice::~interrupt_notice() {
  if (is_set_) ::sigaction(SIGINT, &before_, nullptr);
  told = nullptr;
}

} // namespace penstock::cli
