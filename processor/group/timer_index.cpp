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
  from_ = std::min(from_, deadline);
  earliest_added_ = std::min(earliest_added_, deadline);
}

void TimerIndex::remove(Timestamp deadline, TimerKind kind, std::string_view id, std::uint64_t number) {
  timer_key(deadline, kind, id, number, key_);
  store_.erase(key_);
}

Status TimerIndex::collect_due(Timestamp clock, std::size_t limit, std::vector<Timer>& out) {
  out.clear();
  timers_from(from_, key_);
  timers_end(until_);
  Timestamp next = kNever;
  bool damaged = false;
  EBC_TRY(store_.scan(key_, until_, [&](std::string_view key, std::string_view) {
    Timer timer;
    damaged = !decode_timer(key, timer);
    if (damaged) return false;
    if (timer.deadline < clock && out.size() < limit) {
      out.push_back(std::move(timer));
      return true;
    }
    next = timer.deadline;
    return false;
  }));
  if (damaged) return {Verdict::TaskCorrupted, "a row of the timer index can't be read"};
  next_ = next;
  // Those handed out are removed by the caller; add() brings the start back when an earlier one comes.
  from_ = out.empty() ? next : out.back().deadline;
  return {};
}

}  // namespace ebc::group
