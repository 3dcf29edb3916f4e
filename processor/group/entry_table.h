// Finds what owns an id, by the id: an open table of hashes and pointers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ebc::group {

/// T has a member `id` (comparable with a string_view) and a `hash`, that of the id; neither changes while it is in the
/// table. Owns nothing. An absent id costs one access to memory, a present one two.
template <typename T>
class EntryTable {
 public:
  /// Null: there is none.
  T* find(std::string_view id, std::uint64_t hash) const {
    if (slots_.empty()) return nullptr;
    for (std::size_t slot = hash & mask(); slots_[slot].item != nullptr; slot = (slot + 1) & mask()) {
      if (slots_[slot].hash == hash && slots_[slot].item->id == id) return slots_[slot].item;
    }
    return nullptr;
  }

  /// Its id must not be in the table.
  void insert(T& item) {
    if ((count_ + 1) * 2 > slots_.size()) grow();
    place({item.hash, &item});
    ++count_;
  }

  void erase(const T& item) {
    std::size_t hole = item.hash & mask();
    while (slots_[hole].item != &item) hole = (hole + 1) & mask();
    // Those behind it that would not be found any more move up.
    for (std::size_t next = (hole + 1) & mask(); slots_[next].item != nullptr; next = (next + 1) & mask()) {
      const std::size_t wanted = slots_[next].hash & mask();
      if (((next - wanted) & mask()) < ((next - hole) & mask())) continue;
      slots_[hole] = slots_[next];
      hole = next;
    }
    slots_[hole] = {};
    --count_;
  }

  template <typename Visitor>
  void visit(Visitor&& visitor) const {
    for (const Slot& slot : slots_) {
      if (slot.item != nullptr) visitor(*slot.item);
    }
  }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    T* item = nullptr;
  };

  std::size_t mask() const { return slots_.size() - 1; }

  void place(const Slot& one) {
    std::size_t slot = one.hash & mask();
    while (slots_[slot].item != nullptr) slot = (slot + 1) & mask();
    slots_[slot] = one;
  }

  void grow() {
    constexpr std::size_t kFirst = 64;
    std::vector<Slot> old(slots_.empty() ? kFirst : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.item != nullptr) place(slot);
    }
  }

  std::vector<Slot> slots_;  ///< a power of two, at most half full
  std::size_t count_ = 0;
};

}  // namespace ebc::group
