// What the instances of an application tell each other, through the compacted topic `<app-id>-instances`: who they are,
// what they hold, where their HTTP is, and that they live.
//
// One record an instance: its key is the UUID of the state folder, so that two processes that were given the same
// instance id are seen as two. Its value is text, below; a tombstone when the instance leaves.
//
//   record := "ebc-instance 1" newline { name " " value newline }
//   name   := id | uuid | http | version | client | formats | heartbeat | partitions | producer | home | standby
//   id         the static member id; "-" for a dynamic member
//   http       base address, "http://HOST:PORT"; missing: no HTTP
//   client     the Kafka client's version
//   formats    "changelog/progress": the newest versions of the state records that it reads. With a second version,
//              what is written is the lowest that a live instance announces; no such line: it reads none
//   heartbeat  its wall clock when the record was made, ms
//   partitions input partitions assigned to it, "0,1,2"
//   producer   "threads prefix": transactional ids prefix-0 to prefix-(threads-1) were used from its folder
//   home       "id state restored restore_lag input_lag clock_ms", state: taking | restoring | running
//   standby    "id lag", lag -1: not known yet
//
// The last three may occur any number of times. Names that a reader doesn't know are skipped, so that later versions
// can add some; the 1 changes when an old reader would misunderstand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "processor/api/status.h"
#include "processor/api/types.h"

namespace ebc::topology {

enum class HomeState { Taking, Restoring, Running, Standby };

struct HomeSnapshot {
  Partition home = 0;
  HomeState state = HomeState::Taking;
  std::string waiting_for{};     ///< while not Running: what the home waits for, in words
  std::int64_t restored = 0;     ///< changelog records replayed when it was taken; of a standby: so far
  std::int64_t restore_lag = 0;  ///< changelog offsets still to be replayed; of a standby: -1 when not known yet
  /// While Restoring: how long the rest will take at the pace so far; none before there is a pace.
  std::optional<Duration> restore_eta{};
  std::int64_t input_lag = 0;  ///< input offsets not yet read, as of the last end known
  Timestamp clock{};
};

/// Transactional ids of one member id: prefix-0 to prefix-(threads-1).
struct ProducerIds {
  std::string prefix{};
  int threads = 0;
  bool operator==(const ProducerIds&) const = default;
};

/// What one instance says of itself.
struct InstanceRecord {
  std::string id{};  ///< empty: a dynamic member
  std::string uuid{};
  std::string http{};  ///< empty: it has no HTTP
  std::string version{};
  std::string client{};
  int changelog_format = 0, progress_format = 0;
  Timestamp heartbeat{};
  std::vector<Partition> partitions{};
  std::vector<ProducerIds> producers{};
  std::vector<HomeSnapshot> homes{};     ///< all that it holds, running or not; without waiting_for
  std::vector<HomeSnapshot> standbys{};  ///< state Standby
};

std::string encode(const InstanceRecord& record);
/// Fatal: not such a record, or one of a version that this program doesn't know.
Result<InstanceRecord> decode_instance(std::string_view text);

/// An instance as it is shown to others.
struct InstanceInfo {
  std::string id{}, uuid{}, http{}, version{}, client{};
  std::vector<Partition> partitions{};       ///< input partitions assigned
  std::vector<Partition> homes{};            ///< running
  std::vector<Partition> standbys{};         ///< homes whose changelog it follows without owning them
  std::vector<HomeSnapshot> home_details{};  ///< homes held, running or not, then standbys
  Timestamp heartbeat{};
  bool live = false;  ///< heard of lately
  bool self = false;
};

InstanceInfo show(const InstanceRecord& record);

}  // namespace ebc::topology
