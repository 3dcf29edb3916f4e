// What a RocksDatabase and its stores share. Internal to state/rocks_*.
#pragma once

#include <rocksdb/db.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "processor/api/status.h"
#include "processor/api/types.h"
#include "state/rocks_database.h"

namespace ebc::state {

/// Families in which a compaction met damaged blocks. RocksDB itself would stop all writes, of every home, for good;
/// we let only the home at fault stop. Any thread.
class DamagedFamilies {
 public:
  void add(std::uint32_t family_id, std::string what);
  /// Empty: not damaged.
  std::string find(std::uint32_t family_id) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::uint32_t, std::string> damage_;
};

/// A home's column family and whose it is.
class RocksHome {
 public:
  using Family = std::shared_ptr<rocksdb::ColumnFamilyHandle>;

  RocksHome(Partition home, Family family);

  const Partition id;
  const std::string name;  ///< "home 3", for messages

  /// Held by whoever writes to the home, empties it or changes its owner.
  std::mutex writing;
  std::uint64_t owner = 0;  ///< under `writing`: the number of the last store handed out
  bool dropped = false;     ///< under `writing`: the family is gone and none has taken its place

  /// Any thread. Reading from a family that was dropped meanwhile is fine.
  Family family() const;
  void set_family(Family family);

 private:
  mutable std::mutex family_mutex_;
  Family family_;  ///< under family_mutex_
};

/// An open database and its homes; homes are added, never removed.
class RocksInstance {
 public:
  static Result<std::shared_ptr<RocksInstance>> open(const std::filesystem::path& path, const RocksOptions& options);

  const std::filesystem::path& path() const { return path_; }
  rocksdb::DB& db() const { return *db_; }
  const DamagedFamilies& damaged() const { return *damaged_; }

  std::vector<RocksHome*> homes() const;
  RocksHome* find_home(Partition home) const;
  /// Made when it isn't there.
  Result<RocksHome*> make_home(Partition home);
  /// Those that aren't there, all at once.
  Status make_homes(std::span<const Partition> homes);

  /// Drops the home's family and makes a new one; repeated after a failure, it goes on where it stopped. Cheap,
  /// whatever the home holds. The caller holds home.writing.
  Status empty(RocksHome& home);

  /// What a failed write leaves behind (RocksDB refuses all further ones) is mended, if the disk lets us.
  bool resume();

 private:
  RocksInstance() = default;
  Result<RocksHome::Family> create_family(Partition home);

  // Constant once open. The families go before the database.
  std::filesystem::path path_;
  rocksdb::ColumnFamilyOptions family_options_;
  std::shared_ptr<DamagedFamilies> damaged_;
  std::unique_ptr<rocksdb::DB> db_;
  RocksHome::Family default_family_;

  mutable std::mutex mutex_;
  std::map<Partition, std::unique_ptr<RocksHome>> homes_;  ///< under mutex_
};

}  // namespace ebc::state
