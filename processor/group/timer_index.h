// Deadlines in the store, found in the order in which they pass.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "processor/api/key_value_store.h"
#include "processor/group/row_codec.h"

namespace ebc::group {

/// Looking for what is due begins where the last look ended: behind the tombstones of everything that fired before,
/// which a store must otherwise step over one by one. One thread.
class TimerIndex {
 public:
  /// `store` outlives the index.
  explicit TimerIndex(KeyValueStore& store) : store_(store) {}

  /// Finds the first deadline; once, before anything else.
  Status init();

  /// `known_absent`: the row isn't in the committed state.
  void add(Timestamp deadline, TimerKind kind, std::string_view id, std::uint64_t number, bool known_absent = true);
  void remove(Timestamp deadline, TimerKind kind, std::string_view id, std::uint64_t number);

  /// No deadline is earlier; there may be none at it any more. kNever: there is none.
  Timestamp next() const { return next_; }

  /// The earliest that was added since the last call; kNever: none was.
  Timestamp take_earliest_added() { return std::exchange(earliest_added_, kNever); }

  /// Replaces `out` by at most `limit` timers with deadline < clock, earliest first, and moves next() on. They stay in
  /// the index until they are removed.
  Status collect_due(Timestamp clock, std::size_t limit, std::vector<Timer>& out);

 private:
  KeyValueStore& store_;
  Timestamp next_ = kNever;
  Timestamp earliest_added_ = kNever;
  std::string from_;  ///< no row lies before; empty: not looked yet
  // Kept for their memory.
  std::string key_, until_;
};

}  // namespace ebc::group
