// Compares a store with its changelog: whether what is on disk is what the log says it must be.
//
// Compaction may have taken records that the store was made of, when a later record of the same key is in the log; so
// keys that were written after the store's position can't be compared, and are only counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "state/committed_store.h"

namespace ebc::state {

/// One store. Keeps each key of the log and a hash of its value: some 100 bytes a row. One thread.
class StoreCheck {
 public:
  enum class Kind : std::uint8_t {
    Missing,  ///< in the changelog, not in the store
    Surplus,  ///< in the store, not in the changelog
    Differs,  ///< in both, with other values
  };
  struct Difference {
    Kind kind;
    std::string key;
  };
  struct Report {
    std::size_t equal = 0;                ///< rows that are the same
    std::size_t newer = 0;                ///< keys written after the store's position: not compared
    std::size_t different = 0;            ///< all differences ...
    std::vector<Difference> differences;  ///< ... of which the first few
  };

  /// `offset_next`: the store's changelog position.
  explicit StoreCheck(Offset offset_next) : offset_next_(offset_next) {}

  /// The next record of the changelog, from its start on. Fatal: it can't be read.
  Status add(Offset offset, std::optional<std::string_view> key, std::optional<std::string_view> value);

  /// After the last record. Errors are the store's.
  Result<Report> compare(const CommittedStore& store) const;

 private:
  struct Row {
    std::size_t hash = 0;
    bool present = false;  ///< at the store's position
    bool newer = false;
  };

  const Offset offset_next_;
  std::unordered_map<std::string, Row> rows_;
};

}  // namespace ebc::state
