// Which ids may have a row, without asking the store: most Creates are of ids that have none, and such a look-up in
// RocksDB costs as much as reading the event.
//
// A Bloom filter (Bloom 1970; one 64-bit word an id, after Putze, Sanders, Singler 2007) over the ids of all head rows.
// It is made from the store itself, a slice with each commit, and says nothing until it has seen all of it; what is
// written meanwhile goes in directly. Rows that are erased stay in it, so when it has grown full, another one is made
// the same way while this one serves on. Memory: 16 bits an id, with room for four times the rows there are; 32 KiB at
// least.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "processor/api/key_value_store.h"

namespace ebc::group {

/// One home's. One thread.
class StoredHeads {
 public:
  /// `hash`: fingerprint() of an id. False is certain: the store has no head row of that id.
  bool may_have(std::uint64_t hash) const { return !ready_ || serving_.has(hash); }

  /// A head row is being written.
  void add(std::uint64_t hash);

  /// Reads some more of the store, when there is reason to. With each commit, after the writes. `ids`: about so many
  /// rows are to be expected.
  Status learn(KeyValueStore& store, std::size_t ids);

 private:
  struct Filter {
    std::vector<std::uint64_t> words;
    std::size_t added = 0;
    bool has(std::uint64_t hash) const { return (word(hash) & bits(hash)) == bits(hash); }
    void add(std::uint64_t hash);
    void reset(std::size_t ids);
    bool full() const { return added > words.size() * 4; }

   private:
    std::uint64_t word(std::uint64_t hash) const { return words[(hash >> 32) & (words.size() - 1)]; }
    static std::uint64_t bits(std::uint64_t hash);
  };

  void begin(std::size_t ids);

  Filter serving_;
  Filter making_;
  bool ready_ = false;      ///< serving_ knows all rows
  bool making_on_ = false;  ///< making_ has seen those before from_
  std::string from_;
};

}  // namespace ebc::group
