#include "topology/standbys.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>

#include "topology/local_trust.h"

namespace ebc::topology {

Standbys::Standbys(StandbyConfig config, StandbyStores& stores, LogOffsets& offsets, ChangelogReader& reader,
                   const Clock& clock)
    : config_(config),
      stores_(stores),
      offsets_(offsets),
      reader_(reader),
      clock_(clock),
      stall_(config.stall_timeout) {
  visitor_.record = [this](Partition home, Offset offset, std::optional<std::string_view> key,
                           std::optional<std::string_view> value) {
    Follower* const found = in_touch(home, clock_.now());
    if (found == nullptr || offset < found->position) return;
    Follower& follower = *found;
    if (follower.generation && of_another_generation(*follower.generation, key, value)) {
      return restart(home, follower, "it belongs to another generation of the changelog");
    }
    if (const Status added = follower.restorer->add(offset, key, value); !added.ok()) {
      return failed(home, follower, added, clock_.now());
    }
    follower.position = offset + 1;
    follower.waiting = true;
  };
  visitor_.end = [this](Partition home, Offset offset_next) {
    const Timestamp now = clock_.now();
    Follower* const found = in_touch(home, now);
    if (found == nullptr) return;
    if (offset_next > found->position) found->position = offset_next, found->waiting = true;
    is_current(*found, now);
  };
  visitor_.broken = [this](Partition home) {
    if (Follower* const found = reading(home)) restart(home, *found, "the changelog no longer holds its position");
  };
}

Standbys::~Standbys() {
  for (auto& [home, follower] : followers_) drop(home, follower);
}

Standbys::Follower* Standbys::reading(Partition home) {
  const auto it = followers_.find(home);
  if (it == followers_.end() || !it->second.restorer || it->second.lost) return nullptr;
  return &it->second;
}

Standbys::Follower* Standbys::in_touch(Partition home, Timestamp now) {
  Follower* const follower = reading(home);
  if (follower == nullptr || now - follower->read_sound_since <= config_.trusted_for) return follower;
  // While it was cut off or paused, tombstones may have come and gone.
  spdlog::warn("[home {}] its standby was not in touch with the changelog for too long; judging its state anew", home);
  follower->lost = true;
  return nullptr;
}

void Standbys::is_current(Follower& follower, Timestamp now) {
  follower.read_sound_since = now;
  if (!follower.waiting) follower.sound_since = now;
}

void Standbys::choose(std::vector<Partition> homes) {
  const std::lock_guard lock(mutex_);
  if (homes == chosen_) return;
  chosen_ = std::move(homes);
  chosen_since_ = clock_.now();
}

std::vector<HomeSnapshot> Standbys::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

void Standbys::turn(Duration wait) {
  const Timestamp now = clock_.now();
  obey_choice(now);
  for (auto& [home, follower] : followers_) {
    if (follower.lost) drop(home, follower);
    if (follower.restorer || now < follower.not_before) continue;
    if (const Status opened = open(home, follower, now); !opened.ok()) failed(home, follower, opened, now);
  }
  if (const Status polled = reader_.poll(wait, visitor_); !polled.ok()) spdlog::warn("standbys: {}", polled.message());
  for (auto& [home, follower] : followers_) {
    if (follower.waiting && !follower.lost && now - follower.applied >= config_.apply_every) apply(home, follower, now);
  }
  ask_ends(now);
  renew_when_stalled(now);
  publish();
}

void Standbys::renew_when_stalled(Timestamp now) {
  std::uint64_t progress = 0;
  bool behind = false;
  for (const auto& [home, follower] : followers_) {
    progress += static_cast<std::uint64_t>(follower.position);
    behind |= follower.restorer && follower.end && follower.position < *follower.end;
  }
  if (!stall_.stalled(behind, progress, now.time_since_epoch())) return;
  spdlog::warn("the standbys' reader has brought nothing for long; reading with a new client");
  if (const Status renewed = reader_.renew(); !renewed.ok()) spdlog::warn("standbys: {}", renewed.message());
  for (auto& [home, follower] : followers_) follower.lost = true;
}

void Standbys::obey_choice(Timestamp now) {
  std::vector<Partition> chosen;
  {
    const std::lock_guard lock(mutex_);
    if (now - chosen_since_ < config_.settle) return;
    chosen = chosen_;
  }
  for (auto it = followers_.begin(); it != followers_.end();) {
    if (std::find(chosen.begin(), chosen.end(), it->first) != chosen.end()) {
      ++it;
      continue;
    }
    drop(it->first, it->second);
    it = followers_.erase(it);
  }
  std::vector<Partition> fresh;
  for (const Partition home : chosen) {
    if (followers_.try_emplace(home).second) fresh.push_back(home);
  }
  if (fresh.size() > 1) stores_.prepare_homes(fresh);
}

Status Standbys::open(Partition home, Follower& follower, Timestamp now) {
  auto store = stores_.open_standby(home);
  if (!store.ok()) return store.status();
  follower.store = *store;
  const std::array log{LogPartition{Channel::Changelog, home}};
  auto starts = offsets_.starts(log);
  if (!starts.ok()) return starts.status();
  auto ends = offsets_.ends(log);
  if (!ends.ok()) return ends.status();
  const ChangelogRange changelog{(*starts)[0], (*ends)[0]};
  auto local = local_state(*follower.store);
  if (!local.ok()) return local.status();
  local->sound_since = std::max(local->sound_since, follower.sound_since);
  if (local->position && !follower.from_start) {
    auto why = distrust(*local, home, changelog, offsets_, now, config_.trusted_for);
    if (!why.ok()) return why.status();
    if (!why->empty()) spdlog::warn("[home {}] the standby's state is not used, because {}", home, *why);
    follower.from_start = !why->empty();
  }
  const bool anew = !local->position || follower.from_start;
  auto restorer =
      anew ? restore_anew(*follower.store, config_.batch, now) : state::Restorer::begin(*follower.store, config_.batch);
  if (!restorer.ok()) return restorer.status();
  follower.from_start = false;
  follower.position = anew ? changelog.start : *local->position;
  follower.generation = !anew && local->progress ? std::optional(local->progress->generation) : std::nullopt;
  follower.read_sound_since = anew ? now : *local->sound_since;
  follower.sound_since = anew ? std::nullopt : local->sound_since;
  EBC_TRY(reader_.start(home, follower.position));
  follower.restorer.emplace(std::move(*restorer));
  follower.end = changelog.end;
  follower.applied = now;
  spdlog::info("[home {}] followed as a standby from changelog offset {} of {}", home, follower.position,
               changelog.end);
  return {};
}

void Standbys::apply(Partition home, Follower& follower, Timestamp now) {
  follower.applied = now;
  if (const Status applied = follower.restorer->finish(follower.position); !applied.ok()) {
    return failed(home, follower, applied, now);
  }
  follower.waiting = false;
  follower.sound_since = follower.read_sound_since;
}

void Standbys::failed(Partition home, Follower& follower, const Status& status, Timestamp now) {
  // Not dropped at once: this may come out of the middle of a poll.
  follower.lost = true;
  follower.not_before = now + config_.retry_after;
  if (status.verdict() == Verdict::Fenced) return;  // taken here, as it should be
  if (status.verdict() == Verdict::TaskCorrupted) follower.from_start = true;
  spdlog::warn("[home {}] its standby waits: {}", home, status.message());
}

void Standbys::restart(Partition home, Follower& follower, const char* why) {
  spdlog::warn("[home {}] the standby's state is not used, because {}; following from the changelog's start", home,
               why);
  follower.lost = follower.from_start = true;
  follower.restorer.reset();
}

void Standbys::drop(Partition home, Follower& follower) {
  reader_.stop(home);
  follower.restorer.reset();
  follower.store.reset();
  follower.end.reset();
  follower.waiting = follower.lost = false;
}

void Standbys::ask_ends(Timestamp now) {
  if (followers_.empty() || now - ends_asked_ < config_.ask_ends_every) return;
  ends_asked_ = now;
  std::vector<LogPartition> logs;
  for (const auto& [home, follower] : followers_) logs.push_back({Channel::Changelog, home});
  const auto ends = offsets_.ends(logs);
  if (!ends.ok()) return;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    Follower& follower = followers_[logs[i].partition];
    follower.end = ends.value()[i];
    // A reader tells of an end once. Nothing came since, so nothing went.
    if (follower.restorer && !follower.lost && follower.position >= *follower.end) is_current(follower, now);
  }
}

void Standbys::publish() {
  std::vector<HomeSnapshot> snapshot;
  for (const auto& [home, follower] : followers_) {
    if (!follower.restorer) continue;
    const std::int64_t lag = follower.end ? std::max<Offset>(0, *follower.end - follower.position) : -1;
    snapshot.push_back(
        {.home = home, .state = HomeState::Standby, .restored = follower.restorer->records(), .restore_lag = lag});
  }
  const std::lock_guard lock(mutex_);
  snapshot_ = std::move(snapshot);
}

}  // namespace ebc::topology
