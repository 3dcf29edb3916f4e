#include "state/row_cache.h"

#include <algorithm>
#include <cstring>
#include <functional>

namespace ebc::state {

namespace {

// Places are numbers of 32 bits, in units of eight bytes.
constexpr std::size_t kLargest = std::size_t{16} << 30;

}  // namespace

RowCache::RowCache(std::size_t bytes)
    : capacity_(std::min(bytes, kLargest) / kUnit * kUnit), ring_(capacity_ > 0 ? new char[capacity_] : nullptr) {}

std::size_t RowCache::row_bytes(std::size_t key_bytes, std::size_t value_bytes) {
  return (sizeof(Head) + key_bytes + value_bytes + kUnit - 1) / kUnit * kUnit;
}

std::uint32_t RowCache::hash_of(std::uint32_t owner, std::string_view key) {
  const std::uint64_t hash = std::hash<std::string_view>{}(key) + owner * 0x9E3779B97F4A7C15ULL;
  return static_cast<std::uint32_t>(hash ^ (hash >> 32));
}

RowCache::Head RowCache::head_at(std::size_t offset) const {
  Head head{};
  std::memcpy(&head, ring_.get() + offset, sizeof head);
  return head;
}

std::size_t RowCache::find(std::uint32_t hash, std::uint32_t owner, std::string_view key) const {
  if (count_ == 0) return kNone;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = hash & mask; slots_[slot].place != 0; slot = (slot + 1) & mask) {
    if (slots_[slot].hash != hash) continue;
    const std::size_t offset = (slots_[slot].place - 1) * kUnit;
    const Head head = head_at(offset);
    if (head.owner != owner || head.key_bytes != key.size()) continue;
    if (std::memcmp(ring_.get() + offset + sizeof head, key.data(), key.size()) == 0) return slot;
  }
  return kNone;
}

bool RowCache::get(std::uint32_t owner, std::string_view key, std::string& value) const {
  const std::size_t slot = find(hash_of(owner, key), owner, key);
  if (slot == kNone) return false;
  const std::size_t offset = (slots_[slot].place - 1) * kUnit;
  value.assign(ring_.get() + offset + sizeof(Head) + key.size(), head_at(offset).value_bytes);
  return true;
}

void RowCache::insert(Slot slot) {
  constexpr std::size_t kFirst = 64;
  if ((count_ + 1) * 2 > slots_.size()) {
    std::vector<Slot> old(slots_.empty() ? kFirst : slots_.size() * 2);
    old.swap(slots_);
    count_ = 0;
    for (const Slot& one : old) {
      if (one.place != 0) insert(one);
    }
  }
  const std::size_t mask = slots_.size() - 1;
  std::size_t place = slot.hash & mask;
  while (slots_[place].place != 0) place = (place + 1) & mask;
  slots_[place] = slot;
  ++count_;
}

void RowCache::erase_slot(std::size_t hole) {
  const std::size_t mask = slots_.size() - 1;
  // Those behind it that would not be found any more move up.
  for (std::size_t next = (hole + 1) & mask; slots_[next].place != 0; next = (next + 1) & mask) {
    const std::size_t wanted = slots_[next].hash & mask;
    if (((next - wanted) & mask) < ((next - hole) & mask)) continue;
    slots_[hole] = slots_[next];
    hole = next;
  }
  slots_[hole] = {};
  --count_;
}

/// The oldest row leaves the ring, and the index where it is still the one of its key.
void RowCache::drop_oldest() {
  const std::size_t offset = oldest_ % capacity_;
  // At the end of the ring there may be less than a head, or one of no row.
  const std::size_t rest = capacity_ - offset;
  const Head head = rest < sizeof(Head) ? Head{} : head_at(offset);
  if (head.owner == 0) {
    oldest_ += rest;
    return;
  }
  oldest_ += row_bytes(head.key_bytes, head.value_bytes);
  const std::size_t mask = slots_.size() - 1;
  const auto place = static_cast<std::uint32_t>(offset / kUnit + 1);
  for (std::size_t slot = head.hash & mask; slots_[slot].place != 0; slot = (slot + 1) & mask) {
    if (slots_[slot].place != place) continue;
    erase_slot(slot);
    return;
  }
}

/// Makes room for a row in one piece and says where it begins.
std::size_t RowCache::room_for(std::size_t bytes) {
  const std::size_t rest = capacity_ - end_ % capacity_;
  if (rest < bytes) {
    while (oldest_ + capacity_ < end_ + rest) drop_oldest();
    if (rest >= sizeof(Head)) {
      const Head unused{};
      std::memcpy(ring_.get() + end_ % capacity_, &unused, sizeof unused);
    }
    end_ += rest;
  }
  while (oldest_ + capacity_ < end_ + bytes) drop_oldest();
  const std::size_t offset = end_ % capacity_;
  end_ += bytes;
  return offset;
}

void RowCache::put(std::uint32_t owner, std::string_view key, std::string_view value) {
  const std::size_t bytes = row_bytes(key.size(), value.size());
  if (bytes > capacity_ / 16) {
    erase(owner, key);
    return;
  }
  const std::size_t offset = room_for(bytes);
  const Head head{hash_of(owner, key), owner, static_cast<std::uint32_t>(key.size()),
                  static_cast<std::uint32_t>(value.size())};
  char* row = ring_.get() + offset;
  std::memcpy(row, &head, sizeof head);
  std::memcpy(row + sizeof head, key.data(), key.size());
  if (!value.empty()) std::memcpy(row + sizeof head + key.size(), value.data(), value.size());
  const auto place = static_cast<std::uint32_t>(offset / kUnit + 1);
  if (const std::size_t slot = find(head.hash, owner, key); slot != kNone) {
    slots_[slot].place = place;
  } else {
    insert({head.hash, place});
  }
}

void RowCache::erase(std::uint32_t owner, std::string_view key) {
  const std::size_t slot = find(hash_of(owner, key), owner, key);
  if (slot != kNone) erase_slot(slot);
}

}  // namespace ebc::state
