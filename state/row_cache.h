// The rows written last, in memory: what RocksDB would have to be asked for, and takes some microseconds to find.
//
// A ring of bytes, as in a log-structured cache: a row that is written goes to its end and, where there is no room any
// more, takes the place of the oldest ones. Nothing is moved, nothing allocated, and the bound is exact. That is as
// good as "least recently used" for state that is read to be changed: each row read is soon written again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ebc::state {

/// Rows of several owners, which never see each other's. One thread.
class RowCache {
 public:
  /// `bytes`: of the ring, which takes memory only as it fills; its index takes about a twentieth more. 0: holds
  /// nothing.
  explicit RowCache(std::size_t bytes);

  /// A new owner; the rows of one who is gone are never found again, and grow old.
  std::uint32_t new_owner() { return ++owners_; }

  /// True: `value` is replaced.
  bool get(std::uint32_t owner, std::string_view key, std::string& value) const;

  /// The key's value from now on. One that takes more than a sixteenth of the ring isn't held.
  void put(std::uint32_t owner, std::string_view key, std::string_view value);

  void erase(std::uint32_t owner, std::string_view key);

  /// Rows held.
  std::size_t size() const { return count_; }

 private:
  // What precedes a row's key and value in the ring.
  struct Head {
    std::uint32_t hash;
    std::uint32_t owner;  ///< 0: no row, but the unused end of the ring
    std::uint32_t key_bytes;
    std::uint32_t value_bytes;
  };
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t place = 0;  ///< of the row, in units, from 1 on; 0: empty
  };

  static constexpr std::size_t kUnit = 8;  ///< rows begin at multiples of it
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  static std::size_t row_bytes(std::size_t key_bytes, std::size_t value_bytes);
  static std::uint32_t hash_of(std::uint32_t owner, std::string_view key);
  Head head_at(std::size_t offset) const;
  std::size_t find(std::uint32_t hash, std::uint32_t owner, std::string_view key) const;
  void insert(Slot slot);
  void erase_slot(std::size_t hole);
  void drop_oldest();
  std::size_t room_for(std::size_t bytes);

  const std::size_t capacity_;
  std::unique_ptr<char[]> ring_;
  // Both only grow; modulo the capacity they are places in the ring.
  std::uint64_t oldest_ = 0;
  std::uint64_t end_ = 0;
  std::vector<Slot> slots_;  ///< an open table; a power of two, at most half full
  std::size_t count_ = 0;
  std::uint32_t owners_ = 0;
};

}  // namespace ebc::state
