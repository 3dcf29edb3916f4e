#include "topology/fencer.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace ebc::topology {
namespace {

constexpr Duration kAskEvery{500};

/// Static member ids are the instance's, a dash and the thread's number.
bool belongs_to(const std::string& member, const std::string& instance) {
  if (!member.starts_with(instance + "-")) return false;
  const std::string_view thread = std::string_view(member).substr(instance.size() + 1);
  return !thread.empty() && thread.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

void Fencer::step(const std::vector<TakingSnapshot>& takes, Timestamp now) {
  if (now - asked_ < kAskEvery && now >= asked_) return;
  for (const TakingSnapshot& take : takes) {
    if (!take.unstable_since) continue;
    for (const InstanceRegistry::Dead& dead : registry_.dead_holders_of(take.partition, now)) {
      const auto before = fenced_.find(dead.record.uuid);
      if (before != fenced_.end() && before->second == dead.record.heartbeat) continue;
      asked_ = now;
      if (session_over(dead, now)) fence(dead.record, take.partition);
    }
  }
}

bool Fencer::session_over(const InstanceRegistry::Dead& dead, Timestamp now) {
  if (dead.record.id.empty()) return now - dead.heard > session_timeout_;
  const auto members = actions_.members();
  if (!members.ok()) {
    spdlog::info("{}", members.status().message());
    return false;
  }
  return std::none_of(members.value().begin(), members.value().end(),
                      [&](const std::string& member) { return belongs_to(member, dead.record.id); });
}

void Fencer::fence(const InstanceRecord& record, Partition home) {
  for (const ProducerIds& ids : record.producers) {
    for (int i = 0; i < ids.threads; ++i) {
      const std::string id = fmt::format("{}-{}", ids.prefix, i);
      if (const Status ended = actions_.end_transaction(id); !ended.ok()) {
        spdlog::warn("home {} waits for {}, which can't be ended: {}", home, id, ended.message());
        return;  // once more at the next step
      }
      spdlog::info("home {} waited for a transaction of an instance that is gone; ended what {} had open", home, id);
    }
  }
  fenced_[record.uuid] = record.heartbeat;
}

}  // namespace ebc::topology
