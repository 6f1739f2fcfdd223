#include "tools/penstock/output.hpp"

#include <cerrno>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace penstock::cli {

namespace {

constexpr std::size_t held_max = 64u << 10;
constexpr unsigned char lead_of_c1 =
  0xc2; ///< In UTF-8; a byte from 0x80 to 0x9F behind it makes it a control character.

void append_escape(std::string& out, unsigned char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += {'\\', 'x', digits[c >> 4], digits[c & 15]};
}

/// @returns 0, or why not all of it was taken
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto taken = ::write(descriptor, text.data(), text.size());
    if (taken >= 0) {
      text.remove_prefix(static_cast<std::size_t>(taken));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      // Whoever shares it has made it non-blocking.
      pollfd ready{descriptor, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

} // namespace

void hold_standard_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) != -1) continue;
    // The lowest free number is taken, which is this one; the wrong way round, so that using it fails.
    (void)::open("/dev/null", descriptor == STDOUT_FILENO ? O_RDONLY : O_WRONLY);
  }
}

descriptor_buffer::descriptor_buffer(int descriptor) : descriptor_(descriptor) { held_.reserve(held_max); }

descriptor_buffer::int_type descriptor_buffer::overflow(int_type c) {
  if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
  const char one = traits_type::to_char_type(c);
  return xsputn(&one, 1) == 1 ? c : traits_type::eof();
}

std::streamsize descriptor_buffer::xsputn(const char* text, std::streamsize size) {
  if (problem_ != 0) return 0;
  held_.append(text, static_cast<std::size_t>(size));
  if (held_.size() >= held_max && sync() != 0) return 0;
  return size;
}

int descriptor_buffer::sync() {
  if (problem_ == 0) problem_ = write_all(descriptor_, held_);
  held_.clear();
  return problem_ == 0 ? 0 : -1;
}

escaping_buffer::int_type escaping_buffer::overflow(int_type c) {
  if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
  const char one = traits_type::to_char_type(c);
  return xsputn(&one, 1) == 1 ? c : traits_type::eof();
}

std::streamsize escaping_buffer::xsputn(const char* text, std::streamsize size) {
  std::string shown;
  shown.reserve(static_cast<std::size_t>(size));
  for (const unsigned char c : std::string_view{text, static_cast<std::size_t>(size)}) {
    const bool had_lead = std::exchange(has_lead_, c == lead_of_c1);
    const bool is_c1 = had_lead && c >= 0x80 && c <= 0x9f;
    if (had_lead && !is_c1) shown += static_cast<char>(lead_of_c1);
    if (is_c1 || (c < 0x20 && c != '\t' && c != '\n') || c == 0x7f) append_escape(shown, c);
    else if (!has_lead_) shown += static_cast<char>(c);
  }
  return to_.write(shown.data(), static_cast<std::streamsize>(shown.size())) ? size : 0;
}

int escaping_buffer::sync() { return to_.flush() ? 0 : -1; }

bool write_for_sure(std::ostream& out, std::string_view text) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  out << text << std::flush;
  std::signal(SIGPIPE, before);
  return static_cast<bool>(out);
}

} // namespace penstock::cli
