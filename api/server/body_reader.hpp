#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// Takes the body of one request off the bytes behind its head: of a known length, or chunked. Chunk lines are at most
/// 256 bytes, trailers are refused.
class body_reader {
public:
  static constexpr std::size_t chunk_line_bytes_max = 256;

  enum class progress : std::uint8_t { more, done, too_large, malformed };

  /// Begins a body. Neither length nor chunked: there is none.
  void start(std::optional<std::uint64_t> length, bool chunked, std::size_t bytes_max);

  /// From now on bytes are counted but not kept: the answer is decided already.
  void discard() noexcept { discarding_ = true; }

  /// Takes what belongs to the body off the front of `data`.
  [[nodiscard]] progress feed(std::string_view& data);

  [[nodiscard]] const std::string& body() const noexcept { return body_; }
  /// Bytes still to come, as far as known.
  [[nodiscard]] std::uint64_t remaining() const noexcept { return remaining_; }
  /// Gives memory of a large body back.
  void release();

private:
  enum class state : std::uint8_t { done, plain, chunk_line, chunk_data, chunk_end, last_line };

  progress feed_chunked(std::string_view& data);
  progress read_chunk_line(std::string_view& data);
  bool keep(std::string_view bytes);

  std::string body_;
  std::uint64_t remaining_ = 0; ///< Of the body, or of the chunk.
  std::uint64_t taken_ = 0;
  std::size_t bytes_max_ = 0;
  std::string line_; ///< A chunk line that came in pieces.
  state state_ = state::done;
  bool discarding_ = false;
};

} // namespace penstock
