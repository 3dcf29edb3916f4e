#include "state/rocks_database.h"

#include <spdlog/spdlog.h>

#include "state/rocks_instance.h"
#include "state/rocks_status.h"
#include "state/rocks_store.h"
#include "state/rocks_view.h"

namespace ebc::state {

RocksDatabase::RocksDatabase(std::shared_ptr<RocksInstance> instance) : instance_(std::move(instance)) {}
RocksDatabase::~RocksDatabase() = default;

Result<std::unique_ptr<RocksDatabase>> RocksDatabase::open(const std::filesystem::path& path,
                                                           const RocksOptions& options) {
  auto instance = RocksInstance::open(path, options);
  if (!instance.ok()) return instance.status();
  return std::unique_ptr<RocksDatabase>(new RocksDatabase(std::move(*instance)));
}

Status RocksDatabase::prepare_homes(std::span<const Partition> homes) { return instance_->make_homes(homes); }

Result<std::shared_ptr<CommittedStore>> RocksDatabase::open_home(Partition home) {
  Result<RocksHome*> found = instance_->make_home(home);
  if (!found.ok()) return found.status();
  RocksHome& opened = **found;
  const std::lock_guard lock(opened.writing);
  if (opened.dropped) {
    if (Status emptied = instance_->empty(opened); !emptied.ok()) return emptied;
  }
  return std::shared_ptr<CommittedStore>(std::make_shared<RocksStore>(instance_, opened, ++opened.owner));
}

std::shared_ptr<const CommittedStore> RocksDatabase::view_home(Partition home) const {
  RocksHome* const found = instance_->find_home(home);
  return found == nullptr ? nullptr : std::make_shared<RocksView>(instance_, *found);
}

Status RocksDatabase::quarantine_home(Partition home, std::string_view reason) {
  RocksHome* const found = instance_->find_home(home);
  if (found == nullptr) return {};
  spdlog::warn("[home {}] its state in {} can't be used and is thrown away; it will be restored from the changelog: {}",
               home, instance_->path().string(), reason);
  const std::lock_guard lock(found->writing);
  ++found->owner;
  return instance_->empty(*found);
}

Status RocksDatabase::flush(bool wait) {
  rocksdb::FlushOptions options;
  options.wait = wait;
  // Else the call would wait whenever a family has many small files.
  options.allow_write_stall = true;
  for (RocksHome* home : instance_->homes()) {
    const auto flush_home = [&] {
      const rocksdb::Status flushed = instance_->db().Flush(options, home->family().get());
      // Dropped meanwhile; or, without waiting, so much is being flushed already that writes are held up by it.
      const bool needless = flushed.IsColumnFamilyDropped() || (!wait && flushed.IsTryAgain());
      return needless ? rocksdb::Status::OK() : flushed;
    };
    rocksdb::Status flushed = flush_home();
    if (!flushed.ok() && instance_->resume()) flushed = flush_home();
    EBC_TRY(rocks_write_status(flushed, instance_->path(), home->name));
  }
  return {};
}

std::vector<Partition> RocksDatabase::homes() const {
  std::vector<Partition> ids;
  for (const RocksHome* home : instance_->homes()) ids.push_back(home->id);
  return ids;
}

Status RocksDatabase::check_home(Partition home) const {
  RocksHome* const found = instance_->find_home(home);
  if (found == nullptr) return {};
  const RocksStore store(instance_, *found, 0);
  EBC_TRY(store.changelog_offset_next().status());
  return store.scan({}, {}, [](std::string_view, std::string_view) { return false; });
}

RocksUsage RocksDatabase::usage() const {
  using Properties = rocksdb::DB::Properties;
  rocksdb::DB& db = instance_->db();
  const auto of_all = [&db](const std::string& property) {
    std::uint64_t value = 0;
    return db.GetAggregatedIntProperty(property, &value) ? value : 0;
  };
  const auto of_database = [&db](const std::string& property) {
    std::uint64_t value = 0;
    return db.GetIntProperty(property, &value) ? value : 0;
  };
  return {.block_cache_bytes = of_database(Properties::kBlockCacheUsage),  // one cache for all: not to be added up
          .memtable_bytes = of_all(Properties::kSizeAllMemTables),
          .table_reader_bytes = of_all(Properties::kEstimateTableReadersMem),
          .disk_bytes = of_all(Properties::kLiveSstFilesSize),
          .pending_compaction_bytes = of_all(Properties::kEstimatePendingCompactionBytes),
          .rows = of_all(Properties::kEstimateNumKeys),
          .delayed_rate = of_database(Properties::kActualDelayedWriteRate),
          .write_stopped = of_database(Properties::kIsWriteStopped) != 0};
}

}  // namespace ebc::state
