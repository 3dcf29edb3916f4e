// The uncommitted state of one home: what the open transaction has written, over what is committed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "state/byte_arena.h"
#include "state/committed_store.h"

namespace ebc::state {

/// Keeps the last write of each key, so a hundred changes of a key in one transaction are one changelog record and one
/// row. Its bound is its user's to hold: look at bytes() and commit. One thread.
///
/// Found by a hash table, in order only when someone asks for it (a scan, a commit); everything lies in memory that is
/// taken back at once, so that a write costs no allocation and a commit frees nothing.
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
  std::size_t size() const { return net_; }
  bool empty() const { return net_ == 0; }
  /// Memory in use for them, the book-keeping included, and what they have replaced: it only grows until all is
  /// committed, discarded or undone.
  std::size_t bytes() const { return arena_.bytes() + rows_.size() * kRowBytes; }

  /// The net writes in the order of their keys. The views are valid until the next write. The first error ends the
  /// visit and is returned.
  Status visit_writes(const std::function<Status(const Write&)>& visit);

  /// Applies the net writes and the position to the committed store, at once or not at all, and is empty then. After an
  /// error everything is still held: the same call may be repeated when the verdict is Retry.
  Status commit(Offset changelog_offset_next);

  /// Forgets all that is uncommitted.
  void discard();

 private:
  struct Row {
    std::string_view key;
    std::size_t hash = 0;  ///< of the key
    char* value = nullptr;
    std::uint32_t size = 0;  ///< of the value
    std::uint32_t room = 0;  ///< for the value, where it lies
    bool erased = false;
    bool absent_before = false;  ///< known not to be in committed state: erased, it leaves nothing
    bool gone = false;           ///< erased and absent before: it isn't a write any more

    std::optional<std::string_view> written() const {
      return erased ? std::nullopt : std::optional(std::string_view(value, size));
    }
  };

  // A row, its number in order_ and its two slots.
  static constexpr std::size_t kRowBytes = sizeof(Row) + 3 * sizeof(std::uint32_t);

  /// Where the key's number is, or would be, in slots_.
  std::size_t slot_of(std::string_view key, std::size_t hash) const;
  Row* find(std::string_view key);
  Row& find_or_add(std::string_view key, bool absent_before);
  void grow();
  void assign(Row& row, std::string_view value);
  /// Brings order_ up to date.
  void sort();

  CommittedStore* committed_;
  ByteArena arena_;  ///< the keys and values
  std::vector<Row> rows_;
  std::vector<std::uint32_t> slots_;  ///< an open table of numbers of rows, from 1 on; 0: empty. At most half full
  std::vector<std::uint32_t> order_;  ///< those of rows_, by key; the latest may be missing
  std::size_t net_ = 0;               ///< rows that aren't gone
  std::vector<Write> writes_;         ///< of the running commit; kept for its memory
};

}  // namespace ebc::state
