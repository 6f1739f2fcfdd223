#include "storage/rocksdb_options.hpp"

#include "storage/column_families.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>

namespace penstock {

namespace {

constexpr std::size_t operator""_kib(unsigned long long n) { return n << 10; }
constexpr std::size_t operator""_mib(unsigned long long n) { return n << 20; }

rocksdb::CompressionType compression() {
  const auto supported = rocksdb::GetSupportedCompressions();
  const bool lz4 = std::find(supported.begin(), supported.end(), rocksdb::kLZ4Compression) != supported.end();
  return lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
}

rocksdb::DBOptions database_options(const rocksdb_settings& settings) {
  rocksdb::DBOptions o;
  // One turn is one batch in one log, and all families are flushed together: what is in the tables is always the state
  // after one turn, which the proof at start-up relies on.
  o.atomic_flush = true;
  o.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  o.paranoid_checks = true;
  o.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  // A failed write or flush ends the process; RocksDB must not try again by itself.
  o.max_bgerror_resume_count = 0;
  o.recycle_log_file_num = 0;

  o.write_buffer_manager = std::make_shared<rocksdb::WriteBufferManager>(settings.write_buffers_bytes);
  o.max_total_wal_size = settings.logs_bytes_max;
  o.max_open_files = 512;
  o.max_background_jobs = 2;
  o.max_manifest_file_size = 16_mib;
  o.skip_stats_update_on_db_open = true;

  o.stats_dump_period_sec = 0;
  o.stats_persist_period_sec = 0;
  return o;
}

rocksdb::ColumnFamilyOptions family_options(const rocksdb_settings& settings,
                                            const std::shared_ptr<rocksdb::Cache>& cache, bool point_reads) {
  rocksdb::ColumnFamilyOptions o;
  o.write_buffer_size = std::max(settings.write_buffers_bytes / 2, 64_kib);
  o.arena_block_size = 64_kib; // What a family costs that is hardly used.
  o.max_write_buffer_number = 3;
  o.compression = compression();
  o.level_compaction_dynamic_level_bytes = true;
  o.target_file_size_base = 32_mib;
  o.max_bytes_for_level_base = 128_mib;

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 8_kib;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  // Whole, the index or filter of a large table is more than a shard of the cache holds, and would be read anew for every
  // key that is looked up.
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.metadata_block_size = 8_kib;
  if (point_reads) {
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.partition_filters = true;
  }
  o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return o;
}

} // namespace

rocksdb_options make_rocksdb_options(const rocksdb_settings& settings) {
  rocksdb_options options{database_options(settings), {}};
  const auto cache = rocksdb::NewLRUCache(settings.block_cache_bytes);
  options.families.emplace_back(rocksdb::kDefaultColumnFamilyName, family_options(settings, cache, false));
  for (const auto& row : column_families)
    options.families.emplace_back(std::string(row.name), family_options(settings, cache, row.point_reads));
  return options;
}

} // namespace penstock
