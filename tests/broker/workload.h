// A seeded stream of groups of which it is known what each must become.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/broker/kafka_probe.h"

namespace ebc::broker_test {

enum class Kind { Success, Error, Timeout };

/// A group and its one right outcome.
struct PlannedGroup {
  std::string id;
  Kind kind = Kind::Success;
  std::vector<std::string> expected;
  std::string ttl;                             ///< as spelled in the Create, seconds
  std::int64_t ttl_ms = 0;                     ///< the same
  std::string payload;                         ///< JSON
  std::map<std::string, std::string> results;  ///< entity -> JSON, of those that are done
  std::string error_entity, error;             ///< with Kind::Error: who fails, and the text
  std::int64_t created_ms = 0;                 ///< record timestamp of its Create; 0: not produced
  /// How much later than planned one of its events came into the log, where that was much: because the broker was away,
  /// or the machine busy. When this isn't 0, a timeout may rightly come without some of the results; when it reaches
  /// the ttl, there may be a timeout where none was planned.
  std::int64_t delayed_ms = 0;
  /// Whether all of its events are in the log isn't known: anything may have become of it.
  bool doubtful = false;
};

enum class EventKind {
  Create,
  Done,
  Unexpected,  ///< a Done of an entity that the group doesn't expect
  Invalid,     ///< belongs to the dead letters
};

struct PlannedEvent {
  std::int64_t at_ms = 0;  ///< after the start of the run
  std::size_t group = 0;   ///< index
  EventKind kind = EventKind::Done;
  std::string entity;  ///< of a Done
  std::string value;
  std::string reason = {};  ///< of an invalid event: its dlq.reason
};

/// What may become of an event in the dead letters.
struct PlannedLetter {
  std::set<std::string> reasons;  ///< allowed values of dlq.reason; none: it must not be there
  std::size_t copies = 0;         ///< of this event in the input
  bool certain = false;           ///< each copy must be there
};
using LetterPlan = std::map<std::string, PlannedLetter>;  ///< by the event's bytes

/// How the producers of a workload key their records.
enum class Keying {
  ByGroup,   ///< group id, Java's partitioner: as advised
  None,      ///< no key: any partition
  ByEntity,  ///< the entity's id; the Create by a key of its own
  ByCrc32,   ///< group id, but librdkafka's own default partitioner
  ByFnv1a,   ///< group id, by the partitioner of Go's sarama
  Mixed,     ///< each record by chance as one of these
  Changed,   ///< ByGroup until the middle of the run, ByCrc32 from then on, so in the middle of groups too
};

struct WorkloadOptions {
  std::uint64_t seed = 1;
  std::size_t groups = 100;
  double groups_per_second = 100;
  double error_share = 0.15, timeout_share = 0.15;
  std::size_t max_entities = 4;
  Keying keying = Keying::ByGroup;
  std::int64_t finished_ttl_ms = 30'000;  ///< of groups that end before it
  std::int64_t timeout_ttl_min_ms = 2'000, timeout_ttl_max_ms = 4'000;
  std::int64_t done_spread_ms = 900;  ///< Dones come within this time of the Create
  double done_first_share = 0.1;      ///< groups whose Create comes after some of the Dones
  double repeat_share = 0.1;          ///< groups with repeated Dones (and Creates, keyed by group)
  double late_share = 0;              ///< groups whose Dones are repeated once more, long after the outcome
  double unexpected_share = 0;        ///< groups for which an entity reports that isn't expected
  double invalid_share = 0;           ///< groups together with which an invalid event is produced
  std::string prefix = "g";           ///< of the group ids
  OnFatal on_fatal = OnFatal::Throw;
};

class Workload {
 public:
  explicit Workload(WorkloadOptions options);

  /// Produces every event when it is due; returns when all are acknowledged, or early (and then only with the groups
  /// begun so far finished) once `stop` is set.
  void run(const std::string& brokers, const std::string& topic, const std::atomic<bool>* stop = nullptr);

  /// Those that were produced.
  std::vector<PlannedGroup> produced() const;
  /// What the dead letters may and must hold of them.
  LetterPlan letters() const;
  const std::vector<PlannedGroup>& groups() const { return groups_; }

 private:
  WorkloadOptions options_;
  std::vector<PlannedGroup> groups_;
  std::vector<PlannedEvent> events_;  ///< in the order of at_ms
};

std::string create_json(const PlannedGroup& group);
std::string done_json(const std::string& group, const std::string& entity, const std::string& result);
std::string failed_json(const std::string& group, const std::string& entity, const std::string& error);

/// One group with a single entity that is never done, in each home: when all of them have timed out, every deadline
/// before theirs has been judged, so a double that is to come has come.
std::vector<PlannedGroup> closing_groups(const std::string& prefix, int homes, const std::string& ttl_seconds);

/// Produces the Creates of these groups, keyed by group, and notes their time.
void produce_creates(const std::string& brokers, const std::string& topic, std::vector<PlannedGroup>& groups);

}  // namespace ebc::broker_test
