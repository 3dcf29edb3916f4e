// The committed state of all homes of an instance: one RocksDB, a column family a home.
//
// Nothing is written ahead (no WAL): after a kill each home is at its own last flush, with the changelog position that
// belongs to it in the same batch, so it says by itself from where to replay. Hence flush() every few seconds.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "processor/api/status.h"
#include "processor/api/types.h"
#include "state/committed_store.h"
#include "state/rocks_usage.h"

namespace ebc::state {

class RocksInstance;

/// Both are for the whole database, however many homes it has.
struct RocksOptions {
  std::size_t cache_bytes = 64u << 20;         ///< blocks, indexes and filters held in memory
  std::size_t write_buffer_bytes = 48u << 20;  ///< rows not yet flushed; beyond it the oldest are flushed early
  int homes = 1;                               ///< that may be here at the same time: what each of them takes is less
};

/// Any thread. The stores it hands out keep the database open: drop them all, and this, before the folder is free.
class RocksDatabase {
 public:
  /// Opens the folder with all homes in it, or makes a new one. TaskCorrupted: its files are damaged (see
  /// open_or_quarantine). Fatal: disk full, no right to it, held by another process, another version's.
  static Result<std::unique_ptr<RocksDatabase>> open(const std::filesystem::path& path, const RocksOptions& options);

  ~RocksDatabase();
  RocksDatabase(const RocksDatabase&) = delete;
  RocksDatabase& operator=(const RocksDatabase&) = delete;

  /// Makes those that are new here, for much less than one at a time; open_home() makes the others.
  Status prepare_homes(std::span<const Partition> homes);

  /// The home's store, empty when it is new here. From now on apply() and clear() through any earlier store of this
  /// home return Fenced: a thread that lost the home and was stuck never overwrites what its new owner wrote. Waits for
  /// such a call that is already running. Retry: the disk is full.
  Result<std::shared_ptr<CommittedStore>> open_home(Partition home);

  /// The home's rows as they are now, for reading only, whatever is written or emptied afterwards; null when the folder
  /// has no such home. Holds on to what it shows: drop it soon.
  std::shared_ptr<const CommittedStore> view_home(Partition home) const;

  /// Throws away a home whose files are damaged and leaves it empty, without position; logs it. Stores handed out
  /// before are fenced.
  Status quarantine_home(Partition home, std::string_view reason);

  /// Writes what is in memory to disk; without `wait` it is only begun. Retry: the disk is full or failing, and
  /// repeating the call is right. Closing flushes too, but only this says whether it worked.
  Status flush(bool wait);

  /// Homes that the folder holds, owned or not, in order.
  std::vector<Partition> homes() const;

  /// Reads a first row of the home. TaskCorrupted: it can't be read.
  Status check_home(Partition home) const;

  /// Of all homes together, as the database says.
  RocksUsage usage() const;

 private:
  explicit RocksDatabase(std::shared_ptr<RocksInstance> instance);

  std::shared_ptr<RocksInstance> instance_;
};

/// "RocksDB 7.8.3", for --version.
std::string rocksdb_version();

}  // namespace ebc::state
