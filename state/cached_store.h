// A home's committed state with the rows written last in memory.
#pragma once

#include <cstdint>

#include "state/committed_store.h"
#include "state/row_cache.h"

namespace ebc::state {

/// Unlike other stores it is for one thread, the cache's: that of the task which works on the home. While it is in use,
/// the store is changed through it alone; others may read the store itself.
class CachedStore final : public CommittedStore {
 public:
  /// Both outlive it.
  CachedStore(CommittedStore& store, RowCache& cache) : store_(store), cache_(cache), owner_(cache.new_owner()) {}

  Result<bool> get(std::string_view key, std::string& value) const override;
  Status scan(std::string_view from, std::string_view until, const KeyValueStore::Visitor& visit) const override;
  Status apply(std::span<const Write> writes, Offset changelog_offset_next) override;
  Result<std::optional<Offset>> changelog_offset_next() const override;
  Status clear() override;

 private:
  CommittedStore& store_;
  RowCache& cache_;
  std::uint32_t owner_;
};

}  // namespace ebc::state
