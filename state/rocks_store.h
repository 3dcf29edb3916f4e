// The committed state of one home in RocksDB. Internal to state/rocks_*: made by RocksDatabase::open_home.
#pragma once

#include <memory>

#include "state/committed_store.h"
#include "state/rocks_instance.h"

namespace ebc::state {

/// The position changes in the same batch as the rows it belongs to; the layout is drawn in rocks_reader.h.
class RocksStore final : public CommittedStore {
 public:
  /// `owner`: the home's owner number at the time this store was handed out.
  RocksStore(std::shared_ptr<RocksInstance> instance, RocksHome& home, std::uint64_t owner);

  Result<bool> get(std::string_view key, std::string& value) const override;
  Status scan(std::string_view from, std::string_view until, const KeyValueStore::Visitor& visit) const override;
  Status apply(std::span<const Write> writes, Offset changelog_offset_next) override;
  Result<std::optional<Offset>> changelog_offset_next() const override;
  Status clear() override;

 private:
  /// Ok when this store is the home's last. The caller holds home_.writing.
  Status check_owner() const;
  bool is_empty() const;

  std::shared_ptr<RocksInstance> instance_;
  RocksHome& home_;  ///< of instance_
  std::uint64_t owner_;
};

}  // namespace ebc::state
