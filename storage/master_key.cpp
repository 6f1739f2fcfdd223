#include "storage/durable_file.hpp"
#include "storage/sealing.hpp"

#include <sodium.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <stdexcept>

namespace penstock {

namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t text_bytes = 44; ///< 32 bytes in base64.
constexpr std::string_view remedy =
  "32 bytes in base64 are wanted (44 characters), e.g. of `head -c 32 /dev/urandom | base64`";

/// A text that is wiped when it goes.
struct secret_text {
  std::string text;
  secret_text() = default;
  explicit secret_text(std::string t) : text(std::move(t)) {}
  secret_text(const secret_text&) = delete;
  secret_text& operator=(const secret_text&) = delete;
  ~secret_text() { sodium_memzero(text.data(), text.size()); }
};

/// Strict: the standard alphabet with padding, nothing before or after.
std::optional<secret_key> parse_key(std::string_view text) {
  std::array<std::uint8_t, key_bytes> bytes{};
  std::size_t size = 0;
  const char* end = nullptr;
  const auto parsed = sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size, &end,
                                        sodium_base64_VARIANT_ORIGINAL);
  std::optional<secret_key> key;
  if (text.size() == text_bytes && parsed == 0 && size == key_bytes && end == text.data() + text.size())
    key.emplace(bytes);
  sodium_memzero(bytes.data(), bytes.size());
  return key;
}

std::string mode_text(mode_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777));
  return text.data();
}

result<secret_key> read_key(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return io_failure("open", path);
  if (!S_ISREG(status.st_mode)) return fail(errc::io_failed, "master key " + path + " is not a file");
  if (status.st_mode & 077)
    return fail(errc::io_failed,
                "master key file " + path + " has mode " + mode_text(status.st_mode) +
                  ", so others than its owner can get at it: chmod 600 it, and consider it known if others "
                  "use this machine");
  auto bytes = read_file(path, 4'096);
  if (!bytes) return unexpected(bytes.error());
  secret_text text{std::move(*bytes)};
  std::string_view line = text.text;
  if (line.ends_with('\n')) line.remove_suffix(1);
  const auto key = parse_key(line);
  if (!key) return fail(errc::corrupt_record, "master key file " + path + " is damaged: " + std::string(remedy));
  return *key;
}

/// Answers false if somebody else made the file meanwhile.
result<bool> make_key(const std::string& directory, const std::string& path) {
  std::array<std::uint8_t, key_bytes> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  secret_text text{std::string(text_bytes + 1, '\0')};
  sodium_bin2base64(text.text.data(), text.text.size(), bytes.data(), bytes.size(), sodium_base64_VARIANT_ORIGINAL);
  sodium_memzero(bytes.data(), bytes.size());
  text.text.back() = '\n';
  // Written whole under another name first: a start that is interrupted here must not leave half a key behind.
  const auto aside = path + ".new";
  if (auto written = write_new_file(aside, text.text, 0600); !written) return unexpected(written.error());
  // Unlike a rename, a link never replaces a key that is there.
  const auto linked = ::link(aside.c_str(), path.c_str());
  const auto reason = errno;
  ::unlink(aside.c_str());
  if (linked != 0 && reason == EEXIST) return false;
  errno = reason;
  if (linked != 0) return io_failure("make", path);
  if (auto synced = sync_directory(directory); !synced) return unexpected(synced.error());
  return true;
}

} // namespace

result<secret_key> load_master_key(const std::optional<std::string>& text, const std::string& directory, bool& made) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium finds no source of randomness");
  made = false;
  if (text) {
    const auto key = parse_key(*text);
    if (!key)
      return fail(errc::invalid_argument, "PENSTOCK_MASTER_KEY has " + std::to_string(text->size()) +
                                            " characters that are not a key: " + std::string(remedy));
    return *key;
  }
  if (auto there = ensure_directory(directory); !there) return unexpected(there.error());
  const auto path = directory + "/master.key";
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
    const auto done = make_key(directory, path);
    if (!done) return unexpected(done.error());
    made = *done;
  }
  return read_key(path);
}

} // namespace penstock
