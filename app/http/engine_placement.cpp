#include "app/http/engine_placement.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "topology/murmur2.h"

namespace ebc::app {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// Taking a snapshot asks every thread and home; so often it may be old.
constexpr auto kSnapshotAge = std::chrono::milliseconds(50);
/// After standing still: the group's coordinator has answered a heartbeat by then, and the instances topic was read.
constexpr auto kUnsure = std::chrono::seconds(5);

std::string state_name(topology::HomeState state) {
  switch (state) {
    case topology::HomeState::Taking:
      return "taking";
    case topology::HomeState::Restoring:
      return "restoring";
    case topology::HomeState::Running:
      return "running";
    case topology::HomeState::Standby:
      return "standby";
  }
  return "taking";
}

HomeStatus status_of(const topology::HomeSnapshot& home) {
  return {.home = home.home,
          .state = state_name(home.state),
          .waiting_for = home.waiting_for,
          .restored = home.restored,
          .restore_lag = home.restore_lag,
          .input_lag = home.input_lag,
          .clock = home.clock};
}

Member member_of(topology::InstanceInfo info) {
  Member member{.id = info.id.empty() ? std::move(info.uuid) : std::move(info.id),
                .http = std::move(info.http),
                .version = std::move(info.version),
                .partitions = std::move(info.partitions),
                .homes = std::move(info.homes),
                .standbys = std::move(info.standbys),
                .details = {},
                .self = info.self};
  for (const auto& home : info.home_details) member.details.push_back(status_of(home));
  std::sort(member.details.begin(), member.details.end(),
            [](const HomeStatus& a, const HomeStatus& b) { return a.home < b.home; });
  return member;
}

}  // namespace

std::shared_ptr<const topology::EngineSnapshot> EnginePlacement::snapshot() const {
  const std::lock_guard lock(mutex_);
  const auto now = SteadyClock::now();
  if (snapshot_ == nullptr || now - snapshot_taken_ > kSnapshotAge) {
    snapshot_ = std::make_shared<topology::EngineSnapshot>(engine_.snapshot());
    snapshot_taken_ = now;
  }
  return snapshot_;
}

int EnginePlacement::homes() const { return snapshot()->homes; }

Partition EnginePlacement::home_of(std::string_view group) const {
  return topology::home_of(group, std::max(1, homes()));
}

std::vector<Member> EnginePlacement::members() const {
  const std::lock_guard lock(mutex_);
  const auto now = SteadyClock::now();
  if (now - members_taken_ > kSnapshotAge) {
    members_.clear();
    for (auto& info : engine_.instances()) {
      if (info.live || info.self) members_.push_back(member_of(std::move(info)));
    }
    members_taken_ = now;
  }
  return members_;
}

std::optional<Member> EnginePlacement::owner_of(Partition home) const {
  auto owner = engine_.owner_of(home);
  if (!owner || owner->self) return std::nullopt;
  return member_of(std::move(*owner));
}

std::shared_ptr<const state::CommittedStore> EnginePlacement::store(Partition home) const {
  {
    const std::lock_guard lock(mutex_);
    const auto now = SteadyClock::now();
    if (now < unsure_until_ || now - beat_ > session_timeout_ / 2) return nullptr;
  }
  return engine_.committed_store(home);
}

Timestamp EnginePlacement::clock_of(Partition home) const {
  const auto now = snapshot();
  for (const auto& owned : now->owned) {
    if (owned.home == home) return owned.clock;
  }
  return {};
}

std::vector<Partition> EnginePlacement::own_homes() const {
  std::vector<Partition> homes;
  const auto now = snapshot();
  for (const auto& owned : now->owned) {
    if (owned.state == topology::HomeState::Running) homes.push_back(owned.home);
  }
  return homes;
}

std::string EnginePlacement::why_homeless(Partition home) const {
  const auto now = snapshot();
  for (const auto& owned : now->owned) {
    if (owned.home != home) continue;
    if (owned.state == topology::HomeState::Running)
      return "this instance stood still and makes sure that it still owns it";
    return owned.waiting_for.empty() ? fmt::format("it is {} here", state_name(owned.state))
                                     : fmt::format("here it waits for {}", owned.waiting_for);
  }
  return "no live instance says that it runs it";
}

void EnginePlacement::beat() {
  const std::lock_guard lock(mutex_);
  const auto now = SteadyClock::now();
  if (now - beat_ > session_timeout_ / 2) {
    unsure_until_ = now + kUnsure;
    spdlog::warn("http: this process stood still for {} ms; it answers for no group until it knows what it still owns",
                 std::chrono::duration_cast<Duration>(now - beat_).count());
  }
  beat_ = now;
}

}  // namespace ebc::app
