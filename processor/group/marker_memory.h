// What is remembered in memory of resolved groups: many, small, and looked for at every Create.
//
// One of them takes about 60 bytes. They lie in chunks in the order in which they were remembered, so that the oldest
// are let go of a chunk at a time, and an open table over their hashes finds one, or finds out that there is none, with
// one access to memory in the usual case.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "processor/group/row_codec.h"

namespace ebc::group {

/// One home's. One thread.
class MarkerMemory {
 public:
  /// `hash` is that of the id, everywhere here. One that is remembered already is replaced.
  void remember(std::string_view id, std::uint64_t hash, const Marker& marker);
  std::optional<Marker> find(std::string_view id, std::uint64_t hash) const;
  void forget(std::string_view id, std::uint64_t hash);

  /// Forgets, in the order of remembering, all that expired before `clock`, and what is beyond the bound.
  void trim(Timestamp clock, std::size_t max_bytes);

  std::size_t count() const { return count_; }
  /// Held, with their share of the table.
  std::size_t bytes() const { return record_bytes_ + count_ * 2 * sizeof(Slot); }

 private:
  /// In front of each id.
  struct Header {
    std::int64_t expires_ms, created_ms;
    std::uint64_t fingerprint;
    std::uint32_t tag;
    std::uint16_t id_size;
    bool live;
  };
  struct Slot {
    std::uint32_t tag = 0;    ///< of the hash; 0: the slot is free
    std::uint32_t place = 0;  ///< of the record, in units since the beginning, modulo 2^32
  };
  static constexpr std::size_t kUnit = 8;
  static constexpr std::size_t kChunk = std::size_t{64} << 10;

  static std::size_t size_of(std::size_t id_size);
  char* at(std::uint32_t place) const;
  Header header(std::uint32_t place) const;
  std::string_view id(std::uint32_t place, const Header& header) const;
  std::size_t first_slot(std::uint32_t tag) const { return (tag >> 1) & (table_.size() - 1); }
  std::size_t slot_of(std::string_view id, std::uint64_t hash) const;
  void insert(const Slot& one);
  void erase_slot(std::size_t slot);
  void grow();
  void drop_front(const Header& front);

  std::vector<Slot> table_;  ///< linear probing; a power of two, at most three quarters full
  std::size_t count_ = 0;
  std::deque<std::unique_ptr<char[]>> chunks_;
  std::uint64_t first_chunk_ = 0;  ///< how many chunks were let go of
  std::uint64_t begin_ = 0;        ///< of the oldest record, in bytes since the beginning of time
  std::uint64_t end_ = 0;          ///< behind the youngest
  std::size_t record_bytes_ = 0;
};

}  // namespace ebc::group
