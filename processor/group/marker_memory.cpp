#include "processor/group/marker_memory.h"

#include <algorithm>
#include <cstring>

namespace ebc::group {

namespace {
constexpr std::size_t kNone = ~std::size_t{0};
constexpr std::size_t kFirstTable = 64;

/// Never 0, which marks a free slot.
std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash) | 1; }
}  // namespace

std::size_t MarkerMemory::size_of(std::size_t id_size) {
  return (sizeof(Header) + id_size + kUnit - 1) / kUnit * kUnit;
}

char* MarkerMemory::at(std::uint32_t place) const {
  // Places count on beyond 32 bits; those in use lie close together, so the oldest one tells the missing bits.
  const std::uint64_t oldest = begin_ / kUnit;
  const std::uint64_t units = oldest + static_cast<std::uint32_t>(place - static_cast<std::uint32_t>(oldest));
  const std::uint64_t bytes = units * kUnit;
  return chunks_[bytes / kChunk - first_chunk_].get() + bytes % kChunk;
}

MarkerMemory::Header MarkerMemory::header(std::uint32_t place) const {
  Header header;
  std::memcpy(&header, at(place), sizeof header);
  return header;
}

std::string_view MarkerMemory::id(std::uint32_t place, const Header& header) const {
  return {at(place) + sizeof(Header), header.id_size};
}

std::size_t MarkerMemory::slot_of(std::string_view wanted, std::uint64_t hash) const {
  if (table_.empty()) return kNone;
  const std::size_t mask = table_.size() - 1;
  const std::uint32_t tag = tag_of(hash);
  for (std::size_t slot = first_slot(tag); table_[slot].tag != 0; slot = (slot + 1) & mask) {
    if (table_[slot].tag != tag) continue;
    const Header found = header(table_[slot].place);
    if (id(table_[slot].place, found) == wanted) return slot;
  }
  return kNone;
}

std::optional<Marker> MarkerMemory::find(std::string_view wanted, std::uint64_t hash) const {
  const std::size_t slot = slot_of(wanted, hash);
  if (slot == kNone) return std::nullopt;
  const Header found = header(table_[slot].place);
  return Marker{timestamp_from_ms(found.created_ms), found.fingerprint, timestamp_from_ms(found.expires_ms)};
}

void MarkerMemory::remember(std::string_view id, std::uint64_t hash, const Marker& marker) {
  forget(id, hash);
  if ((count_ + 1) * 4 > table_.size() * 3) grow();
  const std::size_t size = size_of(id.size());
  // A record doesn't cross a chunk's end: an id is 16 KiB at most.
  if (end_ % kChunk + size > kChunk) end_ = (end_ / kChunk + 1) * kChunk;
  if (count_ == 0 && record_bytes_ == 0) begin_ = end_;
  while (first_chunk_ + chunks_.size() <= end_ / kChunk) chunks_.push_back(std::make_unique<char[]>(kChunk));
  const auto place = static_cast<std::uint32_t>(end_ / kUnit);
  const Header header{to_ms(marker.expires), to_ms(marker.create_timestamp),        marker.create_fingerprint,
                      tag_of(hash),          static_cast<std::uint16_t>(id.size()), true};
  char* const to = chunks_.back().get() + end_ % kChunk;
  std::memcpy(to, &header, sizeof header);
  std::memcpy(to + sizeof header, id.data(), id.size());
  end_ += size;
  record_bytes_ += size;

  insert({header.tag, place});
  ++count_;
}

void MarkerMemory::forget(std::string_view id, std::uint64_t hash) {
  const std::size_t slot = slot_of(id, hash);
  if (slot == kNone) return;
  const std::uint32_t place = table_[slot].place;
  Header dead = header(place);
  dead.live = false;
  std::memcpy(at(place), &dead, sizeof dead);
  erase_slot(slot);
}

/// Those behind it that would not be found any more move up.
void MarkerMemory::erase_slot(std::size_t slot) {
  const std::size_t mask = table_.size() - 1;
  std::size_t hole = slot;
  for (std::size_t next = (hole + 1) & mask; table_[next].tag != 0; next = (next + 1) & mask) {
    const std::size_t wanted = first_slot(table_[next].tag);
    if (((next - wanted) & mask) < ((next - hole) & mask)) continue;
    table_[hole] = table_[next];
    hole = next;
  }
  table_[hole] = {};
  --count_;
}

void MarkerMemory::grow() {
  std::vector<Slot> old = std::move(table_);
  table_.assign(std::max(kFirstTable, old.size() * 2), {});
  for (const Slot& one : old) {
    if (one.tag != 0) insert(one);
  }
}

void MarkerMemory::insert(const Slot& one) {
  const std::size_t mask = table_.size() - 1;
  std::size_t slot = first_slot(one.tag);
  while (table_[slot].tag != 0) slot = (slot + 1) & mask;
  table_[slot] = one;
}

void MarkerMemory::drop_front(const Header& front) {
  if (front.live) {
    const auto place = static_cast<std::uint32_t>(begin_ / kUnit);
    const std::size_t mask = table_.size() - 1;
    std::size_t slot = first_slot(front.tag);
    while (table_[slot].place != place || table_[slot].tag != front.tag) slot = (slot + 1) & mask;
    erase_slot(slot);
  }
  const std::size_t size = size_of(front.id_size);
  begin_ += size;
  record_bytes_ -= size;
}

void MarkerMemory::trim(Timestamp clock, std::size_t max_bytes) {
  while (record_bytes_ > 0) {
    // What was left over at a chunk's end is zeros.
    const std::uint64_t left = kChunk - begin_ % kChunk;
    if (left < sizeof(Header)) {
      begin_ += left;
    } else {
      const Header front = header(static_cast<std::uint32_t>(begin_ / kUnit));
      if (front.id_size == 0) {
        begin_ += left;
      } else {
        if (front.live && front.expires_ms >= to_ms(clock) && bytes() <= max_bytes) break;
        drop_front(front);
      }
    }
    while (first_chunk_ < begin_ / kChunk) {
      chunks_.pop_front();
      ++first_chunk_;
    }
  }
}

}  // namespace ebc::group
