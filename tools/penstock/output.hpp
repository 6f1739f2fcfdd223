#pragma once

#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>

namespace penstock::cli {

/// Holds the places of standard input, output and error where the program was started without them, so that no file or
/// connection comes to stand there: what is written to standard output then fails. To be called first of all.
void hold_standard_descriptors();

/// Writes to a file descriptor and remembers why it could not. Not closed by it.
class descriptor_buffer : public std::streambuf {
public:
  explicit descriptor_buffer(int descriptor);

  /// The `errno` of the first write that failed, after which nothing is written; 0: none did.
  [[nodiscard]] int problem() const noexcept { return problem_; }

protected:
  int_type overflow(int_type c) override;
  std::streamsize xsputn(const char* text, std::streamsize size) override;
  int sync() override;

private:
  int descriptor_;
  std::string held_;
  int problem_ = 0;
};

/// Hands on what is written to it, control characters other than tab and line feed as `\x1b` and the like: for a
/// terminal, which a text from elsewhere must not drive.
class escaping_buffer : public std::streambuf {
public:
  explicit escaping_buffer(std::ostream& to) : to_(to) {}

protected:
  int_type overflow(int_type c) override;
  std::streamsize xsputn(const char* text, std::streamsize size) override;
  int sync() override;

private:
  std::ostream& to_;
  bool has_lead_ = false; ///< The byte 0xC2 came last: with what follows it may be a control character.
};

/// Writes what is shown this once only and cannot be had again.
/// @returns whether all of it was taken; a closed pipe, too, is told rather than ending the program
[[nodiscard]] bool write_for_sure(std::ostream& out, std::string_view text);

} // namespace penstock::cli
