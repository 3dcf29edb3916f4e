#include "tests/simulation/sim_clients.h"

#include <vector>

namespace ebc::simulation {

using topology::Channel;
using topology::LogPartition;

Status SimOffsets::ask() {
  scheduler_.step();
  if (scheduler_.dice().percent(faults_.question_unanswered)) return {Verdict::Retry, "no answer"};
  return {};
}

Result<int> SimOffsets::input_partitions() {
  EBC_TRY(ask());
  return broker_.partitions(Topic::Input);
}

Result<topology::LogOffsets::Positions> SimOffsets::ends(std::span<const LogPartition> logs) {
  EBC_TRY(ask());
  Positions positions;
  for (const LogPartition& log : logs) positions.push_back(broker_.log(at(log)).end());
  scheduler_.step();
  return positions;
}

Result<topology::LogOffsets::Positions> SimOffsets::starts(std::span<const LogPartition> logs) {
  EBC_TRY(ask());
  Positions positions;
  for (const LogPartition& log : logs) positions.push_back(broker_.log(at(log)).start);
  return positions;
}

Result<Offset> SimOffsets::offset_at(LogPartition log, Timestamp time) {
  EBC_TRY(ask());
  const PartitionLog& partition = broker_.log(at(log));
  for (Offset offset = partition.start; offset < partition.end(); ++offset) {
    const Entry& entry = partition.entries[static_cast<std::size_t>(offset)];
    if (!entry.compacted && entry.timestamp >= time) return offset;
  }
  return partition.end();
}

Result<Offset> SimOffsets::last_stable_offset(LogPartition log) {
  EBC_TRY(ask());
  return broker_.last_stable(at(log));
}

Result<topology::LogOffsets::MaybePositions> SimOffsets::stable_committed(std::span<const LogPartition> logs) {
  EBC_TRY(ask());
  for (const LogPartition& log : logs) {
    if (broker_.unstable(at(log))) return Status(Verdict::Retry, "a transaction that holds them is still open");
  }
  MaybePositions positions;
  for (const LogPartition& log : logs) positions.push_back(broker_.committed(at(log)));
  scheduler_.step();
  return positions;
}

Result<topology::LogOffsets::MaybePositions> SimOffsets::committed(std::span<const LogPartition> logs) {
  EBC_TRY(ask());
  MaybePositions positions;
  for (const LogPartition& log : logs) positions.push_back(broker_.committed(at(log)));
  scheduler_.step();
  return positions;
}

Status SimChangelogReader::start(Partition home, Offset from) {
  positions_[home] = from;
  told_.erase(home);
  return {};
}

void SimChangelogReader::count_poll() {
  if (process_.replay_polls == 0 || process_.replay_follows != follows_ || --process_.replay_polls > 0) return;
  switch (process_.in_replay) {
    case ProcessState::InReplay::Kill:
      process_.kill_in = 1;
      break;
    case ProcessState::InReplay::Stop:
      process_.freeze_in = 1;
      break;
    case ProcessState::InReplay::Silence:
      silent_until_ = scheduler_.now() + process_.freeze_for;
      break;
  }
}

Status SimChangelogReader::poll(Duration, const Visitor& visitor) {
  std::vector<Partition> homes;
  for (const auto& [home, from] : positions_) homes.push_back(home);
  for (const Partition home : homes) {
    const TopicPartition partition{Topic::Changelog, home};
    const PartitionLog& log = broker_.log(partition);
    count_poll();
    scheduler_.step();
    if (scheduler_.now() < silent_until_) continue;
    // A visit may stop a home, or start it elsewhere.
    for (int most = 1 + scheduler_.dice().below(20); most > 0; --most) {
      const auto it = positions_.find(home);
      if (it == positions_.end()) break;
      Offset& next = it->second;
      if (next < log.start || next > log.end()) {
        visitor.broken(home);
        break;
      }
      const Offset stable = broker_.last_stable(partition);
      while (next < stable && !broker_.visible(log.entries[static_cast<std::size_t>(next)])) ++next;
      if (next >= stable) {
        if (const auto told = told_.find(home); told == told_.end() || told->second != next) {
          told_[home] = next;
          visitor.end(home, next);
        }
        break;
      }
      const Entry& entry = log.entries[static_cast<std::size_t>(next)];
      const Offset offset = next++;
      const auto view = [](const std::optional<std::string>& text) {
        return text ? std::optional<std::string_view>(*text) : std::nullopt;
      };
      visitor.record(home, offset, view(entry.key), view(entry.value));
    }
  }
  return {};
}

}  // namespace ebc::simulation
