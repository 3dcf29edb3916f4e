#include "bench/load/groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>

namespace ebc::bench {

GroupLoad::GroupLoad(LoadShape shape) : shape_(std::move(shape)), random_(shape_.seed) {
  const auto filler = [](int bytes, int frame) { return static_cast<std::size_t>(std::max(0, bytes - frame)); };
  payload_ = fmt::format(R"({{"note":"{}"}})", std::string(filler(shape_.payload_bytes, 11), 'p'));
  filler_.assign(filler(shape_.result_bytes, 33), 'x');
  for (int i = 0; i < shape_.entities; ++i) expected_ += fmt::format(R"({}"e{:05}")", i > 0 ? "," : "", i);
  slots_.resize(static_cast<std::size_t>(std::min(shape_.interleave, shape_.groups)));
  for (Open& slot : slots_) open(slot);
}

void GroupLoad::open(Open& slot) {
  const double draw = std::uniform_real_distribution<>(0, 100)(random_);
  slot.kind = draw < shape_.fail_percent ? 'f' : draw < shape_.fail_percent + shape_.timeout_percent ? 't' : 's';
  slot.id = fmt::format("{}-{:08}-{}", shape_.prefix, opened_++, slot.kind);
  slot.order.resize(static_cast<std::size_t>(shape_.entities));
  std::iota(slot.order.begin(), slot.order.end(), 0U);
  std::shuffle(slot.order.begin(), slot.order.end(), random_);
  slot.step = 0;
  slot.odd = slot.order.empty() ? 0 : 1 + random_() % slot.order.size();
}

std::size_t GroupLoad::pick() {
  if (shape_.creates_first && created_ < slots_.size()) return created_++;
  return random_() % slots_.size();
}

bool GroupLoad::next(std::int64_t now_ns, std::string_view& key, std::string_view& value) {
  for (;;) {
    // The slot whose group ended last is reused only now: the views handed out pointed into it.
    if (finished_ != kNone) {
      if (opened_ < shape_.groups) {
        open(slots_[finished_]);
      } else {
        std::swap(slots_[finished_], slots_.back());
        slots_.pop_back();
      }
      finished_ = kNone;
    }
    if (slots_.empty()) return false;
    const std::size_t index = pick();
    Open& slot = slots_[index];
    const bool withheld = slot.kind == 't' && slot.step > 0 && slot.step == slot.odd;
    if (!withheld) slot.step == 0 ? write_create(slot) : write_done(slot, now_ns);
    key_ = slot.id;
    if (++slot.step > slot.order.size()) finished_ = index;
    if (withheld) continue;
    key = key_;
    value = value_;
    return true;
  }
}

void GroupLoad::write_create(const Open& slot) {
  value_.clear();
  fmt::format_to(std::back_inserter(value_),
                 R"({{"id":"{}","type":"EventGroupCollectorCreate","expected":[{}],"ttl":{},"payload":{}}})", slot.id,
                 expected_, slot.kind == 't' ? shape_.timeout_ttl : shape_.ttl, payload_);
}

void GroupLoad::write_done(const Open& slot, std::int64_t now_ns) {
  value_.clear();
  fmt::format_to(std::back_inserter(value_), R"({{"id":"e{:05}","type":"EventGroupCollectorEntityDone","group":"{}",)",
                 slot.order[slot.step - 1], slot.id);
  if (slot.kind == 'f' && slot.step == slot.odd) {
    fmt::format_to(std::back_inserter(value_), R"("error":"simulated t={}"}})", now_ns);
  } else {
    fmt::format_to(std::back_inserter(value_), R"("result":{{"t":{},"p":"{}"}}}})", now_ns, filler_);
  }
}

GroupName parse_group(std::string_view id, std::string_view prefix) {
  constexpr std::size_t kTail = 11;  // -NNNNNNNN-K
  GroupName name;
  if (id.size() != prefix.size() + kTail || !id.starts_with(prefix)) return name;
  const char* const digits = id.data() + prefix.size() + 1;
  std::int64_t number = -1;
  if (std::from_chars(digits, digits + 8, number).ptr != digits + 8) return name;
  return {number, id.back()};
}

}  // namespace ebc::bench
