// A home's rows as they were at one moment, for reading only. Internal to state/rocks_*: made by
// RocksDatabase::view_home.
#pragma once

#include <memory>

#include "state/committed_store.h"
#include "state/rocks_reader.h"

namespace ebc::state {

/// Any thread.
class RocksView final : public CommittedStore {
 public:
  RocksView(std::shared_ptr<RocksInstance> instance, const RocksHome& home)
      : instance_(std::move(instance)),
        snapshot_(&instance_->db()),
        reader_(*instance_, home, options_at(snapshot_.snapshot())) {}

  Result<bool> get(std::string_view key, std::string& value) const override { return reader_.get(key, value); }
  Status scan(std::string_view from, std::string_view until, const KeyValueStore::Visitor& visit) const override {
    return reader_.scan(from, until, visit);
  }
  Result<std::optional<Offset>> changelog_offset_next() const override { return reader_.changelog_offset_next(); }
  Status apply(std::span<const Write>, Offset) override { return read_only(); }
  Status clear() override { return read_only(); }

 private:
  static rocksdb::ReadOptions options_at(const rocksdb::Snapshot* snapshot) {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot;
    return options;
  }
  static Status read_only() { return {Verdict::Fatal, "this is a view of a home's state; it is only read"}; }

  const std::shared_ptr<RocksInstance> instance_;
  rocksdb::ManagedSnapshot snapshot_;
  const RocksReader reader_;
};

}  // namespace ebc::state
