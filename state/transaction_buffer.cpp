#include "state/transaction_buffer.h"

#include <algorithm>

namespace ebc::state {

namespace {

// Node and allocator overhead of a std::map entry, next to the entry itself.
constexpr std::size_t kNodeBytes = 48;

constexpr char kFirstUserKey[] = {static_cast<char>(KeyValueStore::kFirstUserKeyByte)};

}  // namespace

std::size_t TransactionBuffer::bytes_of(const Entries::value_type& entry) {
  return kNodeBytes + sizeof(entry) + entry.first.size() + (entry.second.value ? entry.second.value->size() : 0);
}

Result<bool> TransactionBuffer::get(std::string_view key, std::string& value) {
  const auto entry = entries_.find(key);
  if (entry == entries_.end()) return committed_->get(key, value);
  if (!entry->second.value) return false;
  value = *entry->second.value;
  return true;
}

void TransactionBuffer::store(std::string_view key, std::optional<std::string_view> value, bool absent_before) {
  auto entry = entries_.lower_bound(key);
  if (entry == entries_.end() || entry->first != key) {
    entry = entries_.emplace_hint(entry, std::string(key), Entry{std::nullopt, absent_before});
  } else {
    // What was known of committed state at the first write still holds; a later claim isn't needed and not believed.
    bytes_ -= bytes_of(*entry);
  }
  std::optional<std::string>& held = entry->second.value;
  if (!value) {
    held.reset();
  } else if (held) {
    held->assign(*value);
  } else {
    held.emplace(*value);
  }
  bytes_ += bytes_of(*entry);
}

void TransactionBuffer::put(std::string_view key, std::string_view value) { store(key, value, false); }

void TransactionBuffer::put_new(std::string_view key, std::string_view value) { store(key, value, true); }

void TransactionBuffer::erase(std::string_view key) {
  const auto entry = entries_.find(key);
  if (entry != entries_.end() && entry->second.absent_before) {
    bytes_ -= bytes_of(*entry);
    entries_.erase(entry);
    return;
  }
  store(key, std::nullopt, false);
}

Status TransactionBuffer::scan(std::string_view from, std::string_view until, const Visitor& visit) {
  from = std::max(from, std::string_view(kFirstUserKey, 1));
  if (!until.empty() && until <= from) return {};

  auto mine = entries_.lower_bound(from);
  const auto mine_end = until.empty() ? entries_.end() : entries_.lower_bound(until);
  bool stopped = false;
  const auto show = [&](std::string_view key, std::string_view value) {
    stopped = !visit(key, value);
    return !stopped;
  };

  EBC_TRY(committed_->scan(from, until, [&](std::string_view key, std::string_view value) {
    for (; mine != mine_end && mine->first < key; ++mine) {
      if (mine->second.value && !show(mine->first, *mine->second.value)) return false;
    }
    if (mine == mine_end || mine->first != key) return show(key, value);
    const std::optional<std::string>& newer = (mine++)->second.value;
    return !newer || show(key, *newer);
  }));
  for (; !stopped && mine != mine_end; ++mine) {
    if (mine->second.value) show(mine->first, *mine->second.value);
  }
  return {};
}

Status TransactionBuffer::visit_writes(const std::function<Status(const Write&)>& visit) const {
  for (const auto& [key, entry] : entries_) {
    Write write{key, std::nullopt};
    if (entry.value) write.value = *entry.value;
    EBC_TRY(visit(write));
  }
  return {};
}

Status TransactionBuffer::commit(Offset changelog_offset_next) {
  writes_.clear();
  EBC_TRY(visit_writes([&](const Write& write) {
    writes_.push_back(write);
    return Status{};
  }));
  Status applied = committed_->apply(writes_, changelog_offset_next);
  writes_.clear();
  if (applied.ok()) discard();
  return applied;
}

void TransactionBuffer::discard() {
  entries_.clear();
  bytes_ = 0;
}

}  // namespace ebc::state
