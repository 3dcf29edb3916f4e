// Whether a home's local state may be brought up from its changelog, or must be thrown away first. The same for who
// takes a home and for who follows it.
//
// What deletes a row of the store may be gone from the changelog (delete.retention.ms) before it was read here. So a
// store must say since when it is known to be sound: whatever deletes one of its rows was in the changelog then, or
// came later. Two rows say so, and the later one counts: the progress row, which was the changelog's last when it was
// written, and the restore row, for a store that was begun anew and has not got as far as any progress row.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "processor/api/status.h"
#include "state/committed_store.h"
#include "state/restorer.h"
#include "topology/log.h"
#include "topology/progress.h"

namespace ebc::topology {

/// The restore row: of the store alone, never in a changelog. Version 0x01, then the wall clock in ms, a little-endian
/// 64-bit integer: when its rows began to be read from the changelog's start.
inline constexpr std::string_view kRestoreKey{"\x02", 1};

/// The home's progress row as it stands in its store; none when it has none. Fatal: of an unknown version.
Result<std::optional<Progress>> stored_progress(const state::CommittedStore& store);

/// What a store says of itself.
struct LocalState {
  std::optional<Offset> position;  ///< none: it was never restored
  std::optional<Progress> progress;
  std::optional<Timestamp> sound_since;  ///< none: nobody knows
};
/// Fatal: a progress row of an unknown version.
Result<LocalState> local_state(const state::CommittedStore& store);

struct ChangelogRange {
  Offset start = 0, end = 0;
};

/// Why local state that has a position can't be used, in words that follow "because"; empty: it can. Retry: Kafka
/// didn't answer.
Result<std::string> distrust(const LocalState& local, Partition home, ChangelogRange changelog, LogOffsets& offsets,
                             Timestamp now, Duration trusted_for);

/// Empties the store and begins to restore it from the changelog's start; the first batch brings the restore row.
Result<state::Restorer> restore_anew(state::CommittedStore& store, state::Restorer::Limits batch, Timestamp now);

/// True for a progress row of another generation than `generation`: the store and the record come from two changelogs.
bool of_another_generation(std::uint64_t generation, std::optional<std::string_view> key,
                           std::optional<std::string_view> value);

}  // namespace ebc::topology
