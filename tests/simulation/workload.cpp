#include "tests/simulation/workload.h"

#include <fmt/format.h>

#include <algorithm>

#include "topology/murmur2.h"

namespace ebc::simulation {

std::string entity_name(int entity) { return fmt::format("e{}", entity); }

std::string policy_json(Policy policy) {
  switch (policy.kind) {
    case Policy::Kind::All:
      return R"("all")";
    case Policy::Kind::AllSettled:
      return R"("allSettled")";
    case Policy::Kind::Any:
      return R"("any")";
    case Policy::Kind::Race:
      return R"("race")";
    case Policy::Kind::Quorum:
      return fmt::format(R"({{"quorum":{}}})", policy.limit);
    case Policy::Kind::Tolerate:
      return fmt::format(R"({{"tolerate":{}}})", policy.limit);
  }
  return {};
}

WorkloadOptions WorkloadOptions::thrown(Dice& dice) {
  WorkloadOptions options;
  options.partitions = 1 + dice.below(4);
  options.groups = 1 + dice.below(dice.one_in(4) ? 16 : 7);
  options.length = Duration{300 + dice.below(2'500)};
  options.any_partition = dice.percent(60);
  options.skewed_clocks = dice.percent(25);
  options.transactions = dice.percent(30);
  return options;
}

Workload::Workload(Scheduler& scheduler, Broker& broker, WorkloadOptions options)
    : scheduler_(scheduler), broker_(broker), options_(options), start_(scheduler.now()) {
  for (int number = 0; number < options_.groups; ++number) plan_group(number);
  for (const auto& group : groups_) {
    for (SentEvent& event : group->events) {
      length_ = std::max(length_, event.at);
      scheduler_.at(start_ + event.at, [this, g = group.get(), e = &event] { send(*g, *e); });
    }
  }
}

SentEvent& Workload::add(SentGroup& group, SentEvent::Kind kind, Duration at) {
  SentEvent& event = group.events.emplace_back();
  event.kind = kind;
  event.at = std::max(at, Duration{0});
  return event;
}

void Workload::plan_done(SentGroup& group, int entity, Duration at) {
  Dice& dice = scheduler_.dice();
  SentEvent& event = add(group, SentEvent::Kind::Done, at);
  event.entity = entity;
  const std::string value = fmt::format(R"("v{}")", dice.below(100));
  const bool failed = dice.percent(10);
  (failed ? event.error : event.result) = value;
  event.json = fmt::format(R"({{"type":"EventGroupCollectorEntityDone","id":"{}","group":"{}","{}":{}}})",
                           entity_name(entity), group.id, failed ? "error" : "result", value);
}

void Workload::plan_group(int number) {
  Dice& dice = scheduler_.dice();
  SentGroup& group = *groups_.emplace_back(std::make_unique<SentGroup>());
  group.id = fmt::format("g{}", number);
  group.expected = dice.one_in(12) ? 0 : dice.one_in(20) ? 14 + dice.below(6) : 1 + dice.below(4);
  group.ttl = Duration{150 + dice.below(dice.one_in(3) ? 3'000 : 900)};
  group.payload = fmt::format("{}", dice.below(1'000));
  const auto kinds = {Policy::Kind::All, Policy::Kind::All,  Policy::Kind::All,    Policy::Kind::AllSettled,
                      Policy::Kind::Any, Policy::Kind::Race, Policy::Kind::Quorum, Policy::Kind::Tolerate};
  group.policy.kind = kinds.begin()[dice.below(static_cast<int>(kinds.size()))];
  if (group.policy.kind == Policy::Kind::Quorum) group.policy.limit = 1 + dice.below(group.expected + 1);
  if (group.policy.kind == Policy::Kind::Tolerate) group.policy.limit = dice.below(2);

  const Duration created{dice.below(static_cast<int>(options_.length.count()))};
  std::string ids;
  for (int entity = 0; entity < group.expected; ++entity) {
    ids += fmt::format("{}\"{}\"", ids.empty() ? "" : ",", entity_name(entity));
  }
  const auto ttl = static_cast<int>(group.ttl.count());
  SentEvent& create = add(group, SentEvent::Kind::Create, created);
  create.json = fmt::format(
      R"({{"type":"EventGroupCollectorCreate","id":"{}","expected":[{}],"ttl":{},"policy":{},"payload":{}}})", group.id,
      ids, static_cast<double>(ttl) / 1000, policy_json(group.policy), group.payload);
  const auto early = [&] { return Duration{-dice.below(200)}; };
  const auto in_time = [&] { return dice.one_in(6) ? early() : Duration{dice.below(std::max(1, ttl - 20))}; };
  const auto late = [&] { return Duration{ttl + dice.below(400)}; };
  const auto any_time = [&] { return dice.percent(85) ? in_time() : late(); };
  for (int entity = 0; entity < group.expected; ++entity) {
    if (dice.one_in(12)) continue;
    plan_done(group, entity, created + any_time());
    if (dice.one_in(10)) plan_done(group, entity, created + any_time());
    if (dice.one_in(12)) {
      SentEvent again = group.events.back();
      again.at += Duration{dice.below(30)};
      group.events.push_back(std::move(again));
    }
  }
  if (dice.one_in(12)) plan_done(group, group.expected + dice.below(3), created + any_time());
  if (dice.one_in(16)) {
    add(group, SentEvent::Kind::Cancel, created + any_time()).json =
        fmt::format(R"({{"type":"EventGroupCollectorCancel","group":"{}"}})", group.id);
  }
  if (dice.one_in(10))
    add(group, SentEvent::Kind::Other, created).json = fmt::format(R"({{"type":"Noise","id":"{}"}})", group.id);

  const Partition home = topology::home_of(group.id, options_.partitions);
  const Partition fixed = !options_.any_partition || dice.one_in(4) ? home : dice.below(options_.partitions);
  const bool scattered = options_.any_partition && dice.one_in(3);
  for (SentEvent& event : group.events) {
    event.partition = scattered ? -1 : fixed;
    if (options_.skewed_clocks && dice.one_in(3)) event.skew = Duration{dice.between(-300, 300)};
    if (options_.transactions && dice.one_in(4)) {
      if (transactions_.empty() || dice.one_in(3)) {
        transactions_.emplace_back();
        transactions_.back().abort = dice.one_in(4);
      }
      event.transaction = static_cast<int>(transactions_.size()) - 1;
    }
  }
}

void Workload::send(SentGroup& group, SentEvent& event) {
  Dice& dice = scheduler_.dice();
  if (event.partition < 0) event.partition = dice.below(broker_.partitions(Topic::Input));
  event.timestamp = scheduler_.now() + event.skew;
  const TopicPartition at{Topic::Input, event.partition};
  Entry entry{.key = group.id, .value = event.json, .headers = {}, .timestamp = event.timestamp};
  event.appended = scheduler_.now();
  if (event.transaction >= 0) {
    // One that is over already: the event goes alone.
    Open& open = transactions_[static_cast<std::size_t>(event.transaction)];
    if (!open.began) {
      open.began = true;
      (void)broker_.init_producer(fmt::format("producer-{}", event.transaction), open.id);
      scheduler_.after(Duration{dice.below(500)}, [this, &open] {
        (void)broker_.end_transaction(open.id, !open.abort);
        open.id = {};
      });
    }
    if (open.id.producer >= 0 && broker_.produce(open.id, at, entry, event.offset) == Answer::Ok) {
      event.aborted = open.abort;
      return;
    }
  }
  event.offset = broker_.append(at, std::move(entry));
  if (scheduler_.traced()) {
    scheduler_.trace(fmt::format("input {}/{}: {}", event.partition, event.offset, event.json));
  }
}

}  // namespace ebc::simulation
