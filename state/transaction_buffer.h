// The uncommitted state of one home: what the open transaction has written, over what is committed.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "state/committed_store.h"

namespace ebc::state {

/// Keeps the last write of each key, so a hundred changes of a key in one transaction are one changelog record and one
/// row. Its bound is its user's to hold: look at bytes() and commit. One thread.
///
///   buffer writes -> visit_writes() into the changelog -> Kafka commits -> commit(position)
///                                                      -> Kafka aborts  -> discard()
class TransactionBuffer final : public KeyValueStore {
 public:
  /// `committed` outlives the buffer, and is changed through it alone while it holds writes.
  explicit TransactionBuffer(CommittedStore& committed) : committed_(&committed) {}

  Result<bool> get(std::string_view key, std::string& value) override;
  void put(std::string_view key, std::string_view value) override;
  void put_new(std::string_view key, std::string_view value) override;
  void erase(std::string_view key) override;
  /// Shows the processor's keys only: `from` is raised to kFirstUserKeyByte. The engine's own rows are read with get().
  Status scan(std::string_view from, std::string_view until, const Visitor& visit) override;

  /// Net writes: what a commit would apply.
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  /// Memory held by them, roughly, the book-keeping included.
  std::size_t bytes() const { return bytes_; }

  /// The net writes in the order of their keys. The views are valid until the next write. The first error ends the
  /// visit and is returned.
  Status visit_writes(const std::function<Status(const Write&)>& visit) const;

  /// Applies the net writes and the position to the committed store, at once or not at all, and is empty then. After an
  /// error everything is still held: the same call may be repeated when the verdict is Retry.
  Status commit(Offset changelog_offset_next);

  /// Forgets all that is uncommitted.
  void discard();

 private:
  struct Entry {
    std::optional<std::string> value;  ///< none: erased
    bool absent_before = false;        ///< known not to be in committed state: erased, it leaves nothing
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  static std::size_t bytes_of(const Entries::value_type& entry);
  void store(std::string_view key, std::optional<std::string_view> value, bool absent_before);

  CommittedStore* committed_;
  Entries entries_;
  std::size_t bytes_ = 0;
  std::vector<Write> writes_;  ///< of the running commit; kept for its memory
};

}  // namespace ebc::state
