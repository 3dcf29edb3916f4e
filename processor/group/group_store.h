// Groups between the pure core and the engine's store: a write-back cache, and the two layouts in which a group lies.
//
// A compact group is one row, written whole. A spread group (many entities, or much to keep) has its head in one row
// and its entities in buckets of some sixteen, a row each, so that one more settled entity costs one bucket at most
// however large the group is; large values have rows of their own, so that a bucket stays small. Nothing is written
// before flush(): a bucket is one row however many of its entities settled since the last one, and a group that lives
// and dies between two commits writes nothing at all.
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
#include "processor/group/stored_heads.h"
#include "processor/group/timer_index.h"

namespace ebc::group {

struct Entry;
/// Entries by the deadline of a timer; those of the same deadline in the order in which they were set.
using HeldTimers = std::multimap<Timestamp, Entry*>;

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
  bool stored = false;                             ///< its head has a row
  std::optional<Timestamp> stored_timer;           ///< it has a timer row
  std::optional<HeldTimers::iterator> held_timer;  ///< its place among the timers held in memory
  Entry* before = nullptr;
  Entry* after = nullptr;
  std::size_t bytes = 0;
};

/// What the homes of a thread share.
struct ThreadShare {
  std::size_t homes = 0;  ///< each takes an equal part of the options' bounds
  // Kept for their memory.
  std::vector<std::unique_ptr<Entry>> entries;
  std::vector<std::unique_ptr<Group>> groups;
};

/// One home's groups. One thread. Status: as the engine's store gave it, or TaskCorrupted for a row that can't be read.
class GroupStore {
 public:
  using EntityVisitor = std::function<void(std::string_view id, EntityState state, Json value)>;

  /// All outlive the store.
  GroupStore(KeyValueStore& store, TimerIndex& timers, const CollectorOptions& options, ThreadShare& sharing)
      : store_(store), timers_(timers), options_(options), sharing_(sharing) {}
  ~GroupStore();

  Status init();

  /// Never null. The entry stays where it is until trim().
  Result<Entry*> find(std::string_view id);

  /// A group to be filled and opened.
  std::unique_ptr<Group> spare_group();
  void give_back(std::unique_ptr<Group> group);
  /// The entry becomes an open group; its timer is armed.
  void open(Entry& entry, std::unique_ptr<Group> group);
  /// The entry's group, marker or waiting events changed: it will be written.
  void touch(Entry& entry);
  /// The group is gone, its rows with it; what is remembered of it is `marker`.
  Status close(Entry& entry, const Marker& marker);
  /// Nothing is known of the id any more.
  void forget(Entry& entry);

  /// `value` is replaced where the entity has settled. Finds it for settle_found().
  Result<EntityState> entity(Entry& entry, std::string_view id, std::string& value);
  /// Expects one more entity, which the group doesn't know.
  Status add_entity(Entry& entry, std::string_view id);
  /// Expects all of `ids` (sorted, no repeats) of a group just opened.
  Status add_entities(Entry& entry, const std::vector<std::string_view>& ids);
  /// The entity that entity() found last, awaited, settles, `after` the group's creation. No other call here in
  /// between.
  Status settle_found(Entry& entry, EntityState state, Json value, Duration after);
  /// In the order of the ids' bytes.
  Status visit_entities(Entry& entry, const EntityVisitor& visit);
  /// What the Create gave to hand on. The view is valid until the next call here.
  Result<const Envelope*> envelope(const Entry& entry);

  /// Deadlines of groups not yet written. kNever: none.
  Timestamp next_held() const { return held_.empty() ? kNever : held_.begin()->first; }
  Entry* first_held() { return held_.begin()->second; }

  /// Removes a timer row that fired and is not the entry's deadline any more.
  void drop_stored_timer(Entry& entry, const Timer& timer);

  /// Writes all that is dirty.
  Status flush();
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
  Status spread(Entry& entry, std::size_t entities);
  Status find_entity(Entry& entry, std::string_view id);
  Result<Bucket*> bucket_of(Entry& entry, std::string_view id);
  Status read_bucket(const Entry& entry, std::string_view row, Bucket& bucket);
  Status load_buckets(Entry& entry);
  Status more_buckets(Entry& entry);
  void make_dirty(Group& group, Bucket& bucket);
  Status visit_spread(Entry& entry, const EntityVisitor& visit);
  /// Into value_.
  Status value_apart(const Entry& entry, std::string_view id);
  void put_apart(Entry& entry, Entity& entity, Json value);
  void write_buckets(Entry& entry);
  Status erase_spread(const Entry& entry);
  void write(Entry& entry);
  void drop(Entry& entry);
  Status damaged(std::string_view what, std::string_view id) const;

  KeyValueStore& store_;
  TimerIndex& timers_;
  const CollectorOptions& options_;
  ThreadShare& sharing_;
  EntryTable<Entry> entries_;  ///< owned
  IntrusiveList<Entry> clean_, dirty_, remembered_, spent_;
  MarkerMemory markers_;  ///< of resolved groups that have no row
  StoredHeads heads_;
  HeldTimers held_;  ///< of groups that are dirty
  Totals totals_, totals_written_;
  Envelope envelope_;
  struct Found {
    Bucket* bucket = nullptr;  ///< of a spread group
    Entity* entity = nullptr;
  };
  Found found_;  ///< by entity()
  // Kept for their memory.
  std::string key_, until_, value_;
  std::vector<std::pair<std::uint64_t, const Entity*>> sorted_;
};

}  // namespace ebc::group
