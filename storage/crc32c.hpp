#pragma once

#include <cstdint>
#include <string_view>

namespace penstock {

/// CRC-32C (Castagnoli), as RocksDB's log and files use it.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes);

} // namespace penstock
