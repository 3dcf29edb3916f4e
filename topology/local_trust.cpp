#include "topology/local_trust.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "state/changelog_codec.h"

namespace ebc::topology {
namespace {

static_assert(kRestoreKey[0] == state::kLocalKeyByte);
constexpr char kRestoreFormat = 1;

std::string encode_restore_row(Timestamp began) {
  const std::int64_t ms = to_ms(began);
  std::string row(1 + sizeof ms, kRestoreFormat);
  std::memcpy(row.data() + 1, &ms, sizeof ms);
  return row;
}

/// None: there is none, or of another version, which says as much.
Result<std::optional<Timestamp>> restore_began(const state::CommittedStore& store) {
  std::string row;
  auto found = store.get(kRestoreKey, row);
  if (!found.ok()) return found.status();
  std::int64_t ms = 0;
  if (!*found || row.size() != 1 + sizeof ms || row[0] != kRestoreFormat) return std::optional<Timestamp>{};
  std::memcpy(&ms, row.data() + 1, sizeof ms);
  return std::optional(timestamp_from_ms(ms));
}

}  // namespace

Result<std::optional<Progress>> stored_progress(const state::CommittedStore& store) {
  std::string row;
  auto found = store.get(kProgressKey, row);
  if (!found.ok()) return found.status();
  if (!*found) return std::optional<Progress>{};
  auto progress = decode_progress(row);
  if (!progress.ok()) return progress.status();
  return std::optional<Progress>{*progress};
}

Result<LocalState> local_state(const state::CommittedStore& store) {
  LocalState local;
  auto position = store.changelog_offset_next();
  if (!position.ok()) return position.status();
  local.position = *position;
  auto progress = stored_progress(store);
  if (!progress.ok()) return progress.status();
  local.progress = *progress;
  auto began = restore_began(store);
  if (!began.ok()) return began.status();
  local.sound_since = *began;
  // (An empty optional is less than any.)
  if (local.progress) local.sound_since = std::max(local.sound_since, std::optional(local.progress->written));
  return local;
}

Result<std::string> distrust(const LocalState& local, Partition home, ChangelogRange changelog, LogOffsets& offsets,
                             Timestamp now, Duration trusted_for) {
  const Offset position = *local.position;
  if (position > changelog.end) {
    return fmt::format("it stands at changelog offset {}, beyond the changelog's end {}", position, changelog.end);
  }
  if (position < changelog.start) {
    return fmt::format("it stands at changelog offset {}, before the changelog's start {}", position, changelog.start);
  }
  if (!local.sound_since) return std::string("nothing says how old it is");
  if (now - *local.sound_since > trusted_for) {
    return std::string("it is older than the changelog keeps its tombstones for");
  }
  if (local.progress) return std::string{};
  // It knows of no generation. What it has read was in the changelog before it began to read; all of one that was made
  // anew meanwhile is younger.
  auto younger = offsets.offset_at({Channel::Changelog, home}, *local.sound_since);
  if (!younger.ok()) return younger.status();
  if (*younger < position) return std::string("the changelog may have been made anew since a restore was broken off");
  return std::string{};
}

Result<state::Restorer> restore_anew(state::CommittedStore& store, state::Restorer::Limits batch, Timestamp now) {
  EBC_TRY(store.clear());
  auto restorer = state::Restorer::begin(store, batch);
  if (restorer.ok()) restorer->add_local(kRestoreKey, encode_restore_row(now));
  return restorer;
}

bool of_another_generation(std::uint64_t generation, std::optional<std::string_view> key,
                           std::optional<std::string_view> value) {
  if (key != kProgressKey || !value) return false;
  const auto write = state::decode_changelog(key, value);
  if (!write.ok() || !write.value().value) return false;
  const auto progress = decode_progress(*write.value().value);
  return progress.ok() && progress.value().generation != generation;
}

}  // namespace ebc::topology
