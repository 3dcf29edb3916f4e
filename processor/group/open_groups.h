// Pages of a home's open groups, read out of its committed rows in slices of bounded work.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "processor/group/group_view.h"

namespace ebc::group {

enum class GroupOrder : std::uint8_t {
  Id,        ///< by the bytes of the ids: stable, whatever happens meanwhile
  Deadline,  ///< what is due first comes first
};

struct PageQuery {
  GroupOrder order = GroupOrder::Id;
  std::string after = {};  ///< a key of an earlier page; empty: from the start
  std::size_t limit = 100;
  std::optional<std::pair<std::string, std::string>> label = {};
  std::optional<Timestamp> created_before = {};
  std::size_t rows = 5'000;  ///< looked at, at most
};

/// A page of one home, or of several merged: keys compare as bytes.
struct Page {
  struct Item {
    std::string key;
    std::string json;
  };
  std::vector<Item> items;
  /// Up to this key everything was looked at, and more may follow; none: nothing does.
  std::optional<std::string> next;
};

/// Status: as the reader gave it. Rows that can't be read are left out: the list is no place to find them.
Result<Page> open_groups(const RowReader& rows, Partition home, const PageQuery& query);

/// The pages of several homes or instances, each cut at its own place, as one.
Page merge(std::vector<Page> pages, std::size_t limit);

}  // namespace ebc::group
