#include "actors/partition_count.hpp"

namespace penstock {

namespace {

/// There are as many slots, and a partition without one would have nothing to do.
constexpr partition_id partitions_max = 1'024;

} // namespace

std::string encode_partition_count(partition_id count) {
  return {static_cast<char>(count >> 8), static_cast<char>(count & 0xFF)};
}

result<partition_id> decode_partition_count(std::string_view bytes) {
  partition_id count = 0;
  for (const char c : bytes) count = static_cast<partition_id>(count << 8 | static_cast<unsigned char>(c));
  if (bytes.empty() || bytes.size() > 2 || count == 0 || count > partitions_max)
    return fail(errc::corrupt_record, "the database's number of partitions does not read");
  return count;
}

} // namespace penstock
