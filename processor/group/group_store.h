// Groups between the pure core and the engine's store: a write-back cache, and the two layouts in which a group lies.
//
// A compact group is one row, written whole. A spread group (many entities, or much to keep) has its head in one row
// and each entity in a row of its own, so that one more settled entity costs one look-up and one small write however
// large the group is. Heads are held back in memory until flush(): a group that lives and dies between two commits
// writes nothing at all.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "processor/api/key_value_store.h"
#include "processor/group/entry_table.h"
#include "processor/group/group.h"
#include "processor/group/intrusive_list.h"
#include "processor/group/marker_memory.h"
#include "processor/group/options.h"
#include "processor/group/row_codec.h"
#include "processor/group/timer_index.h"

namespace ebc::group {

/// All that is known of one group id. Owned by the GroupStore; lives until its next trim().
struct Entry {
  enum class Kind : std::uint8_t {
    Unknown,  ///< never seen, or forgotten
    Waiting,  ///< events came, the Create didn't
    Open,
    Resolved,  ///< remembered for a while
  };
  enum class Place : std::uint8_t {
    Loose,
    Clean,
    Dirty,
    Remembered,  ///< by its row, too
    Spent,       ///< nothing that isn't known elsewhere: gone with the next trim()
  };

  std::string id;
  std::uint64_t hash = 0;  ///< of the id
  Kind kind = Kind::Unknown;
  std::unique_ptr<Group> group;  ///< when Open
  Waiting waiting;               ///< when Waiting; the number goes on when it opens
  Marker marker;                 ///< when Resolved

  // The store's own book-keeping.
  Place place = Place::Loose;
  bool stored = false;                                            ///< its head has a row
  std::optional<Timestamp> stored_timer;                          ///< it has a timer row
  std::optional<std::pair<Timestamp, std::uint64_t>> held_timer;  ///< its place among the timers held in memory
  Entry* before = nullptr;
  Entry* after = nullptr;
  std::size_t bytes = 0;
};

/// What the homes of a thread share: each takes an equal part of the options' bounds.
struct HomeCount {
  std::size_t homes = 0;
};

/// One home's groups. One thread. Status: as the engine's store gave it, or TaskCorrupted for a row that can't be read.
class GroupStore {
 public:
  using EntityVisitor = std::function<void(std::string_view id, EntityState state, Json value)>;

  /// All outlive the store.
  GroupStore(KeyValueStore& store, TimerIndex& timers, const CollectorOptions& options, const HomeCount& sharing)
      : store_(store), timers_(timers), options_(options), sharing_(sharing) {}
  ~GroupStore();

  Status init();

  /// Never null. The entry stays where it is until trim().
  Result<Entry*> find(std::string_view id);

  /// The entry becomes an open group; its timer is armed.
  void open(Entry& entry, Group&& group);
  /// The entry's group, marker or waiting events changed: it will be written.
  void touch(Entry& entry);
  /// The group is gone, its rows with it; what is remembered of it is `marker`.
  Status close(Entry& entry, const Marker& marker);
  /// Nothing is known of the id any more.
  void forget(Entry& entry);

  /// `value` is replaced where the entity has settled.
  Result<EntityState> entity(Entry& entry, std::string_view id, std::string& value);
  /// Expects one more entity, which the group doesn't know.
  Status add_entity(Entry& entry, std::string_view id);
  /// Expects all of `ids` (sorted, no repeats) of a group just opened.
  Status add_entities(Entry& entry, const std::vector<std::string_view>& ids);
  /// An entity that is awaited settles.
  Status set_entity(Entry& entry, std::string_view id, EntityState state, Json value);
  /// In the order of the ids' bytes.
  Status visit_entities(const Entry& entry, const EntityVisitor& visit);
  /// What the Create gave to hand on. The view is valid until the next call here.
  Result<const Envelope*> envelope(const Entry& entry);

  /// Deadlines of groups not yet written. kNever: none.
  Timestamp next_held() const { return held_.empty() ? kNever : held_.begin()->first.first; }
  Entry* first_held() { return held_.begin()->second; }

  /// Removes a timer row that fired and is not the entry's deadline any more.
  void drop_stored_timer(Entry& entry, const Timer& timer);

  /// Writes all that is dirty.
  void flush();
  std::size_t unflushed_bytes() const { return dirty_.bytes(); }

  /// Gives memory back within the bounds and forgets markers that expired before `clock`. Entries handed out are
  /// invalid.
  void trim(Timestamp clock);

  Totals& totals() { return totals_; }

 private:
  Entry& add(std::string_view id, std::uint64_t hash);
  Status load(Entry& entry);
  void place(Entry& entry, Entry::Place place);
  IntrusiveList<Entry>* list_of(Entry::Place place);
  void hold_timer(Entry& entry);
  void drop_timers(Entry& entry);
  Status spread(Entry& entry);
  void write(Entry& entry);
  void drop(Entry& entry);
  Status damaged(std::string_view what, std::string_view id) const;

  KeyValueStore& store_;
  TimerIndex& timers_;
  const CollectorOptions& options_;
  const HomeCount& sharing_;
  EntryTable<Entry> entries_;  ///< owned
  std::vector<std::unique_ptr<Entry>> spares_;
  IntrusiveList<Entry> clean_, dirty_, remembered_, spent_;
  MarkerMemory markers_;  ///< of resolved groups that have no row
  /// Timers of groups that are dirty: by deadline, then in the order in which they were set.
  std::map<std::pair<Timestamp, std::uint64_t>, Entry*> held_;
  std::uint64_t timers_held_ = 0;
  Totals totals_, totals_written_;
  Envelope envelope_;
  std::string key_, until_, value_;  ///< kept for their memory
};

}  // namespace ebc::group
