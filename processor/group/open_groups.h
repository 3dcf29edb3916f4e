// Pages of open groups, read out of the committed rows of some homes in slices of bounded work.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "processor/group/deadline_floor.h"
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
  std::size_t rows = 5'000;  ///< looked at, at most, in all homes together
};

/// Keys compare as bytes.
struct Page {
  struct Item {
    std::string key;
    std::string json;
  };
  std::vector<Item> items;
  /// Up to this key everything was looked at, and more may follow; none: nothing does.
  std::optional<std::string> next;
};

struct HomeRows {
  Partition home = 0;
  const RowReader* rows = nullptr;
  DeadlineFloor* floor = nullptr;  ///< of the home, if it has one
};

struct OpenPage {
  Page page;
  std::vector<Partition> homes;  ///< that it speaks for: one whose rows couldn't be read isn't among them
};

/// One page of all these homes' open groups. What is read grows with the page and with what the query leaves out, not
/// with the homes: each gives its next rows only when their turn comes. Groups whose rows can't be read are left out:
/// the list is no place to find them.
OpenPage open_groups(std::span<const HomeRows> homes, const PageQuery& query);

/// The pages of several instances, each cut at its own place, as one.
Page merge(std::vector<Page> pages, std::size_t limit);

}  // namespace ebc::group
