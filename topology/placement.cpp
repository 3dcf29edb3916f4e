#include "topology/placement.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace ebc::topology {
namespace {

constexpr Duration kListen{100};
constexpr Duration kBeat{1'000};
constexpr Duration kShortestLife{2'000}, kLongestLife{5'000};
constexpr Duration kExpireEvery{std::chrono::minutes(10)};
constexpr Duration kForgetAfter{std::chrono::hours(24)};
constexpr Duration kAnnounced{3'000}, kGoodbye{1'000};

/// What others must know at once, as text to compare.
std::string holdings(const InstanceRecord& record) {
  std::string text = fmt::format("{}", fmt::join(record.partitions, ","));
  for (const HomeSnapshot& home : record.homes) text += fmt::format(" {}:{}", home.home, static_cast<int>(home.state));
  for (const HomeSnapshot& home : record.standbys) text += fmt::format(" s{}", home.home);
  return text;
}

}  // namespace

Duration live_for(const EngineConfig& config) {
  return std::clamp(config.session_timeout / 2, kShortestLife, kLongestLife);
}

Placement::Placement(const EngineConfig& config, std::string uuid, const Clock& clock, OwnRecord own_record)
    : config_(config),
      uuid_(std::move(uuid)),
      clock_(clock),
      own_record_(std::move(own_record)),
      registry_(uuid_, live_for(config)) {}

Placement::~Placement() = default;

Status Placement::connect() {
  auto topic = KafkaInstances::make(config_, registry_, clock_);
  if (!topic.ok()) return topic.status();
  topic_ = std::move(*topic);
  return {};
}

Result<std::optional<InstanceRecord>> Placement::find_namesake(const std::string& id, Duration limit,
                                                               const std::atomic<bool>& stop) {
  const auto until = std::chrono::steady_clock::now() + limit;
  bool waiting = false;
  while (!stop.load()) {
    topic_->poll(kListen);
    if (!topic_->caught_up()) {
      if (!topic_->denial().empty()) return Status(Verdict::Retry, topic_->denial());
      if (std::chrono::steady_clock::now() < until) continue;
      return Status(Verdict::Retry, fmt::format("the topic {} can't be read", config_.instances_topic()));
    }
    auto namesake = registry_.namesake(id, clock_.now());
    if (!namesake || !namesake->live) break;
    if (namesake->heard) return std::optional(std::move(namesake->record));
    if (!waiting) {
      spdlog::info("member {} was running from another state folder a moment ago; looking whether it still does", id);
    }
    waiting = true;
  }
  return std::optional<InstanceRecord>{};
}

void Placement::turn(Duration wait) {
  topic_->poll(wait);
  const Timestamp now = clock_.now();
  publish_when_due(now);
  expire(now);
}

void Placement::publish_when_due(Timestamp now) {
  InstanceRecord record = own_record_();
  std::string held = holdings(record);
  const bool stepped_back = now < published_;
  if (now - published_ < kBeat && !stepped_back && held == published_holdings_) return;
  published_holdings_ = std::move(held);
  publish(std::move(record));
}

void Placement::announce(InstanceRecord record) {
  publish(std::move(record));
  topic_->flush(kAnnounced);
}

void Placement::publish(InstanceRecord record) {
  published_ = clock_.now();
  record.heartbeat = published_;
  topic_->publish(record);
}

void Placement::expire(Timestamp now) {
  if (now - expired_ < kExpireEvery) return;
  expired_ = now;
  for (const std::string& uuid : registry_.expire(kForgetAfter, now)) topic_->erase(uuid);
}

void Placement::leave() {
  topic_->erase(uuid_);
  topic_->flush(kGoodbye);
}

}  // namespace ebc::topology
