#include "storage/crc32c.hpp"

#include "storage/big_endian.hpp"

#include <rocksdb/file_checksum.h>

namespace penstock {

std::uint32_t crc32c(std::string_view bytes) {
  // RocksDB's own is the fastest at hand, and this is the one way to it that its public headers offer.
  static const auto factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  const auto generator = factory->CreateFileChecksumGenerator({});
  generator->Update(bytes.data(), bytes.size());
  generator->Finalize();
  return big_endian_at<std::uint32_t>(generator->GetChecksum());
}

} // namespace penstock
