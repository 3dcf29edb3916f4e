#include "state/store_check.h"

#include <functional>

#include "state/changelog_codec.h"

namespace ebc::state {
namespace {

constexpr std::size_t kShown = 20;

std::size_t hash_of(std::string_view value) { return std::hash<std::string_view>{}(value); }

}  // namespace

Status StoreCheck::add(Offset offset, std::optional<std::string_view> key, std::optional<std::string_view> value) {
  const auto write = decode_changelog(key, value);
  if (!write.ok()) return write.status();
  Row& row = rows_[std::string(write.value().key)];
  if (offset >= offset_next_) {
    row.newer = true;
  } else {
    row.present = write.value().value.has_value();
    row.hash = row.present ? hash_of(*write.value().value) : 0;
  }
  return {};
}

Result<StoreCheck::Report> StoreCheck::compare(const CommittedStore& store) const {
  Report report;
  const auto differs = [&report](Kind kind, std::string_view key) {
    ++report.different;
    if (report.differences.size() < kShown) report.differences.push_back({kind, std::string(key)});
  };
  std::size_t met = 0;  // rows of the log that must be in the store, and were found there
  std::string text;
  EBC_TRY(store.scan({}, {}, [&](std::string_view key, std::string_view value) {
    if (key.front() == kLocalKeyByte) return true;
    text.assign(key);
    const auto found = rows_.find(text);
    if (found == rows_.end()) {
      differs(Kind::Surplus, key);
      return true;
    }
    const Row& row = found->second;
    if (row.newer) return true;
    if (!row.present) {
      differs(Kind::Surplus, key);
      return true;
    }
    ++met;
    if (row.hash == hash_of(value)) {
      ++report.equal;
    } else {
      differs(Kind::Differs, key);
    }
    return true;
  }));
  std::size_t wanted = 0;
  for (const auto& [key, row] : rows_) {
    if (row.newer) {
      ++report.newer;
    } else if (row.present) {
      ++wanted;
    }
  }
  if (wanted == met) return report;
  for (const auto& [key, row] : rows_) {
    if (row.newer || !row.present) continue;
    auto found = store.get(key, text);
    if (!found.ok()) return found.status();
    if (!*found) differs(Kind::Missing, key);
  }
  return report;
}

}  // namespace ebc::state
