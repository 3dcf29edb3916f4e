// Short words for what the tests of this folder do with a store all the time.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "state/committed_store.h"

namespace ebc::state {

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// Of a CommittedStore or a KeyValueStore.
template <typename Store>
Pairs rows_of(Store& store, std::string_view from = {}, std::string_view until = {}) {
  Pairs rows;
  const Status scanned = store.scan(from, until, [&](std::string_view key, std::string_view value) {
    rows.emplace_back(key, value);
    return true;
  });
  EXPECT_TRUE(scanned.ok()) << scanned.message();
  return rows;
}

/// The value, or "(absent)".
template <typename Store>
std::string value_of(Store& store, std::string_view key) {
  std::string value = "(untouched)";
  Result<bool> found = store.get(key, value);
  EXPECT_TRUE(found.ok()) << found.status().message();
  if (!found.ok() || *found) return value;
  EXPECT_EQ(value, "(untouched)");
  return "(absent)";
}

inline std::optional<Offset> position_of(const CommittedStore& store) {
  Result<std::optional<Offset>> position = store.changelog_offset_next();
  EXPECT_TRUE(position.ok()) << position.status().message();
  return position.ok() ? *position : std::nullopt;
}

inline Status apply(CommittedStore& store, const std::vector<Write>& writes, Offset changelog_offset_next) {
  return store.apply(writes, changelog_offset_next);
}

MATCHER(IsOk, "") {
  *result_listener << arg.message();
  return arg.ok();
}

MATCHER_P(Fails, verdict, "") {
  *result_listener << "with message: " << arg.message();
  return arg.verdict() == verdict;
}

MATCHER_P2(Fails, verdict, text, "") {
  *result_listener << "with message: " << arg.message();
  return arg.verdict() == verdict && arg.message().find(text) != std::string::npos;
}

}  // namespace ebc::state
