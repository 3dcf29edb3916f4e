#include "processor/group/open_groups.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace ebc::group {
namespace {

/// Beyond so many rows of a spread group its first missing ids aren't looked for: a list must stay quick.
constexpr std::size_t kPreviewRows = 64;
/// Beyond a home's even share of a page.
constexpr std::size_t kSpareRows = 4;
constexpr std::size_t kLargestSlice = 512;

struct Candidate {
  std::string key;  ///< in the page
  std::string id;
};

std::string first_key_after(std::string key) {
  key.push_back('\0');
  return key;
}

/// One home's candidates in the wanted order, read a slice at a time.
class Cursor {
 public:
  /// `slice`: rows read at first; more each time, for who needs many will need more.
  Cursor(const HomeRows& home, const PageQuery& query, std::size_t slice)
      : home_(home), by_id_(query.order == GroupOrder::Id), from_start_(query.after.empty()), slice_(slice) {
    if (by_id_) {
      head_key(query.after, from_);
      envelope_key({}, until_);
    } else {
      timers_from(Timestamp::min(), from_);
      from_.resize(1);
      from_ += query.after;
      timers_end(until_);
    }
    if (!query.after.empty()) from_ = first_key_after(std::move(from_));
  }

  const HomeRows& home() const { return home_; }
  const Candidate& front() const { return found_[at_]; }
  /// To the first or the next one. False: there is none. Status: as the reader gave it.
  Result<bool> advance() {
    if (at_ + 1 < found_.size()) {
      ++at_;
      return true;
    }
    if (exhausted_) return false;
    const bool first = std::exchange(from_start_, false) && !by_id_ && home_.floor != nullptr;
    if (Status status = first ? read_first_slice() : read_slice(); !status.ok()) return status;
    return !found_.empty();
  }

 private:
  Status read_first_slice() {
    DeadlineFloor::Look look(*home_.floor);
    timers_from(look.from(), from_);
    Status status = read_slice();
    Timer timer;
    // The keys of a page begin behind the byte that says what kind of row it is.
    if (status.ok() && found_.empty()) look.found(kNever);
    if (status.ok() && !found_.empty() && decode_timer(from_.substr(0, 1) + found_.front().key, timer)) {
      look.found(timer.deadline);
    }
    return status;
  }

  Status read_slice() {
    found_.clear();
    at_ = 0;
    exhausted_ = true;
    Status status = home_.rows->scan(from_, until_, [this](std::string_view key, std::string_view) {
      if (found_.size() == slice_) {
        exhausted_ = false;
        return false;
      }
      Candidate& candidate = found_.emplace_back(Candidate{std::string(key.substr(1)), {}});
      Timer timer;
      if (by_id_) {
        candidate.id = candidate.key;
      } else if (decode_timer(key, timer) && timer.kind == TimerKind::Deadline) {
        candidate.id = std::move(timer.id);
      }
      return true;
    });
    if (!found_.empty()) {
      from_.resize(1);
      from_ = first_key_after(from_ + found_.back().key);
    }
    slice_ = std::min(2 * slice_, kLargestSlice);
    return status;
  }

  HomeRows home_;
  bool by_id_, from_start_;
  std::size_t slice_;
  std::string from_, until_;
  std::vector<Candidate> found_;
  std::size_t at_ = 0;
  bool exhausted_ = false;
};

bool wanted(const GroupView& view, const PageQuery& query) {
  if (view.kind != GroupView::Kind::Open) return false;
  if (query.created_before && view.group.created >= *query.created_before) return false;
  return !query.label || has_label(view.group.envelope.labels, query.label->first, query.label->second);
}

/// The summary of a candidate, if it is wanted.
bool summarise(const HomeRows& home, const Candidate& candidate, const PageQuery& query, std::string& json) {
  if (candidate.id.empty()) return false;
  auto view = read_head(*home.rows, candidate.id);
  if (!view.ok() || !wanted(*view, query)) return false;
  if (view->group.layout == Layout::Spread) {
    auto whole = read_group(*home.rows, candidate.id, {.ids = 3, .bytes = 0, .rows = kPreviewRows});
    if (!whole.ok() || whole->kind != GroupView::Kind::Open) return false;
    view = std::move(whole);
  }
  encode_summary(candidate.id, *view, home.home, json);
  return true;
}

}  // namespace

OpenPage open_groups(std::span<const HomeRows> homes, const PageQuery& query) {
  OpenPage result;
  Page& page = result.page;
  const std::size_t slice = query.limit / std::max<std::size_t>(1, homes.size()) + kSpareRows;
  std::vector<Cursor> cursors;
  cursors.reserve(homes.size());
  // A heap, the least key on top. A home that fails is out: what it gave before is right, but not all.
  std::vector<Cursor*> heap;
  const auto later = [](const Cursor* a, const Cursor* b) { return a->front().key > b->front().key; };
  std::set<Partition> failed;
  const auto move_on = [&](Cursor& cursor) {
    auto more = cursor.advance();
    if (!more.ok()) failed.insert(cursor.home().home);
    if (!more.ok() || !*more) return;
    heap.push_back(&cursor);
    std::push_heap(heap.begin(), heap.end(), later);
  };
  for (const HomeRows& home : homes) move_on(cursors.emplace_back(home, query, slice));

  std::string last;
  for (std::size_t looked_at = 0; !heap.empty(); ++looked_at) {
    if (page.items.size() == query.limit || looked_at == query.rows) {
      page.next = std::move(last);
      break;
    }
    std::pop_heap(heap.begin(), heap.end(), later);
    Cursor& cursor = *heap.back();
    heap.pop_back();
    Page::Item item;
    if (summarise(cursor.home(), cursor.front(), query, item.json)) {
      item.key = cursor.front().key;
      page.items.push_back(std::move(item));
    }
    last = cursor.front().key;
    move_on(cursor);
  }
  for (const HomeRows& home : homes) {
    if (!failed.contains(home.home)) result.homes.push_back(home.home);
  }
  return result;
}

Page merge(std::vector<Page> pages, std::size_t limit) {
  Page merged;
  for (Page& page : pages) {
    // What one page doesn't reach, the merged one doesn't either: there may be more of that page in between.
    if (page.next && (!merged.next || *page.next < *merged.next)) merged.next = std::move(page.next);
    std::move(page.items.begin(), page.items.end(), std::back_inserter(merged.items));
  }
  std::stable_sort(merged.items.begin(), merged.items.end(),
                   [](const Page::Item& a, const Page::Item& b) { return a.key < b.key; });
  if (merged.next) {
    std::erase_if(merged.items, [&](const Page::Item& item) { return item.key > *merged.next; });
  }
  if (merged.items.size() > limit) {
    merged.items.resize(limit);
    merged.next = merged.items.back().key;
  }
  return merged;
}

}  // namespace ebc::group
