#include "topology/take_home.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>
#include <tuple>
#include <utility>

#include "topology/local_trust.h"

namespace ebc::topology {
namespace {

std::uint64_t new_generation() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32 | device()) | 1;  // never 0: that means "no row"
}

const char* name(Channel channel) {
  switch (channel) {
    case Channel::Input:
      return "input";
    case Channel::Repartition:
      return "repartition";
    case Channel::Changelog:
      return "changelog";
  }
  return "";
}

}  // namespace

TakeHome::TakeHome(TakeRequest request, const TakeRules& rules, HomeStores& stores, LogOffsets& offsets,
                   ChangelogReader& reader)
    : request_(request),
      rules_(rules),
      stores_(stores),
      offsets_(offsets),
      reader_(reader),
      quarantine_(request.quarantine) {
  result_.partition = request.partition;
  result_.epoch = request.epoch;
}

bool TakeHome::step(Timestamp now) {
  while (phase_ != Phase::Done && phase_ != Phase::Failed) {
    const Phase before = phase_;
    Status status;
    switch (phase_) {
      case Phase::Open:
        status = open(now);
        break;
      case Phase::AskOffsets:
        status = ask_offsets();
        if (status.ok()) {
          unstable_since_.reset();
        } else if (!unstable_since_) {
          unstable_since_ = now;
        }
        break;
      case Phase::AskEnd:
        status = ask_end(now);
        break;
      case Phase::Replay:
        if (position_ < end_) return false;
        status = replay_done(now);
        break;
      case Phase::Compare:
        status = compare(now);
        break;
      case Phase::Done:
      case Phase::Failed:
        break;
    }
    if (status.ok()) {
      retry_reason_.clear();
    } else if (status.verdict() == Verdict::Fatal) {
      fail(std::move(status));
    } else {
      retry_reason_ = status.message();
      if (status.verdict() == Verdict::TaskCorrupted) set_aside(status);
      return false;
    }
    if (phase_ == before && phase_ == Phase::Replay) return false;
  }
  return true;
}

/// The store was found damaged: once more, with an empty one.
void TakeHome::set_aside(const Status& damage) {
  spdlog::warn("[home {}] its store is set aside and restored: {}", request_.partition, damage.message());
  reader_.stop(request_.partition);
  quarantine_ = true;
  phase_ = Phase::Open;
}

void TakeHome::fail(Status status) {
  failure_ = std::move(status);
  phase_ = Phase::Failed;
}

Status TakeHome::open(Timestamp) {
  if (request_.has_home) {
    if (quarantine_) {
      store_.reset();
      EBC_TRY(stores_.quarantine_home(request_.partition));
      quarantine_ = false;
    }
    auto store = stores_.open_home(request_.partition);
    if (!store.ok()) return store.status();
    store_ = *store;
  }
  phase_ = Phase::AskOffsets;
  return {};
}

Status TakeHome::ask_offsets() {
  const std::array logs{LogPartition{Channel::Input, request_.partition},
                        LogPartition{Channel::Repartition, request_.partition}};
  auto committed = offsets_.stable_committed(std::span(logs).first(request_.has_home ? 2 : 1));
  if (!committed.ok()) return committed.status();
  committed_input_ = (*committed)[0];
  if (request_.has_home) committed_repartition_ = (*committed)[1];
  phase_ = request_.has_home ? Phase::AskEnd : Phase::Compare;
  return {};
}

Status TakeHome::ask_end(Timestamp now) {
  const std::array log{LogPartition{Channel::Changelog, request_.partition}};
  auto end = offsets_.ends(log);
  if (!end.ok()) return end.status();
  auto start = offsets_.starts(log);
  if (!start.ok()) return start.status();
  end_ = (*end)[0];
  start_ = (*start)[0];

  auto local = readable(local_state(*store_));
  if (!local.ok()) return local.status();
  if (!local->position) return start_replay(true, now);
  auto why = distrust(*local, request_.partition, {start_, end_}, offsets_, now, rules_.trust_local_state_for);
  if (!why.ok()) return why.status();
  if (!why->empty()) {
    spdlog::warn("[home {}] the local state is not used, because {}; restoring all of it", request_.partition, *why);
    return start_replay(true, now);
  }
  local_generation_ = local->progress ? std::optional(local->progress->generation) : std::nullopt;
  sound_since_ = *local->sound_since;
  position_ = *local->position;
  return start_replay(false, now);
}

/// What was read of the store; one that is not of our version is remembered as such.
template <typename Stored>
Stored TakeHome::readable(Stored stored) {
  unreadable_ = stored.status().verdict() == Verdict::Fatal;
  return stored;
}

Status TakeHome::start_replay(bool from_nothing, Timestamp now) {
  reader_.stop(request_.partition);
  if (from_nothing) {
    position_ = start_;
    local_generation_.reset();
    sound_since_ = now;
  }
  replay_from_ = position_;
  replay_began_ = now;
  replaying_all_ = from_nothing;
  foreign_generation_ = false;
  auto restorer =
      from_nothing ? restore_anew(*store_, rules_.batch, now) : state::Restorer::begin(*store_, rules_.batch);
  if (!restorer.ok()) return restorer.status();
  restorer_.emplace(std::move(*restorer));
  if (position_ < end_) EBC_TRY(reader_.start(request_.partition, position_));
  phase_ = Phase::Replay;
  return {};
}

/// Stopped, suspended or cut off for so long that tombstones ahead may be gone: the store is judged once more, by what
/// it says of itself. What was read and isn't written yet is dropped.
bool TakeHome::stood_still_too_long(Timestamp now) {
  if (now - sound_since_ <= rules_.trust_local_state_for) return false;
  spdlog::warn("[home {}] its restore was not in touch with the changelog for too long; judging the store anew",
               request_.partition);
  reader_.stop(request_.partition);
  phase_ = Phase::Open;
  return true;
}

void TakeHome::on_record(Offset offset, std::optional<std::string_view> key, std::optional<std::string_view> value,
                         Timestamp now) {
  if (phase_ != Phase::Replay || offset < position_ || offset >= end_ || stood_still_too_long(now)) return;
  if (!replaying_all_ && local_generation_)
    foreign_generation_ |= of_another_generation(*local_generation_, key, value);
  if (Status added = restorer_->add(offset, key, value); !added.ok()) {
    retry_reason_ = added.message();
    unreadable_ = added.verdict() == Verdict::Fatal;
    if (unreadable_) return fail(std::move(added));
    if (added.verdict() == Verdict::TaskCorrupted) return set_aside(added);
    reader_.stop(request_.partition);
    phase_ = Phase::Open;  // disk full or damaged: once more from what the store then holds
    return;
  }
  position_ = offset + 1;
  ++restored_;
}

void TakeHome::on_end(Offset offset_next, Timestamp now) {
  if (phase_ != Phase::Replay || position_ >= end_ || stood_still_too_long(now)) return;
  // Not beyond what is taken from the log: were we put out meanwhile, another holder's records may lie there, and a
  // store that claimed to hold them would be believed the next time.
  position_ = std::max(position_, std::min(offset_next, end_));
}

void TakeHome::on_broken() {
  if (phase_ != Phase::Replay) return;
  spdlog::warn("[home {}] changelog offset {} is gone; restoring all of it", request_.partition, position_);
  reader_.stop(request_.partition);
  if (Status cleared = store_->clear(); !cleared.ok()) retry_reason_ = cleared.message();
  phase_ = Phase::AskEnd;
}

Status TakeHome::replay_done(Timestamp now) {
  reader_.stop(request_.partition);
  EBC_TRY(restorer_->finish(position_));
  if (foreign_generation_) {
    spdlog::warn("[home {}] the local state belongs to another generation of the changelog; restoring all of it",
                 request_.partition);
    return start_replay(true, now);
  }
  phase_ = Phase::Compare;
  return {};
}

Result<Offset> TakeHome::first_position(LogPartition log) {
  if (log.channel == Channel::Input && rules_.from.kind == InitialOffset::Kind::Time) {
    return offsets_.offset_at(log, rules_.from.time);
  }
  const std::array logs{log};
  const bool latest = log.channel == Channel::Input && rules_.from.kind == InitialOffset::Kind::Latest;
  auto edge = latest ? offsets_.ends(logs) : offsets_.starts(logs);
  if (!edge.ok()) return edge.status();
  return (*edge)[0];
}

/// Input partitions, counted from the first, that have offsets or get theirs with this holding's first commit. One
/// beyond a gap isn't counted: that it has none yet would look as if it had lost them.
Result<int> TakeHome::inputs_with_offsets() {
  auto inputs = offsets_.input_partitions();
  if (!inputs.ok()) return inputs.status();
  std::vector<LogPartition> added;
  for (Partition p = request_.homes; p < *inputs; ++p) added.push_back({Channel::Input, p});
  auto committed = offsets_.committed(added);
  if (!committed.ok()) return committed.status();
  int known = request_.homes;
  for (const auto& offset : *committed) {
    if (!offset && known != request_.partition) break;
    ++known;
  }
  return known;
}

Status TakeHome::compare(Timestamp now) {
  Progress& progress = result_.progress;
  result_.commit_at_once = false;
  std::optional<Progress> row;
  if (store_) {
    auto local = readable(stored_progress(*store_));
    if (!local.ok()) return local.status();
    row = *local;
  }
  const bool offsets_missing = !committed_input_ || (request_.has_home && !committed_repartition_);

  if (!row) {
    if (store_ && (committed_input_ || committed_repartition_) && rules_.on_lost_offsets == OnLostOffsets::Stop) {
      return {Verdict::Fatal,
              fmt::format("partition {}: the consumer group has an offset ({}), but the changelog has no progress row: "
                          "its records were lost, or the group belongs to another application. Use another --app-id, "
                          "or go on without that state with --on-lost-offsets earliest",
                          request_.partition, committed_input_.value_or(-1))};
    }
    if (!store_ && !committed_input_ && request_.partition < request_.inputs_known &&
        rules_.on_lost_offsets == OnLostOffsets::Stop) {
      return {Verdict::Fatal, fmt::format("input partition {}: the consumer group's offset is gone. Read the partition "
                                          "again from its start with --on-lost-offsets earliest",
                                          request_.partition)};
    }
    progress = Progress{.generation = new_generation(), .clock = Timestamp{}, .written = now};
    for (auto [channel, committed, next] :
         {std::tuple{Channel::Input, committed_input_, &progress.input_next},
          std::tuple{Channel::Repartition, committed_repartition_, &progress.repartition_next}}) {
      if (channel == Channel::Repartition && !store_) continue;
      if (committed) {
        *next = *committed;
        continue;
      }
      auto first = first_position({channel, request_.partition});
      if (!first.ok()) return first.status();
      *next = *first;
    }
    result_.commit_at_once = store_ != nullptr || offsets_missing;
    if (!store_) {
      auto known = inputs_with_offsets();
      if (!known.ok()) return known.status();
      progress.inputs_known = *known;
    }
  } else {
    progress = *row;
    for (auto [channel, committed, next] :
         {std::tuple{Channel::Input, committed_input_, &progress.input_next},
          std::tuple{Channel::Repartition, committed_repartition_, &progress.repartition_next}}) {
      if (!committed || *committed == *next) continue;
      if (*committed > *next) {
        if (rules_.on_lost_offsets == OnLostOffsets::Stop) {
          return {
              Verdict::Fatal,
              fmt::format("{} partition {}: the consumer group stands at offset {}, the changelog's progress row at "
                          "{}: the changelog lost records. Go on from the row, with outcomes possibly repeated, by "
                          "--on-lost-offsets earliest",
                          name(channel), request_.partition, *committed, *next)};
        }
        spdlog::warn("{} partition {}: going on from the progress row's offset {}, the group had {}", name(channel),
                     request_.partition, *next, *committed);
      } else {
        spdlog::warn(
            "{} partition {}: the consumer group's offset {} lies behind the progress row's {}; the row counts",
            name(channel), request_.partition, *committed, *next);
      }
      result_.commit_at_once = true;
    }
    if (offsets_missing) {
      spdlog::warn(
          "[home {}] the consumer group has no offsets for it any more; the progress row counts (input {}, "
          "repartition {})",
          request_.partition, progress.input_next, progress.repartition_next);
      result_.commit_at_once = true;
    }
  }
  EBC_TRY(check_against_logs(progress));
  result_.store = store_;
  result_.restored = restored_;
  phase_ = Phase::Done;
  return {};
}

Status TakeHome::check_against_logs(Progress& progress) {
  const std::array logs{LogPartition{Channel::Input, request_.partition},
                        LogPartition{Channel::Repartition, request_.partition}};
  const auto asked = std::span(logs).first(request_.has_home ? 2 : 1);
  auto starts = offsets_.starts(asked);
  if (!starts.ok()) return starts.status();
  auto ends = offsets_.ends(asked);
  if (!ends.ok()) return ends.status();
  for (std::size_t i = 0; i < asked.size(); ++i) {
    Offset& next = i == 0 ? progress.input_next : progress.repartition_next;
    const Offset start = (*starts)[i], end = (*ends)[i];
    if (next >= start && next <= end) continue;
    const std::string what = fmt::format("{} partition {}: next offset {} is outside of the topic's {} to {}",
                                         name(asked[i].channel), request_.partition, next, start, end);
    if (std::exchange(found_outside_[i], next) != next) {
      // Were we put out and stopped since we asked, another holder has gone on and what it read may be purged.
      phase_ = Phase::AskOffsets;
      return {Verdict::Retry, what + ", asking once more"};
    }
    if (rules_.on_lost_offsets == OnLostOffsets::Stop) {
      return {Verdict::Fatal, fmt::format("{}: records were deleted before they were read, or the topic was made anew. "
                                          "Go on at the topic's start with --on-lost-offsets earliest",
                                          what)};
    }
    spdlog::warn("{}; going on from {}", what, start);
    next = start;
    result_.commit_at_once = true;
  }
  return {};
}

std::optional<Duration> TakeHome::restore_eta(Timestamp now) const {
  const Offset replayed = position_ - replay_from_;
  if (phase_ != Phase::Replay || replayed <= 0) return std::nullopt;
  const auto spent = static_cast<double>((now - replay_began_).count());
  return Duration{
      static_cast<std::int64_t>(spent * static_cast<double>(restore_lag()) / static_cast<double>(replayed))};
}

std::string TakeHome::waiting_for() const {
  if (!retry_reason_.empty()) return retry_reason_;
  switch (phase_) {
    case Phase::Open:
      return "its store to open";
    case Phase::AskOffsets:
      return "its committed offsets to be stable";
    case Phase::AskEnd:
      return "the end of its changelog";
    case Phase::Replay:
      return fmt::format("{} changelog offsets to be replayed", restore_lag());
    case Phase::Compare:
      return "the input's offsets";
    case Phase::Done:
    case Phase::Failed:
      break;
  }
  return {};
}

}  // namespace ebc::topology
