#include "state/rocks_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>

namespace ebc::state {

namespace {

// Has a say before RocksDB refuses all further writes because something went wrong in the background.
class BackgroundErrorListener final : public rocksdb::EventListener {
 public:
  explicit BackgroundErrorListener(std::shared_ptr<DamagedFamilies> damaged) : damaged_(std::move(damaged)) {}

  void OnCompactionCompleted(rocksdb::DB* /*db*/, const rocksdb::CompactionJobInfo& job) override {
    if (job.status.IsCorruption()) damaged_->add(job.cf_id, job.status.ToString());
  }

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override {
    using Reason = rocksdb::BackgroundErrorReason;
    const bool compaction = reason == Reason::kCompaction;
    const bool flush = reason == Reason::kFlush || reason == Reason::kFlushNoWAL;
    if (compaction && error->IsCorruption()) {
      // The affair of the one home, see DamagedFamilies.
      *error = rocksdb::Status::OK();
    } else if ((compaction || flush) && error->IsIOError()) {
      // RocksDB believes in recovery from a full disk only, not from a quota or a disk that failed for a while. But
      // what could not be written is still in memory or in the older files, so Resume may try again.
      *error = rocksdb::Status(*error, rocksdb::Status::kHardError);
    }
  }

 private:
  std::shared_ptr<DamagedFamilies> damaged_;
};

// RocksDB's own log would be a file beside the data, and a write to it that fails on a full disk ends the process where
// the library was built with its assertions, as Debian's is: the next line trips over the one that failed.
class WarningsToOurLog final : public rocksdb::Logger {
 public:
  WarningsToOurLog() : Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    std::array<char, 1'024> line{};
    (void)std::vsnprintf(line.data(), line.size(), format, arguments);
    spdlog::warn("[rocksdb] {}", line.data());
  }
};

rocksdb::CompressionType compression() {
  const auto supported = rocksdb::GetSupportedCompressions();
  const bool has_lz4 = std::find(supported.begin(), supported.end(), rocksdb::kLZ4Compression) != supported.end();
  return has_lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
}

rocksdb::ColumnFamilyOptions family_options(const RocksOptions& options) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(options.cache_bytes);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.block_size = 8u << 10;
  // Indexes and filters within the cache's bound, or their memory would grow with the number of homes and groups.
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;

  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // A table's first level is compacted away soon: not worth the processor's time.
  family.compression_per_level = {rocksdb::kNoCompression, compression()};
  family.level_compaction_dynamic_level_bytes = true;
  family.write_buffer_size = std::clamp<std::size_t>(options.write_buffer_bytes / 3, 1u << 20, 32u << 20);
  // Most look-ups are for groups that were never seen: without this each of them walks the whole memtable.
  // It is there from a memtable's first row on, in full: many homes share what eight take.
  constexpr int kFullSize = 8;
  family.memtable_prefix_bloom_size_ratio = 0.05 * std::min(1.0, static_cast<double>(kFullSize) / options.homes);
  family.memtable_whole_key_filtering = true;
  // A commit's rows come in the order of their keys: each insertion begins where the one before it ended, one place for
  // each kind of row (their first byte).
  family.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewCappedPrefixTransform(1));
  // Small, for it is counted in whole pieces: a hundred homes with a handful of rows each must not look full.
  family.arena_block_size = 64u << 10;
  family.max_write_buffer_number = 4;
  // Flushes by the clock make many small files; they slow reads a little, but must never hold a write back.
  family.level0_file_num_compaction_trigger = 8;
  family.level0_slowdown_writes_trigger = 40;
  family.level0_stop_writes_trigger = 80;
  return family;
}

}  // namespace

RocksSettings rocks_settings(const RocksOptions& options, const std::shared_ptr<DamagedFamilies>& damaged) {
  RocksSettings settings;
  settings.family = family_options(options);
  rocksdb::DBOptions& database = settings.database;
  database.create_if_missing = true;
  database.paranoid_checks = true;
  // Without allow_stall: beyond the bound rows are flushed early, and nobody waits for it.
  database.write_buffer_manager = std::make_shared<rocksdb::WriteBufferManager>(options.write_buffer_bytes);
  database.listeners.push_back(std::make_shared<BackgroundErrorListener>(damaged));
  database.max_open_files = 500;
  database.bytes_per_sync = 1u << 20;
  database.max_manifest_file_size = 16u << 20;
  database.info_log = std::make_shared<WarningsToOurLog>();
  database.stats_dump_period_sec = 0;
  database.stats_persist_period_sec = 0;
  return settings;
}

}  // namespace ebc::state
