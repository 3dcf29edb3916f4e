// What must be there before a thread may run: state folder, Kafka, topics, database, identity. In this order, so that
// each refusal names the first thing that is wrong.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "processor/api/clock.h"
#include "state/rocks_quarantine.h"
#include "state/state_directory.h"
#include "topology/engine.h"
#include "topology/home_stores.h"
#include "topology/kafka_admin.h"
#include "topology/topic_setup.h"

namespace ebc::topology {

/// The homes' stores in the instance's one database. Any thread.
class RocksHomeStores final : public HomeStores, public StandbyStores {
 public:
  explicit RocksHomeStores(std::unique_ptr<state::RocksDatabase> database) : database_(std::move(database)) {}
  void prepare_homes(std::span<const Partition> homes) override { (void)database_->prepare_homes(homes); }
  Result<std::shared_ptr<state::CommittedStore>> open_home(Partition home) override;
  Status quarantine_home(Partition home) override {
    return database_->quarantine_home(home, "its rows could not be read while it ran");
  }
  Result<std::shared_ptr<state::CommittedStore>> open_standby(Partition home) override;
  state::RocksDatabase& database() const { return *database_; }

 private:
  std::unique_ptr<state::RocksDatabase> database_;
  std::mutex mutex_;
  /// Opened to be run. While one lives, a standby must not be opened: it would fence the owner.
  std::map<Partition, std::weak_ptr<state::CommittedStore>> held_;  // guarded by mutex_
};

/// Prepared once at start; constant afterwards.
class Instance {
 public:
  Instance(const EngineConfig& config, const Clock& clock, const std::atomic<bool>& stop)
      : config_(config), clock_(clock), stop_(stop) {}

  /// Locks the state folder and finds Kafka: from here on uuid() is known.
  EngineFailure reach();
  /// Topics, claim of the folder, database.
  EngineFailure prepare();
  /// Transactions that an earlier life of this folder may have left open are ended, unless this life's threads will do
  /// that by themselves. Only once nobody else lives under our id. Blocks for at most start_timeout.
  EngineFailure end_old_transactions();

  const TopicsReport& topics() const { return topics_; }
  KafkaAdmin& admin() { return *admin_; }
  RocksHomeStores& stores() { return *stores_; }
  /// Any thread; see RocksDatabase.
  std::shared_ptr<const state::CommittedStore> view_home(Partition home) const {
    return stores_->database().view_home(home);
  }
  const RocksHomeStores& stores() const { return *stores_; }
  int quarantined() const { return quarantined_; }
  /// Of the consumer group's static member; empty: dynamic.
  const std::string& instance_id() const { return instance_id_; }
  /// Of the state folder.
  const std::string& uuid() const { return folder_->uuid(); }
  std::string transactional_id(int thread) const;
  /// What is said of a message that denies_a_right().
  std::string refusal(const std::string& denial) const;
  /// Ids under which a transaction may be open that was begun from this folder.
  std::vector<ProducerIds> producers() const;

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  EngineFailure lock_state();
  EngineFailure reach_kafka();
  EngineFailure prepare_topics(Deadline deadline);
  EngineFailure claim_state(Deadline deadline);
  EngineFailure open_database();
  std::string transactional_prefix() const;
  EngineFailure end_transaction(const std::string& id, Deadline deadline);
  bool may_go_on(Deadline deadline) const;

  const EngineConfig& config_;
  const Clock& clock_;
  const std::atomic<bool>& stop_;
  std::optional<state::StateDirectory> folder_;
  std::unique_ptr<KafkaAdmin> admin_;
  TopicsReport topics_;
  std::unique_ptr<RocksHomeStores> stores_;
  std::string instance_id_;
  Deadline deadline_{};  ///< of everything up to prepare()
  int quarantined_ = 0;
};

}  // namespace ebc::topology
