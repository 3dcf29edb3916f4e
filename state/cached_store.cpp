#include "state/cached_store.h"

namespace ebc::state {

Result<bool> CachedStore::get(std::string_view key, std::string& value) const {
  if (cache_.get(owner_, key, value)) return true;
  return store_.get(key, value);
}

Status CachedStore::scan(std::string_view from, std::string_view until, const KeyValueStore::Visitor& visit) const {
  return store_.scan(from, until, visit);
}

Status CachedStore::apply(std::span<const Write> writes, Offset changelog_offset_next) {
  EBC_TRY(store_.apply(writes, changelog_offset_next));
  for (const Write& write : writes) {
    // Rows without a value say all by their keys: they are scanned, not looked up.
    if (write.value && !write.value->empty()) {
      cache_.put(owner_, write.key, *write.value);
    } else {
      cache_.erase(owner_, write.key);
    }
  }
  return {};
}

Result<std::optional<Offset>> CachedStore::changelog_offset_next() const { return store_.changelog_offset_next(); }

Status CachedStore::clear() {
  owner_ = cache_.new_owner();
  return store_.clear();
}

}  // namespace ebc::state
