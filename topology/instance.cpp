#include "topology/instance.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>

#include "topology/client_version.h"
#include "topology/denial.h"
#include "topology/kafka_config.h"
#include "topology/kafka_sink.h"

namespace ebc::topology {
namespace {

using Kind = EngineFailure::Kind;
using SteadyClock = std::chrono::steady_clock;

constexpr Duration kAttempt{1'000};
constexpr Duration kReportEvery{5'000};

}  // namespace

Result<std::shared_ptr<state::CommittedStore>> RocksHomeStores::open_home(Partition home) {
  const std::lock_guard lock(mutex_);
  auto store = database_->open_home(home);
  if (store.ok()) held_[home] = *store;
  return store;
}

Result<std::shared_ptr<state::CommittedStore>> RocksHomeStores::open_standby(Partition home) {
  const std::lock_guard lock(mutex_);
  if (const auto held = held_.find(home); held != held_.end() && !held->second.expired()) {
    return Status(Verdict::Fenced, fmt::format("home {} is held here", home));
  }
  return database_->open_home(home);
}

EngineFailure Instance::reach() {
  const ClientRemark remark = remark_on_client(rd_kafka_version());
  if (remark.refused) return {Kind::Configuration, remark.text};
  if (!remark.text.empty()) spdlog::info("{}", remark.text);
  deadline_ = SteadyClock::now() + config_.start_timeout;
  if (EngineFailure failure = lock_state(); failure.failed()) return failure;
  return reach_kafka();
}

EngineFailure Instance::prepare() {
  if (EngineFailure failure = prepare_topics(deadline_); failure.failed()) return failure;
  if (EngineFailure failure = claim_state(deadline_); failure.failed()) return failure;
  return open_database();
}

bool Instance::may_go_on(Deadline deadline) const { return !stop_.load() && SteadyClock::now() < deadline; }

EngineFailure Instance::lock_state() {
  auto folder = state::StateDirectory::lock(config_.state_dir);
  if (!folder.ok()) return {Kind::StateUnusable, folder.status().message()};
  folder_.emplace(std::move(*folder));
  return {};
}

EngineFailure Instance::reach_kafka() {
  auto admin = KafkaAdmin::make(config_);
  if (!admin.ok()) return {Kind::Configuration, admin.status().message()};
  admin_ = std::move(*admin);
  auto reported = SteadyClock::now();
  Status status;
  do {
    const auto left = std::chrono::duration_cast<Duration>(deadline_ - SteadyClock::now());
    status = admin_->connect(std::clamp(left, Duration{100}, kAttempt));
    if (status.ok()) return {};
    if (status.verdict() == Verdict::Fatal) {
      return {Kind::KafkaUnreachable, fmt::format("Kafka at {} refuses us: {}. Check credentials and TLS settings{}",
                                                  config_.brokers, status.message(), scram_hint(config_))};
    }
    if (SteadyClock::now() - reported >= kReportEvery) {
      reported = SteadyClock::now();
      spdlog::info("waiting for Kafka at {}: {}", config_.brokers, status.message());
    }
  } while (may_go_on(deadline_));
  return {Kind::KafkaUnreachable,
          fmt::format("Kafka at {} was not reached within {} s: {}. Check --brokers, or start a broker "
                      "(scripts/kafka start); --start-timeout sets how long is waited",
                      config_.brokers, std::chrono::duration_cast<std::chrono::seconds>(config_.start_timeout).count(),
                      status.message())};
}

EngineFailure Instance::prepare_topics(Deadline deadline) {
  Status status;
  do {
    auto topics = set_up_topics(*admin_, config_);
    if (topics.ok()) {
      topics_ = std::move(*topics);
      for (const TopicReport& topic : topics_.topics) {
        if (topic.created) spdlog::info("made topic {} ({}, {} partitions)", topic.name, topic.kind, topic.partitions);
      }
      return {};
    }
    status = topics.status();
    if (denies_a_right(status)) return {Kind::KafkaUnreachable, refusal(status.message())};
    if (status.verdict() == Verdict::Fatal) return {Kind::Configuration, status.message()};
    std::this_thread::sleep_for(Duration{200});
  } while (may_go_on(deadline));
  return {Kind::KafkaUnreachable, status.message()};
}

EngineFailure Instance::claim_state(Deadline deadline) {
  auto cluster = admin_->cluster_id(kAttempt);
  while (!cluster.ok() && may_go_on(deadline)) cluster = admin_->cluster_id(kAttempt);
  if (!cluster.ok()) return {Kind::KafkaUnreachable, cluster.status().message()};
  if (const Status claimed = folder_->claim({.app_id = config_.app_id, .cluster_id = *cluster}); !claimed.ok()) {
    return {Kind::StateUnusable, claimed.message()};
  }
  instance_id_ = config_.instance_id.value_or(folder_->instance_id());
  return {};
}

EngineFailure Instance::open_database() {
  auto opened = state::open_or_quarantine(
      folder_->database_path(),
      {.cache_bytes = config_.cache_bytes, .write_buffer_bytes = config_.write_buffer_bytes, .homes = topics_.homes},
      clock_.now());
  if (!opened.ok()) return {Kind::StateUnusable, opened.status().message()};
  quarantined_ = opened->damaged_moved_to ? 1 : static_cast<int>(opened->emptied_homes.size());
  stores_ = std::make_unique<RocksHomeStores>(std::move(opened->database));
  return {};
}

std::string Instance::refusal(const std::string& denial) const {
  return fmt::format("Kafka at {} denies us a right: {}", config_.brokers, denial);
}

std::string Instance::transactional_prefix() const {
  return fmt::format("{}-{}", config_.app_id, instance_id_.empty() ? folder_->uuid() : instance_id_);
}

std::string Instance::transactional_id(int thread) const {
  return fmt::format("{}-{}", transactional_prefix(), thread);
}

std::vector<ProducerIds> Instance::producers() const {
  std::vector<ProducerIds> ids;
  for (const state::UsedNames& used : folder_->used_names()) ids.push_back({used.prefix, used.count});
  return ids;
}

EngineFailure Instance::end_old_transactions() {
  const Deadline deadline = SteadyClock::now() + config_.start_timeout;
  std::vector<state::UsedNames> ours;
  if (!config_.embedded_broker) ours.push_back({transactional_prefix(), config_.threads});
  const std::vector<state::UsedNames> before = folder_->used_names();
  // On disk before they are used.
  for (const state::UsedNames& names : ours) {
    if (const Status noted = folder_->note_names(names); !noted.ok()) return {Kind::StateUnusable, noted.message()};
  }
  for (const state::UsedNames& used : before) {
    const bool reused = !ours.empty() && used.prefix == ours.front().prefix;
    for (int i = reused ? ours.front().count : 0; i < used.count; ++i) {
      if (EngineFailure failure = end_transaction(fmt::format("{}-{}", used.prefix, i), deadline); failure.failed()) {
        return failure;
      }
    }
  }
  if (const Status kept = folder_->keep_names(ours); !kept.ok()) return {Kind::StateUnusable, kept.message()};
  return {};
}

EngineFailure Instance::end_transaction(const std::string& id, Deadline deadline) {
  spdlog::info("ending what {} may have left open", id);
  KafkaStatistics unread;
  ExactlyOnceSink sink(config_, id, "old transactions", unread);
  Status opened = sink.open();
  while (!opened.ok() && opened.verdict() == Verdict::Retry && may_go_on(deadline)) opened = sink.open();
  if (denies_a_right(opened)) return {Kind::KafkaUnreachable, refusal(opened.message())};
  if (!opened.ok()) return {Kind::KafkaUnreachable, opened.message()};
  return {};
}

}  // namespace ebc::topology
