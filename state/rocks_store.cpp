#include "state/rocks_store.h"

#include <fmt/format.h>
#include <rocksdb/write_batch.h>

#include "state/rocks_reader.h"
#include "state/rocks_status.h"

namespace ebc::state {

namespace {

// What a batch takes beside keys and values, at most: for each write a tag, the family and two lengths; its own head
// and the position.
constexpr std::size_t kWriteBytes = 16;
constexpr std::size_t kBatchBytes = 64;

}  // namespace

RocksStore::RocksStore(std::shared_ptr<RocksInstance> instance, RocksHome& home, std::uint64_t owner)
    : instance_(std::move(instance)), home_(home), owner_(owner) {}

Result<bool> RocksStore::get(std::string_view key, std::string& value) const {
  return RocksReader(*instance_, home_).get(key, value);
}

Status RocksStore::scan(std::string_view from, std::string_view until, const KeyValueStore::Visitor& visit) const {
  return RocksReader(*instance_, home_).scan(from, until, visit);
}

Result<std::optional<Offset>> RocksStore::changelog_offset_next() const {
  return RocksReader(*instance_, home_).changelog_offset_next();
}

Status RocksStore::check_owner() const {
  if (home_.owner == owner_) return {};
  return {Verdict::Fenced, fmt::format("{} in {} has another owner by now; nothing was written", home_.name,
                                       instance_->path().string())};
}

Status RocksStore::apply(std::span<const Write> writes, Offset changelog_offset_next) {
  EBC_TRY(check_keys(writes));
  const std::lock_guard lock(home_.writing);
  EBC_TRY(check_owner());
  if (home_.dropped) EBC_TRY(instance_->empty(home_));
  const RocksHome::Family family = home_.family();
  if (const std::string damage = instance_->damaged().find(family->GetID()); !damage.empty()) {
    return {Verdict::TaskCorrupted,
            fmt::format("{} in {} is damaged: {}", home_.name, instance_->path().string(), damage)};
  }

  std::size_t bytes = 0;
  for (const Write& write : writes) bytes += kWriteBytes + write.key.size() + (write.value ? write.value->size() : 0);
  rocksdb::WriteBatch batch(bytes + kBatchBytes);
  const auto add = [&](std::string_view key, std::optional<std::string_view> value) {
    return value ? batch.Put(family.get(), slice(key), slice(*value)) : batch.Delete(family.get(), slice(key));
  };
  const PositionBytes position = encode_position(changelog_offset_next);
  rocksdb::Status status = add(kPositionKey, std::string_view(position.data(), position.size()));
  for (auto write = writes.begin(); status.ok() && write != writes.end(); ++write)
    status = add(write->key, write->value);

  rocksdb::WriteOptions options;
  options.disableWAL = true;
  if (status.ok()) status = instance_->db().Write(options, &batch);
  if (!status.ok() && instance_->resume()) status = instance_->db().Write(options, &batch);
  return rocks_write_status(status, instance_->path(), home_.name);
}

/// For certain. A new family costs RocksDB a file with the options of every home, written and read back.
bool RocksStore::is_empty() const {
  const RocksReader reader(*instance_, home_);
  const auto position = reader.changelog_offset_next();
  bool rows = false;
  const Status read = reader.scan({}, {}, [&](std::string_view, std::string_view) { return rows = true, false; });
  return read.ok() && !rows && position.ok() && !position.value();
}

Status RocksStore::clear() {
  const std::lock_guard lock(home_.writing);
  EBC_TRY(check_owner());
  if (!home_.dropped && is_empty()) return {};
  return instance_->empty(home_);
}

}  // namespace ebc::state
