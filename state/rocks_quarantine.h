// What to do with a database that can't be read: put it aside and begin anew, for everything in it is in the changelog.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "processor/api/types.h"
#include "state/rocks_database.h"

namespace ebc::state {

struct OpenedDatabase {
  std::unique_ptr<RocksDatabase> database;
  /// Where the damaged database was put; the one opened is new and empty then.
  std::optional<std::filesystem::path> damaged_moved_to;
  /// Homes that could not be read, and are empty now.
  std::vector<Partition> emptied_homes;
  bool quarantined() const { return damaged_moved_to.has_value() || !emptied_homes.empty(); }
};

/// Opens the database and looks into each home. When it is damaged as a whole, its folder is renamed to
/// `<path>.damaged-<UTC of now>` (of such folders the newest is kept) and a new one is made; a home that alone is
/// damaged is emptied. Either is logged. The errors that remain are Fatal and Retry, as RocksDatabase::open has them.
Result<OpenedDatabase> open_or_quarantine(const std::filesystem::path& path, const RocksOptions& options,
                                          Timestamp now);

}  // namespace ebc::state
