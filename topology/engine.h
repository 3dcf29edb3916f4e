// The engine: runs a ProcessorSupplier as one instance of a consumer group, with its state kept in RocksDB and in a
// compacted changelog topic. app/ makes one, starts it, looks at its snapshots and stops it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "processor/api/processor.h"
#include "state/committed_store.h"
#include "state/rocks_usage.h"
#include "topology/activity_times.h"
#include "topology/engine_config.h"
#include "topology/instances.h"

namespace ebc::topology {

/// Why the engine could not start or had to stop. The message names the thing, the place and the remedy.
struct EngineFailure {
  enum class Kind {
    None,
    Configuration,     ///< topics missing or wrongly set, refused settings
    KafkaUnreachable,  ///< not reached in time, it refuses us, or another live process holds our instance id
    StateUnusable,     ///< the state folder is locked, foreign, newer, or can't be written
  };
  Kind kind = Kind::None;
  std::string message;
  bool failed() const { return kind != Kind::None; }
};

struct EngineCounters {
  std::uint64_t records = 0;  ///< input records read
  std::uint64_t rekeyed = 0;  ///< of these: sent to their home through the repartition topic
  std::uint64_t commits = 0, aborts = 0, producer_rebuilds = 0;
  std::uint64_t restored_records = 0;
  std::uint64_t quarantined_stores = 0;
  std::uint64_t stale_records = 0;  ///< delivered again with an old offset, dropped
};

struct ThreadSnapshot {
  std::string name;  ///< "stream-0", "restore"
  std::array<std::chrono::nanoseconds, kActivities> times{};
};

struct EngineSnapshot {
  bool joined = false;  ///< the consumer group has answered at least once
  bool stopping = false;
  std::string not_ready_reason;  ///< empty: ready
  bool threads_turning = true;   ///< false: a thread has not turned its loop for 30 s
  int homes = 0;                 ///< M, of the whole application
  std::vector<HomeSnapshot> owned;
  std::vector<HomeSnapshot> standbys;  ///< homes of others whose changelog is followed here
  EngineCounters counters;
  std::vector<ThreadSnapshot> threads;
  /// The input partition that holds the homes' clock up, and for how long; none while the clock moves.
  std::optional<std::pair<Partition, Duration>> clock_held_up;
  std::string clock_trouble;  ///< why the clock doesn't move, in words; empty while it does
  std::string instance_id;
};

class Engine {
 public:
  Engine(EngineConfig config, SupplierFactory suppliers);
  ~Engine();  ///< stops, if that was not done
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Where other instances reach our HTTP, "http://HOST:PORT"; before start(). Unset: nowhere.
  void advertise_http(std::string address);

  /// Connects, checks topics and state, starts the threads. Blocks for at most start_timeout and some seconds. Once.
  EngineFailure start();

  /// Any thread, also from a signal-handling one; returns at once.
  void request_stop();

  /// Blocks until the engine has stopped, by request_stop() or by a failure that it returns.
  EngineFailure wait();

  /// Any thread.
  EngineSnapshot snapshot() const;

  // Of all instances, as far as they have told in the instances topic. Any thread; empty before start().

  /// In the order of their UUIDs, ourselves included; those not heard of lately aren't live.
  std::vector<InstanceInfo> instances() const;
  /// The live instance that runs the home; none while it moves. A killed one may be named for some seconds.
  std::optional<InstanceInfo> owner_of(Partition home) const;
  /// The committed state of a home that runs here, as it is now: what is committed later isn't seen, and a home that
  /// moves away meanwhile doesn't matter. Null for any other home. Any thread; drop it soon, and before the engine.
  std::shared_ptr<const state::CommittedStore> committed_store(Partition home) const;

  /// What the local state takes. Any thread; asks the database.
  state::RocksUsage state_usage() const;

  /// By client ("stream-0 consumer"): the latest statistics of librdkafka, as JSON. Any thread.
  std::map<std::string, std::string> kafka_statistics() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// "librdkafka 2.12.1", with a remark where there is one to make; for --version.
std::string kafka_client_version();

}  // namespace ebc::topology
