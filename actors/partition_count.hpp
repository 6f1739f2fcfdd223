#pragma once

#include "runtime/error.hpp"
#include "storage/keys.hpp"

#include <string>
#include <string_view>

namespace penstock {

/// The number of partitions as the database keeps it: two bytes, big-endian.
[[nodiscard]] std::string encode_partition_count(partition_id count);

/// Takes one byte too, as the first databases have it, of up to 255 partitions.
/// @returns `errc::corrupt_record` unless it is such a number from 1 to 1024.
[[nodiscard]] result<partition_id> decode_partition_count(std::string_view bytes);

} // namespace penstock
