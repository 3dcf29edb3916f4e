#include "state/transaction_buffer.h"

#include <algorithm>
#include <cstring>
#include <functional>

namespace ebc::state {

namespace {

constexpr char kFirstUserKey[] = {static_cast<char>(KeyValueStore::kFirstUserKeyByte)};

std::size_t hash_of(std::string_view key) { return std::hash<std::string_view>{}(key); }

}  // namespace

std::size_t TransactionBuffer::slot_of(std::string_view key, std::size_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash & mask;
  for (; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const Row& row = rows_[slots_[slot] - 1];
    if (row.hash == hash && row.key == key) break;
  }
  return slot;
}

void TransactionBuffer::grow() {
  constexpr std::size_t kFirst = 64;
  slots_.assign(slots_.empty() ? kFirst : slots_.size() * 2, 0);
  for (std::uint32_t number = 1; const Row& row : rows_) slots_[slot_of(row.key, row.hash)] = number++;
}

TransactionBuffer::Row* TransactionBuffer::find(std::string_view key) {
  if (rows_.empty()) return nullptr;
  const std::uint32_t number = slots_[slot_of(key, hash_of(key))];
  return number == 0 ? nullptr : &rows_[number - 1];
}

TransactionBuffer::Row& TransactionBuffer::find_or_add(std::string_view key, bool absent_before) {
  if ((rows_.size() + 1) * 2 > slots_.size()) grow();
  const std::size_t hash = hash_of(key);
  std::uint32_t& number = slots_[slot_of(key, hash)];
  if (number == 0) {
    Row row;
    row.key = arena_.copy(key);
    row.hash = hash;
    row.absent_before = absent_before;
    rows_.push_back(row);
    number = static_cast<std::uint32_t>(rows_.size());
    ++net_;
  } else if (rows_[number - 1].gone) {
    // What was known of committed state at the first write still holds.
    rows_[number - 1].gone = false;
    ++net_;
  }
  return rows_[number - 1];
}

void TransactionBuffer::assign(Row& row, std::string_view value) {
  if (value.size() > row.room) {
    row.value = arena_.take(value.size());
    row.room = static_cast<std::uint32_t>(value.size());
  }
  if (!value.empty()) std::memcpy(row.value, value.data(), value.size());
  row.size = static_cast<std::uint32_t>(value.size());
  row.erased = false;
}

Result<bool> TransactionBuffer::get(std::string_view key, std::string& value) {
  const Row* row = find(key);
  if (row == nullptr) return committed_->get(key, value);
  if (row->erased) return false;
  value.assign(row->value, row->size);
  return true;
}

void TransactionBuffer::put(std::string_view key, std::string_view value) { assign(find_or_add(key, false), value); }

void TransactionBuffer::put_new(std::string_view key, std::string_view value) { assign(find_or_add(key, true), value); }

void TransactionBuffer::erase(std::string_view key) {
  Row& row = find_or_add(key, false);
  row.erased = true;
  if (!row.absent_before) return;
  row.gone = true;
  if (--net_ == 0) discard();
}

void TransactionBuffer::sort() {
  const auto less = [this](std::uint32_t a, std::uint32_t b) { return rows_[a].key < rows_[b].key; };
  const std::size_t sorted = order_.size();
  if (sorted == rows_.size()) return;
  while (order_.size() < rows_.size()) order_.push_back(static_cast<std::uint32_t>(order_.size()));
  const auto middle = order_.begin() + static_cast<std::ptrdiff_t>(sorted);
  std::sort(middle, order_.end(), less);
  std::inplace_merge(order_.begin(), middle, order_.end(), less);
}

Status TransactionBuffer::scan(std::string_view from, std::string_view until, const Visitor& visit) {
  from = std::max(from, std::string_view(kFirstUserKey, 1));
  if (!until.empty() && until <= from) return {};

  sort();
  const auto place_of = [this](std::string_view key) {
    return std::lower_bound(order_.begin(), order_.end(), key,
                            [this](std::uint32_t number, std::string_view k) { return rows_[number].key < k; });
  };
  auto mine = place_of(from);
  const auto mine_end = until.empty() ? order_.end() : place_of(until);
  bool stopped = false;
  const auto show = [&](std::string_view key, std::string_view value) {
    stopped = !visit(key, value);
    return !stopped;
  };
  const auto show_mine = [&](const Row& row) { return row.erased || show(row.key, {row.value, row.size}); };

  EBC_TRY(committed_->scan(from, until, [&](std::string_view key, std::string_view value) {
    for (; mine != mine_end && rows_[*mine].key < key; ++mine) {
      if (!show_mine(rows_[*mine])) return false;
    }
    if (mine == mine_end || rows_[*mine].key != key) return show(key, value);
    return show_mine(rows_[*mine++]);
  }));
  for (; !stopped && mine != mine_end; ++mine) show_mine(rows_[*mine]);
  return {};
}

Status TransactionBuffer::visit_writes(const std::function<Status(const Write&)>& visit) {
  sort();
  for (const std::uint32_t number : order_) {
    const Row& row = rows_[number];
    if (!row.gone) EBC_TRY(visit(Write{row.key, row.written()}));
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
  // Much room and few rows: some earlier transaction was large. The room goes, as the arena's blocks do.
  constexpr std::size_t kSmall = 64;
  if (slots_.size() > kSmall && rows_.size() * 16 < slots_.size()) {
    slots_ = {};
    rows_ = {};
    order_ = {};
  } else {
    std::fill(slots_.begin(), slots_.end(), 0);
    rows_.clear();
    order_.clear();
  }
  arena_.clear();
  net_ = 0;
}

}  // namespace ebc::state
