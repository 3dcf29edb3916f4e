// Reading a home's column family. Internal to state/rocks_*.
//
// Layout of a family: the store's keys and values verbatim, and under the one-byte key 0x00 the changelog position, 8
// bytes, big-endian.
#pragma once

#include <rocksdb/db.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "processor/api/key_value_store.h"
#include "state/rocks_instance.h"

namespace ebc::state {

inline constexpr char kPositionKeyBytes[] = {0x00};
inline constexpr std::string_view kPositionKey(kPositionKeyBytes, 1);

using PositionBytes = std::array<char, 8>;
PositionBytes encode_position(Offset offset);

inline rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

/// Any thread. Does what CommittedStore promises of its functions of the same names.
class RocksReader {
 public:
  /// Instance and home outlive it. With a snapshot in `options`: reads as of then.
  RocksReader(const RocksInstance& instance, const RocksHome& home, const rocksdb::ReadOptions& options = {})
      : instance_(instance), name_(home.name), family_(home.family()), options_(options) {}

  Result<bool> get(std::string_view key, std::string& value) const;
  Status scan(std::string_view from, std::string_view until, const KeyValueStore::Visitor& visit) const;
  Result<std::optional<Offset>> changelog_offset_next() const;

 private:
  const RocksInstance& instance_;
  const std::string& name_;
  const RocksHome::Family family_;
  const rocksdb::ReadOptions options_;
};

}  // namespace ebc::state
