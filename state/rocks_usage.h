// What a database takes of memory and disk, for metrics.
#pragma once

#include <cstdint>

namespace ebc::state {

struct RocksUsage {
  std::uint64_t block_cache_bytes = 0;   ///< blocks, indexes and filters held; bounded by cache_bytes
  std::uint64_t memtable_bytes = 0;      ///< rows in memory, those being flushed too; write_buffer_bytes is the aim
  std::uint64_t table_reader_bytes = 0;  ///< of open tables, outside of the cache
  std::uint64_t disk_bytes = 0;          ///< table files in use
  std::uint64_t pending_compaction_bytes = 0;
  std::uint64_t rows = 0;          ///< estimated
  std::uint64_t delayed_rate = 0;  ///< bytes a second that writes are slowed to; 0: not slowed
  bool write_stopped = false;
};

}  // namespace ebc::state
