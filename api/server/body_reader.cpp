#include "api/server/body_reader.hpp"

#include <algorithm>

namespace penstock {
namespace {

constexpr std::size_t reserve_bytes_max = 64u << 10;
constexpr std::size_t kept_capacity_max = 64u << 10;
constexpr std::size_t size_digits_max = 8;

/// The size at the front of a chunk line; nothing if there is none or what follows is no extension.
std::optional<std::uint64_t> chunk_size(std::string_view line) noexcept {
  std::uint64_t size = 0;
  std::size_t i = 0;
  for (; i < line.size(); ++i) {
    const char c = line[i];
    int digit = -1;
    if (c >= '0' && c <= '9') digit = c - '0';
    else if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    else if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
    else break;
    if (i == size_digits_max) return std::nullopt;
    size = size * 16 + static_cast<std::uint64_t>(digit);
  }
  if (i == 0) return std::nullopt;
  // Extensions mean nothing to us; they only have to look like some.
  auto rest = line.substr(i);
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  if (!rest.empty() && rest.front() != ';') return std::nullopt;
  const bool visible =
    std::all_of(rest.begin(), rest.end(), [](char c) { return c == '\t' || (c >= 0x20 && c < 0x7f); });
  return visible ? std::optional{size} : std::nullopt;
}

} // namespace

void body_reader::start(std::optional<std::uint64_t> length, bool chunked, std::size_t bytes_max) {
  body_.clear();
  line_.clear();
  taken_ = 0;
  bytes_max_ = bytes_max;
  discarding_ = false;
  remaining_ = chunked ? 0 : length.value_or(0);
  state_ = chunked ? state::chunk_line : remaining_ > 0 ? state::plain : state::done;
  // A length is a claim: memory follows what arrives.
  if (state_ == state::plain) body_.reserve(std::min<std::uint64_t>(remaining_, reserve_bytes_max));
}

bool body_reader::keep(std::string_view bytes) {
  taken_ += bytes.size();
  if (taken_ > bytes_max_) return false;
  if (!discarding_) body_.append(bytes);
  return true;
}

body_reader::progress body_reader::feed(std::string_view& data) {
  if (state_ == state::done) return progress::done;
  if (state_ != state::plain) return feed_chunked(data);
  if (remaining_ > bytes_max_ - taken_) return progress::too_large;
  const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, data.size()));
  if (!keep(data.substr(0, n))) return progress::too_large;
  data.remove_prefix(n);
  remaining_ -= n;
  if (remaining_ > 0) return progress::more;
  state_ = state::done;
  return progress::done;
}

body_reader::progress body_reader::feed_chunked(std::string_view& data) {
  while (!data.empty() && state_ != state::done) {
    if (state_ == state::chunk_data) {
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, data.size()));
      if (!keep(data.substr(0, n))) return progress::too_large;
      data.remove_prefix(n);
      remaining_ -= n;
      if (remaining_ == 0) state_ = state::chunk_end;
      continue;
    }
    if (const auto p = read_chunk_line(data); p != progress::done) return p;
  }
  return state_ == state::done ? progress::done : progress::more;
}

/// Reads one line of the framing. `done`: go on.
body_reader::progress body_reader::read_chunk_line(std::string_view& data) {
  const auto end = data.find('\n');
  line_.append(data.substr(0, end == std::string_view::npos ? end : end + 1));
  data.remove_prefix(end == std::string_view::npos ? data.size() : end + 1);
  if (line_.size() > chunk_line_bytes_max) return progress::malformed;
  if (end == std::string_view::npos) return progress::more;
  if (!line_.ends_with("\r\n")) return progress::malformed;
  const auto line = std::string_view{line_}.substr(0, line_.size() - 2);
  switch (state_) {
    case state::chunk_end:
      if (!line.empty()) return progress::malformed;
      state_ = state::chunk_line;
      break;
    case state::last_line:
      // Anything but an empty line is a trailer.
      if (!line.empty()) return progress::malformed;
      state_ = state::done;
      break;
    default: {
      const auto size = chunk_size(line);
      if (!size) return progress::malformed;
      if (*size > bytes_max_ - std::min<std::uint64_t>(taken_, bytes_max_)) return progress::too_large;
      remaining_ = *size;
      state_ = *size == 0 ? state::last_line : state::chunk_data;
    }
  }
  line_.clear();
  return progress::done;
}

void body_reader::release() {
  if (body_.capacity() > kept_capacity_max) std::string{}.swap(body_);
  body_.clear();
}

} // namespace penstock
