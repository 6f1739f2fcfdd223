#pragma once

#include "storage/turn_format.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace penstock {

/// The file beside the database that says what must be in it: the witness that survives when the database's own files
/// do not. Written now and then, so it may be behind, never ahead of what is synced.
struct watermark {
  database_id id{};
  bool made = false;       ///< False while the database is being made: then nothing was ever written to it.
  std::uint64_t turn = 0;  ///< A turn that was on disk.
  std::uint64_t chain = 0; ///< Short form of the chain hash after it.
  std::uint64_t log = 0;   ///< Number of the newest log file then: it or a later one must be there.

  friend bool operator==(const watermark&, const watermark&) = default;
};

/// One line of text that ends with its checksum.
[[nodiscard]] std::string encode_watermark(const watermark& mark);
[[nodiscard]] std::optional<watermark> decode_watermark(std::string_view text);

/// @returns `errc::corrupt_record` naming the file if it is damaged, `errc::not_found` if there is none.
[[nodiscard]] result<watermark> read_watermark(const std::string& path);
[[nodiscard]] result<void> write_watermark(const std::string& path, const watermark& mark);

} // namespace penstock
