#include "topology/local_trust.h"

#include <fmt/format.h>

#include "state/changelog_codec.h"

namespace ebc::topology {

Result<std::optional<Progress>> stored_progress(const state::CommittedStore& store) {
  std::string row;
  auto found = store.get(kProgressKey, row);
  if (!found.ok()) return found.status();
  if (!*found) return std::optional<Progress>{};
  auto progress = decode_progress(row);
  if (!progress.ok()) return progress.status();
  return std::optional<Progress>{*progress};
}

std::string distrust(Offset position, ChangelogRange changelog, std::optional<Timestamp> last_current, Timestamp now,
                     Duration trusted_for) {
  if (position > changelog.end) {
    return fmt::format("it stands at changelog offset {}, beyond the changelog's end {}", position, changelog.end);
  }
  if (position < changelog.start) {
    return fmt::format("it stands at changelog offset {}, before the changelog's start {}", position, changelog.start);
  }
  if (last_current && now - *last_current > trusted_for) {
    return "it is older than the changelog keeps its tombstones for";
  }
  return {};
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
