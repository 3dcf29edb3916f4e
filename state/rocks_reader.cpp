#include "state/rocks_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "state/committed_store.h"
#include "state/rocks_status.h"

namespace ebc::state {

namespace {

constexpr char kFirstKeyBytes[] = {static_cast<char>(CommittedStore::kFirstKeyByte)};
constexpr std::string_view kFirstKey(kFirstKeyBytes, 1);

Offset decode_position(std::string_view bytes) {
  std::uint64_t offset = 0;
  for (const char byte : bytes) offset = (offset << 8) | static_cast<unsigned char>(byte);
  return static_cast<Offset>(offset);
}

std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace

PositionBytes encode_position(Offset offset) {
  PositionBytes bytes;
  auto rest = static_cast<std::uint64_t>(offset);
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte, rest >>= 8) *byte = static_cast<char>(rest & 0xff);
  return bytes;
}

Result<bool> RocksReader::get(std::string_view key, std::string& value) const {
  if (key < kFirstKey) return false;
  rocksdb::PinnableSlice found;
  const rocksdb::Status status = instance_.db().Get(options_, family_.get(), slice(key), &found);
  if (status.IsNotFound()) return false;
  if (!status.ok()) return rocks_read_status(status, instance_.path(), name_);
  value.assign(found.data(), found.size());
  return true;
}

Status RocksReader::scan(std::string_view from, std::string_view until, const KeyValueStore::Visitor& visit) const {
  from = std::max(from, kFirstKey);
  if (!until.empty() && until <= from) return {};
  const rocksdb::Slice bound = slice(until);
  rocksdb::ReadOptions options = options_;
  if (!until.empty()) options.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> row(instance_.db().NewIterator(options, family_.get()));
  for (row->Seek(slice(from)); row->Valid(); row->Next()) {
    if (!visit(view(row->key()), view(row->value()))) return {};
  }
  return rocks_read_status(row->status(), instance_.path(), name_);
}

Result<std::optional<Offset>> RocksReader::changelog_offset_next() const {
  rocksdb::PinnableSlice found;
  const rocksdb::Status status = instance_.db().Get(options_, family_.get(), slice(kPositionKey), &found);
  if (status.IsNotFound()) return std::optional<Offset>{};
  if (!status.ok()) return rocks_read_status(status, instance_.path(), name_);
  if (found.size() != PositionBytes{}.size()) {
    return Status{Verdict::TaskCorrupted,
                  fmt::format("{} in {} is damaged: its changelog position has {} bytes instead of {}", name_,
                              instance_.path().string(), found.size(), PositionBytes{}.size())};
  }
  return std::optional<Offset>(decode_position(view(found)));
}

}  // namespace ebc::state
