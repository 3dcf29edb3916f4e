// Whether a home's local state may be brought up from its changelog, or must be thrown away first. The same for who
// takes a home and for who follows it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "processor/api/status.h"
#include "state/committed_store.h"
#include "topology/progress.h"

namespace ebc::topology {

/// The home's progress row as it stands in its store; none when it has none. Fatal: of an unknown version.
Result<std::optional<Progress>> stored_progress(const state::CommittedStore& store);

struct ChangelogRange {
  Offset start = 0, end = 0;
};

/// Why local state at `position` can't be used, in words that follow "because"; empty: it can. `last_current`: when it
/// was last known to hold everything; none: not known, and then not judged.
std::string distrust(Offset position, ChangelogRange changelog, std::optional<Timestamp> last_current, Timestamp now,
                     Duration trusted_for);

/// True for a progress row of another generation than `generation`: the store and the record come from two changelogs.
bool of_another_generation(std::uint64_t generation, std::optional<std::string_view> key,
                           std::optional<std::string_view> value);

}  // namespace ebc::topology
