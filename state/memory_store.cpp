#include "state/memory_store.h"

#include <utility>

namespace ebc::state {

Result<bool> MemoryStore::get(std::string_view key, std::string& value) const {
  const std::lock_guard lock(mutex_);
  const auto row = rows_->find(key);
  if (row == rows_->end()) return false;
  value = row->second;
  return true;
}

Status MemoryStore::scan(std::string_view from, std::string_view until, const KeyValueStore::Visitor& visit) const {
  std::shared_ptr<Rows> rows;
  {
    const std::lock_guard lock(mutex_);
    rows = rows_;
  }
  for (auto row = rows->lower_bound(from); row != rows->end(); ++row) {
    if (!until.empty() && row->first >= until) break;
    if (!visit(row->first, row->second)) break;
  }
  // Let go of under the lock: a writer that then finds itself alone must see that our reading is over.
  const std::lock_guard lock(mutex_);
  rows.reset();
  return {};
}

MemoryStore::Rows& MemoryStore::rows_to_change() {
  if (rows_.use_count() > 1) rows_ = std::make_shared<Rows>(*rows_);
  return *rows_;
}

Status MemoryStore::apply(std::span<const Write> writes, Offset changelog_offset_next) {
  EBC_TRY(check_keys(writes));
  const std::lock_guard lock(mutex_);
  EBC_TRY(std::exchange(next_apply_, Status{}));
  Rows& rows = rows_to_change();
  for (const Write& write : writes) {
    if (write.value) {
      rows.insert_or_assign(std::string(write.key), std::string(*write.value));
    } else if (const auto row = rows.find(write.key); row != rows.end()) {
      rows.erase(row);
    }
  }
  changelog_offset_next_ = changelog_offset_next;
  return {};
}

Result<std::optional<Offset>> MemoryStore::changelog_offset_next() const {
  const std::lock_guard lock(mutex_);
  return changelog_offset_next_;
}

Status MemoryStore::clear() {
  const std::lock_guard lock(mutex_);
  rows_ = std::make_shared<Rows>();
  changelog_offset_next_.reset();
  return {};
}

void MemoryStore::fail_next_apply(Status error) {
  const std::lock_guard lock(mutex_);
  next_apply_ = std::move(error);
}

}  // namespace ebc::state
