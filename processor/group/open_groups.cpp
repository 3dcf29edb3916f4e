#include "processor/group/open_groups.h"

#include <algorithm>
#include <iterator>

namespace ebc::group {
namespace {

/// Beyond so many rows of a spread group its first missing ids aren't looked for: a list must stay quick.
constexpr std::size_t kPreviewRows = 64;

struct Candidate {
  std::string key;  ///< in the page
  std::string id;
};

std::string first_key_after(std::string key) {
  key.push_back('\0');
  return key;
}

/// The next ids in the wanted order. `exhausted`: no more follow.
Status candidates(const RowReader& rows, const PageQuery& query, std::vector<Candidate>& out, bool& exhausted) {
  std::string from, until;
  const bool by_id = query.order == GroupOrder::Id;
  if (by_id) {
    head_key(query.after, from);
    envelope_key({}, until);
  } else {
    timers_from(Timestamp::min(), from);
    from.resize(1);
    from += query.after;
    timers_end(until);
  }
  if (!query.after.empty()) from = first_key_after(std::move(from));
  exhausted = true;
  return rows.scan(from, until, [&](std::string_view key, std::string_view) {
    if (out.size() == query.rows) {
      exhausted = false;
      return false;
    }
    Candidate candidate{std::string(key.substr(1)), {}};
    Timer timer;
    if (by_id) {
      candidate.id = candidate.key;
    } else if (decode_timer(key, timer) && timer.kind == TimerKind::Deadline) {
      candidate.id = std::move(timer.id);
    }
    out.push_back(std::move(candidate));
    return true;
  });
}

bool wanted(const GroupView& view, const PageQuery& query) {
  if (view.kind != GroupView::Kind::Open) return false;
  if (query.created_before && view.group.created >= *query.created_before) return false;
  return !query.label || has_label(view.group.envelope.labels, query.label->first, query.label->second);
}

}  // namespace

Result<Page> open_groups(const RowReader& rows, Partition home, const PageQuery& query) {
  std::vector<Candidate> found;
  bool exhausted = false;
  if (Status status = candidates(rows, query, found, exhausted); !status.ok()) return status;
  Page page;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Candidate& candidate = found[i];
    if (page.items.size() == query.limit) {
      page.next = page.items.back().key;
      return page;
    }
    if (candidate.id.empty()) continue;
    auto view = read_head(rows, candidate.id);
    if (!view.ok() || !wanted(*view, query)) continue;
    if (view->group.layout == Layout::Spread) {
      auto whole = read_group(rows, candidate.id, {.ids = 3, .bytes = 0, .rows = kPreviewRows});
      if (!whole.ok() || whole->kind != GroupView::Kind::Open) continue;
      view = std::move(whole);
    }
    Page::Item& item = page.items.emplace_back();
    item.key = candidate.key;
    encode_summary(candidate.id, *view, home, item.json);
  }
  if (!exhausted) page.next = found.back().key;
  return page;
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
