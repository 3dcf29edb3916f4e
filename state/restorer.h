// Brings a store up to its changelog. It is given records and knows no consumer; restoring and following (a standby)
// are the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "state/committed_store.h"

namespace ebc::state {

/// Collects records and applies them in batches, each with the position behind its last record, so that a crash in the
/// middle only costs the batch at hand. One thread.
class Restorer {
 public:
  struct Limits {
    std::size_t rows = 2'000;      ///< records of one batch
    std::size_t bytes = 1u << 20;  ///< keys and values of one batch
  };

  /// Reads the store's position; passes its errors up. `store` outlives the restorer.
  static Result<Restorer> begin(CommittedStore& store, Limits limits);
  static Result<Restorer> begin(CommittedStore& store) { return begin(store, Limits{}); }

  /// The offset from which records are wanted; 0 for a store that was never restored.
  Offset offset_next() const { return offset_next_; }

  /// The next changelog record; offsets ascend, gaps are normal (compaction, markers). One below offset_next() is
  /// ignored. Copies what it keeps. Fatal: the record can't be read (the message says what to do; the caller adds topic
  /// and partition). Other errors are the store's; after a Retry the same record may be given again.
  Status add(Offset offset, std::optional<std::string_view> key, std::optional<std::string_view> value);

  /// A row of the store's own, which is in no changelog: applied with the next batch.
  void add_local(std::string_view key, std::string_view value) { keep(key, value, false); }

  /// Applies what is left, with the position `offset_next`: behind the last record and the markers that follow it. May
  /// be followed by more records. TaskCorrupted: the store is beyond `offset_next`, so it doesn't come from this
  /// changelog or the changelog has lost records.
  Status finish(Offset offset_next);

  /// Records taken by add(), ignored ones not among them.
  std::int64_t records() const { return records_; }

 private:
  struct Row {
    std::size_t begin, key_size, value_size;  ///< in bytes_: the key, the value right behind it
    bool erased;
  };

  Restorer(CommittedStore& store, Limits limits, std::optional<Offset> position)
      : store_(&store), limits_(limits), applied_(position), offset_next_(position.value_or(0)) {}

  void keep(std::string_view key, std::string_view value, bool erased);
  Status apply(Offset offset_next);

  CommittedStore* store_;
  Limits limits_;
  std::optional<Offset> applied_;  ///< the store's position
  Offset offset_next_;             ///< behind the last record taken
  std::int64_t records_ = 0;
  std::string bytes_;
  std::vector<Row> rows_;
  std::vector<Write> writes_;  ///< of the running apply(); kept for its memory
};

}  // namespace ebc::state
