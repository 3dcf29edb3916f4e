#include "state/rocks_store.h"

#include <fmt/format.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>

#include "state/rocks_status.h"

namespace ebc::state {

namespace {

constexpr char kPositionKeyBytes[] = {0x00};
constexpr std::string_view kPositionKey(kPositionKeyBytes, 1);
constexpr char kFirstKeyBytes[] = {static_cast<char>(CommittedStore::kFirstKeyByte)};
constexpr std::string_view kFirstKey(kFirstKeyBytes, 1);

using PositionBytes = std::array<char, 8>;

PositionBytes encode_position(Offset offset) {
  PositionBytes bytes;
  auto rest = static_cast<std::uint64_t>(offset);
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte, rest >>= 8) *byte = static_cast<char>(rest & 0xff);
  return bytes;
}

Offset decode_position(std::string_view bytes) {
  std::uint64_t offset = 0;
  for (const char byte : bytes) offset = (offset << 8) | static_cast<unsigned char>(byte);
  return static_cast<Offset>(offset);
}

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace

RocksStore::RocksStore(std::shared_ptr<RocksInstance> instance, RocksHome& home, std::uint64_t owner)
    : instance_(std::move(instance)), home_(home), owner_(owner) {}

Result<bool> RocksStore::get(std::string_view key, std::string& value) const {
  if (key < kFirstKey) return false;
  const RocksHome::Family family = home_.family();
  rocksdb::PinnableSlice found;
  const rocksdb::Status status = instance_->db().Get({}, family.get(), slice(key), &found);
  if (status.IsNotFound()) return false;
  if (!status.ok()) return rocks_read_status(status, instance_->path(), home_.name);
  value.assign(found.data(), found.size());
  return true;
}

Status RocksStore::scan(std::string_view from, std::string_view until, const KeyValueStore::Visitor& visit) const {
  from = std::max(from, kFirstKey);
  if (!until.empty() && until <= from) return {};
  const RocksHome::Family family = home_.family();
  const rocksdb::Slice bound = slice(until);
  rocksdb::ReadOptions options;
  if (!until.empty()) options.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> row(instance_->db().NewIterator(options, family.get()));
  for (row->Seek(slice(from)); row->Valid(); row->Next()) {
    if (!visit(view(row->key()), view(row->value()))) return {};
  }
  return rocks_read_status(row->status(), instance_->path(), home_.name);
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

  rocksdb::WriteBatch batch;
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

Result<std::optional<Offset>> RocksStore::changelog_offset_next() const {
  const RocksHome::Family family = home_.family();
  rocksdb::PinnableSlice found;
  const rocksdb::Status status = instance_->db().Get({}, family.get(), slice(kPositionKey), &found);
  if (status.IsNotFound()) return std::optional<Offset>{};
  if (!status.ok()) return rocks_read_status(status, instance_->path(), home_.name);
  if (found.size() != PositionBytes{}.size()) {
    return Status{Verdict::TaskCorrupted,
                  fmt::format("{} in {} is damaged: its changelog position has {} bytes instead of {}", home_.name,
                              instance_->path().string(), found.size(), PositionBytes{}.size())};
  }
  return std::optional<Offset>(decode_position(view(found)));
}

Status RocksStore::clear() {
  const std::lock_guard lock(home_.writing);
  EBC_TRY(check_owner());
  return instance_->empty(home_);
}

}  // namespace ebc::state
