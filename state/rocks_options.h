// How our RocksDB is tuned. Internal to state/rocks_*.
#pragma once

#include <rocksdb/options.h>

#include <memory>

#include "state/rocks_instance.h"

namespace ebc::state {

struct RocksSettings {
  rocksdb::DBOptions database;
  rocksdb::ColumnFamilyOptions family;
};

/// Families that come to harm in a compaction are reported to `damaged`.
RocksSettings rocks_settings(const RocksOptions& options, const std::shared_ptr<DamagedFamilies>& damaged);

}  // namespace ebc::state
