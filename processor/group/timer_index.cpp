#include "processor/group/timer_index.h"

#include <algorithm>

namespace ebc::group {
namespace {

// Not empty: between here and a changelog nobody may take it for a deletion.
constexpr std::string_view kPresent{"\x01", 1};

}  // namespace

Status TimerIndex::init() {
  std::vector<Timer> none;
  return collect_due(Timestamp::min(), 0, none);
}

void TimerIndex::add(Timestamp deadline, TimerKind kind, std::string_view id, std::uint64_t number, bool known_absent) {
  timer_key(deadline, kind, id, number, key_);
  if (known_absent) {
    store_.put_new(key_, kPresent);
  } else {
    store_.put(key_, kPresent);
  }
  next_ = std::min(next_, deadline);
  if (key_ < from_) from_ = key_;
  earliest_added_ = std::min(earliest_added_, deadline);
}

void TimerIndex::remove(Timestamp deadline, TimerKind kind, std::string_view id, std::uint64_t number) {
  timer_key(deadline, kind, id, number, key_);
  store_.erase(key_);
}

Status TimerIndex::collect_due(Timestamp clock, std::size_t limit, std::vector<Timer>& out) {
  out.clear();
  if (from_.empty()) timers_from(Timestamp::min(), from_);
  timers_end(until_);
  key_ = until_;
  Timestamp next = kNever;
  bool damaged = false;
  EBC_TRY(store_.scan(from_, until_, [&](std::string_view key, std::string_view) {
    Timer timer;
    damaged = !decode_timer(key, timer);
    if (damaged) return false;
    if (timer.deadline < clock && out.size() < limit) {
      out.push_back(std::move(timer));
      return true;
    }
    next = timer.deadline;
    key_ = key;
    return false;
  }));
  if (damaged) return {Verdict::TaskCorrupted, "a row of the timer index can't be read"};
  next_ = next;
  // Those handed out are removed by the caller; add() brings the start back when an earlier one comes.
  from_ = key_;
  return {};
}

}  // namespace ebc::group
