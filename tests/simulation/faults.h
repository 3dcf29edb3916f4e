// What goes wrong in a history, and how often. Thrown anew for each seed, so that some histories are calm but for one
// kind of trouble and others have it all at once.
#pragma once

#include "processor/api/types.h"
#include "tests/simulation/dice.h"

namespace ebc::simulation {

struct Faults {
  // Of a hundred commits.
  int offsets_refused = 0;  ///< an abortable error
  int request_lost = 0;     ///< any request: never arrives, the client repeats it
  int answer_lost = 0;      ///< any request: arrives, the client repeats it
  int late_copy = 0;        ///< of a repeated request, the first copy arrives once more, later
  int commit_unknown = 0;   ///< the client gives up without an answer
  // Of a hundred questions or polls.
  int question_unanswered = 0;
  int redelivered = 0;       ///< a poll brings records once more
  int partition_stalls = 0;  ///< a partition isn't fetched for a while
  // Of a hundred writes to a store.
  int disk_full = 0, disk_damaged = 0, early_flush = 0;
  // Times a history.
  int kills = 0, freezes = 0, expulsions = 0, rolling_restarts = 0, lost_disks = 0;
  bool offsets_expire = false;
  bool compaction = false;
  bool purge = false;

  static Faults thrown(Dice& dice) {
    Faults faults;
    const auto some = [&dice](int often, int most) { return dice.percent(often) ? 1 + dice.below(most) : 0; };
    faults.offsets_refused = some(20, 10);
    faults.request_lost = some(30, 10);
    faults.answer_lost = some(40, 20);
    faults.late_copy = some(60, 100);
    faults.commit_unknown = some(40, 20);
    faults.question_unanswered = some(30, 20);
    faults.redelivered = some(25, 10);
    faults.partition_stalls = some(40, 10);
    faults.disk_full = some(15, 10);
    faults.disk_damaged = some(10, 5);
    faults.early_flush = some(50, 30);
    faults.kills = some(50, 4);
    faults.freezes = some(40, 3);
    faults.expulsions = some(15, 2);
    faults.rolling_restarts = some(20, 2);
    faults.lost_disks = some(15, 1);
    faults.offsets_expire = dice.one_in(6);
    faults.compaction = dice.one_in(3);
    faults.purge = dice.one_in(3);
    return faults;
  }

  /// Calm again: what is under way is to end well.
  void end() {
    const bool were_compacting = compaction, were_purging = purge;
    *this = {};
    compaction = were_compacting;
    purge = were_purging;
  }
};

}  // namespace ebc::simulation
