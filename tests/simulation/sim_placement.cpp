#include "tests/simulation/sim_placement.h"

#include <fmt/format.h>

#include "topology/standby_choice.h"

namespace ebc::simulation {
namespace {
// As in production, a few beats a life; half a session.
constexpr Duration kBeat{250};
}  // namespace

SimPlacement::SimPlacement(Scheduler& scheduler, Broker& broker, const ConsumerGroup& group, InstancesTopic& topic,
                           std::string uuid, Duration session)
    : scheduler_(scheduler),
      broker_(broker),
      topic_(topic),
      uuid_(std::move(uuid)),
      registry_(uuid_, session / 2),
      fencer_(registry_, session,
              {.members = [&scheduler, &group]() -> Result<std::set<std::string>> {
                 scheduler.step();
                 std::set<std::string> members = group.static_members();
                 scheduler.step();
                 return members;
               },
               .end_transaction = [this](const std::string& name) { return end_transaction(name); }}) {}

Status SimPlacement::end_transaction(const std::string& name) {
  if (scheduler_.traced()) scheduler_.trace("fences " + name);
  for (int attempt = 0; attempt < 20; ++attempt) {
    ProducerId id;
    scheduler_.step();
    const Answer answer = broker_.init_producer(name, id);
    scheduler_.step();
    if (answer == Answer::Ok) return {};
    scheduler_.sleep_until(scheduler_.now() + Duration{5});
  }
  return {Verdict::Retry, "busy"};
}

void SimPlacement::turn(topology::InstanceRecord own, const std::vector<topology::TakingSnapshot>& takes) {
  scheduler_.step();
  const bool following = heard_ > 0;
  for (; heard_ < topic_.size(); ++heard_) {
    const auto& [key, value] = topic_[heard_];
    registry_.on_record(key, value, scheduler_.now(), following);
  }
  if (scheduler_.now() - told_ >= kBeat || own.partitions != told_partitions_) {
    told_ = scheduler_.now();
    told_partitions_ = own.partitions;
    topic_.emplace_back(uuid_, topology::encode(own));
    scheduler_.step();
  }
  fencer_.step(takes, scheduler_.now());
}

void SimPlacement::leave() { topic_.emplace_back(uuid_, std::nullopt); }

std::vector<Partition> SimPlacement::standby_homes(const std::vector<Partition>& held, int homes, int count) const {
  const Timestamp now = scheduler_.now();
  auto holders = registry_.holders(now);
  for (const Partition home : held) holders[home] = uuid_;
  return topology::standby_homes(uuid_, registry_.live_uuids(now), holders, homes, count);
}

}  // namespace ebc::simulation
