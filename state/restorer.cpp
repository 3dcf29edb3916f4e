#include "state/restorer.h"

#include <fmt/format.h>

#include "state/changelog_codec.h"

namespace ebc::state {

Result<Restorer> Restorer::begin(CommittedStore& store, Limits limits) {
  auto position = store.changelog_offset_next();
  if (!position.ok()) return position.status();
  return Restorer(store, limits, *position);
}

Status Restorer::add(Offset offset, std::optional<std::string_view> key, std::optional<std::string_view> value) {
  if (offset >= offset_next_) {
    Result<Write> write = decode_changelog(key, value);
    if (!write.ok()) {
      return {write.status().verdict(), fmt::format("changelog offset {}: {}", offset, write.status().message())};
    }
    keep(write->key, write->value.value_or(std::string_view{}), !write->value);
    offset_next_ = offset + 1;
    ++records_;
  }
  if (rows_.size() < limits_.rows && bytes_.size() < limits_.bytes) return {};
  return apply(offset_next_);
}

void Restorer::keep(std::string_view key, std::string_view value, bool erased) {
  rows_.push_back({bytes_.size(), key.size(), value.size(), erased});
  bytes_.append(key).append(value);
}

Status Restorer::finish(Offset offset_next) {
  if (offset_next < offset_next_) {
    return {Verdict::TaskCorrupted,
            fmt::format(
                "the store is at changelog offset {}, but the changelog ends at {}: the store doesn't come from this "
                "changelog, or the changelog has lost records",
                offset_next_, offset_next)};
  }
  offset_next_ = offset_next;
  if (rows_.empty() && applied_ == offset_next) return {};
  return apply(offset_next);
}

Status Restorer::apply(Offset offset_next) {
  writes_.clear();
  const std::string_view bytes = bytes_;
  for (const Row& row : rows_) {
    Write write{bytes.substr(row.begin, row.key_size), std::nullopt};
    if (!row.erased) write.value = bytes.substr(row.begin + row.key_size, row.value_size);
    writes_.push_back(write);
  }
  Status applied = store_->apply(writes_, offset_next);
  writes_.clear();
  if (!applied.ok()) return applied;
  rows_.clear();
  bytes_.clear();
  applied_ = offset_next;
  return {};
}

}  // namespace ebc::state
