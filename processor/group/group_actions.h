// What events do to a group: the pure decisions of group.h carried out on the store and the outbox.
#pragma once

#include <string>
#include <vector>

#include "processor/group/event_json.h"
#include "processor/group/group_store.h"
#include "processor/group/kept_events.h"
#include "processor/group/outbox.h"
#include "processor/group/stats.h"

namespace ebc::group {

/// One home's. `time` is always the time to judge an event by (contract of Processor::process).
class GroupActions {
 public:
  struct Parts {
    ProcessorContext& context;
    const CollectorOptions& options;
    CollectorStats& stats;
    GroupStore& groups;
    KeptEvents& kept;
    Outbox& outbox;
    const CollectorOptions& kept_options;  ///< to read events from the store with
  };
  /// All parts outlive this.
  explicit GroupActions(const Parts& parts) : parts_(parts), parked_parser_(parts.kept_options) {}

  /// An event of a group that is open; it may end the group. `time` isn't before the group was opened.
  Status act(Entry& entry, const Event& event, const Record& record, Timestamp time);

  /// Opens the group; it may end at once.
  Status create(Entry& entry, const Event& event, const Record& record, Timestamp time);
  /// Fails a group that can't be opened, and dead-letters its Create.
  Status refuse_create(Entry& entry, const Event& event, const Record& record, Timestamp time, std::string_view why);
  /// Its deadline has passed.
  Status time_out(Entry& entry);
  /// The event came after the outcome.
  void late(const Record& record);
  void late(const StoredEvent& event);

 private:
  Status done(Entry& entry, const EntityDone& done, const Record& record, Timestamp time);
  Status park(Entry& entry, const EntityDone& done, const Record& record, Timestamp time);
  Status settle_one(Entry& entry, const EntityDone& done, Timestamp time);
  Status update(Entry& entry, const Update& update, const Record& record, Timestamp time);
  Status add(Entry& entry, const Update& update, const Record& record, Timestamp time, bool& refused);
  Status seal(Entry& entry, Timestamp time);
  bool parse_parked(const StoredEvent& event);
  Status judge_parked(Entry& entry, const StoredEvent& event, Timestamp time);
  Status resolve(Entry& entry, const Resolution& resolution);
  Marker marker_of(const Origin& origin, Timestamp resolved) const;

  Parts parts_;
  EventParser parked_parser_;  ///< of events taken from the store while another event is being handled
  std::string settled_, text_, error_;
  std::vector<std::string_view> ids_;
  EntityLists lists_;
};

}  // namespace ebc::group
