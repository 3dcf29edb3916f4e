// Records of a transaction that nobody has been told of yet.
//
// A transaction that begins while the one before is still being ended by the broker is refused
// (CONCURRENT_TRANSACTIONS) and the client then waits 20 ms, turning in a loop for a part of it. When there is little
// to do, a commit follows soon after the one before, and nearly each one would meet that. Held back until its commit, a
// transaction begins at the broker with the records that end it; that also keeps it from standing in the way of readers
// for longer than it must.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "topology/sink.h"

namespace ebc::topology {

/// One thread.
class HeldRecords {
 public:
  /// Copies what the views name.
  void add(const SinkRecord& record);
  /// Of topics, keys, values and headers.
  std::size_t bytes() const { return bytes_; }
  /// Gives all of them to `send` in the order of adding, and forgets them. Views are valid during the call.
  template <typename Send>
  void release(Send&& send) {
    for (std::size_t i = 0; i < count_; ++i) send(view_of(entries_[i]));
    clear();
  }
  void clear() { count_ = bytes_ = 0; }

 private:
  struct Piece {
    std::size_t begin = 0, size = 0;
    bool null = true;
  };
  /// Kept for the next record, with its memory.
  struct Entry {
    std::string text;  ///< topic, key, value and headers, one behind the other
    Piece topic, key, value;
    std::vector<std::pair<Piece, Piece>> headers;
    SinkRecord rest;  ///< without views
  };
  SinkRecord view_of(const Entry& entry);

  std::vector<Entry> entries_;
  std::vector<Header> headers_;
  std::size_t count_ = 0, bytes_ = 0;
};

}  // namespace ebc::topology
