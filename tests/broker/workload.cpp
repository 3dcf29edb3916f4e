#include "tests/broker/workload.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <thread>

#include "topology/murmur2.h"

namespace ebc::broker_test {
namespace {

/// Later than this is too late for some of the groups that are to time out.
constexpr std::int64_t kOnTimeMs = 500;
class Generator {
 public:
  explicit Generator(const WorkloadOptions& options) : options_(options), random_(options.seed) {}

  bool chance(double share) { return std::uniform_real_distribution<double>(0, 1)(random_) < share; }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }

  PlannedGroup group(std::size_t index) {
    PlannedGroup group;
    group.id = fmt::format("{}-{:x}-{}-{:08x}", options_.prefix, options_.seed, index, between(0, 0xffffffff));
    group.kind = chance(options_.timeout_share) ? Kind::Timeout
                 : chance(options_.error_share) ? Kind::Error
                                                : Kind::Success;
    const auto entities = between(1, static_cast<std::int64_t>(options_.max_entities));
    for (std::int64_t i = 0; i < entities; ++i)
      group.expected.push_back(fmt::format("e{}-{:04x}", i, between(0, 0xffff)));
    std::ranges::shuffle(group.expected, random_);
    group.ttl_ms = group.kind == Kind::Timeout
                       ? between(options_.timeout_ttl_min_ms, options_.timeout_ttl_max_ms) / 100 * 100
                       : options_.finished_ttl_ms;
    group.ttl = fmt::format("{}", static_cast<double>(group.ttl_ms) / 1000);
    group.payload = fmt::format(R"({{"n":{},"text":"gr\u00fc\n{}","list":[1.5,null,true]}})", index, between(0, 999));
    if (group.kind == Kind::Error) {
      group.error_entity = group.expected[0];
      group.error = fmt::format("disk {} is \"full\"", between(0, 99));
    }
    for (const auto& entity : group.expected) {
      const bool is_awaited = group.kind == Kind::Timeout && (entity == group.expected[0] || chance(0.5));
      if (entity != group.error_entity && !is_awaited) group.results[entity] = result();
    }
    return group;
  }

  void add_events(const PlannedGroup& group, std::size_t index, std::vector<PlannedEvent>& events) {
    const auto start = static_cast<std::int64_t>(static_cast<double>(index) * 1000 / options_.groups_per_second);
    const bool done_first = chance(options_.done_first_share) && !group.results.empty();
    const bool repeats = chance(options_.repeat_share);
    const auto create_at = start + (done_first ? options_.done_spread_ms / 2 : 0);
    const PlannedEvent create{create_at, index, EventKind::Create, "", create_json(group)};
    events.push_back(create);
    // A repeat of a Create is known as one while its group is open or remembered. A crash forgets, so the repeat comes
    // before anything that could resolve the group: right behind it, in the same partition.
    if (repeats && !done_first && options_.keying == Keying::ByGroup) events.push_back(create);
    for (const auto& [entity, result] : group.results) {
      PlannedEvent done{start + moment(done_first), index, EventKind::Done, entity,
                        done_json(group.id, entity, result)};
      events.push_back(done);
      if (repeats) {
        done.at_ms += between(0, 50);
        events.push_back(done);
      }
    }
    if (group.kind == Kind::Error) {
      events.push_back({start + moment(done_first), index, EventKind::Done, group.error_entity,
                        failed_json(group.id, group.error_entity, group.error)});
    }
    add_strays(group, index, start, events);
  }

 private:
  // Events that change no outcome. After a timeout nothing comes late: read first, because partitions lag unequally, it
  // would rightly end the group before what was in time is read.
  void add_strays(const PlannedGroup& group, std::size_t index, std::int64_t start, std::vector<PlannedEvent>& events) {
    if (group.kind != Kind::Timeout && chance(options_.late_share)) {
      const auto late = start + options_.done_spread_ms * 3 / 2 + between(500, 3'000);
      for (const auto& [entity, value] : group.results) {
        events.push_back({late, index, EventKind::Done, entity, done_json(group.id, entity, value)});
      }
    }
    if (chance(options_.unexpected_share)) {
      events.push_back({start + between(0, options_.done_spread_ms), index, EventKind::Unexpected, "stranger",
                        done_json(group.id, "stranger", fmt::format("{}", index))});
    }
    if (chance(options_.invalid_share)) {
      events.push_back({start + between(0, options_.done_spread_ms), index, EventKind::Invalid, "", "", ""});
      auto& event = events.back();
      switch (between(0, 2)) {
        case 0:
          event.value = fmt::format(R"({{"id":"a","type":"EventGroupCollectorEntityDone","of":"{}"}})", group.id);
          event.reason = "invalid-done";
          break;
        case 1:
          event.value = fmt::format(R"({{"type":"EventGroupCollectorNonsense","of":"{}"}})", group.id);
          event.reason = "unknown-type";
          break;
        default:
          event.value = fmt::format(R"({{"type":"EventGroupCollectorEntityDone","of":"{}",)", group.id);
          event.reason = "not-json";
      }
    }
  }

  std::int64_t moment(bool from_start) { return between(from_start ? 0 : 1, options_.done_spread_ms); }
  std::string result() {
    switch (between(0, 3)) {
      case 0:
        return fmt::format("{}", between(-1000, 1000));
      case 1:
        return "null";
      case 2:
        return fmt::format(R"("text {}")", between(0, 999));
      default:
        return fmt::format(R"({{"job":{},"nested":{{"b":[],"a":{}}}}})", between(0, 999), between(0, 9));
    }
  }

  const WorkloadOptions& options_;
  std::mt19937_64 random_;
};

/// Keys and partitioners of the producers that a workload plays.
class KeyedProducer {
 public:
  KeyedProducer(const std::string& brokers, Keying keying, std::uint64_t seed, OnFatal on_fatal)
      : java_(brokers, "murmur2_random", on_fatal),
        crc32_(brokers, "consistent_random", on_fatal),
        fnv1a_(brokers, "fnv1a_random", on_fatal),
        keying_(keying),
        random_(seed) {}

  /// `second_half`: of the run.
  void produce(ProducedRecord record, const std::string& group, const PlannedEvent& event, bool second_half) {
    auto keying = keying_;
    constexpr int kLast = static_cast<int>(Keying::Mixed) - 1;
    if (keying == Keying::Mixed) keying = static_cast<Keying>(std::uniform_int_distribution<int>(0, kLast)(random_));
    if (keying == Keying::Changed) keying = second_half ? Keying::ByCrc32 : Keying::ByGroup;
    if (keying == Keying::ByGroup || keying == Keying::ByCrc32 || keying == Keying::ByFnv1a) record.key = group;
    if (keying == Keying::ByEntity) {
      record.key = event.kind == EventKind::Create ? "create of " + group : event.entity;
    }
    producer(keying).produce(record);
  }

  /// Returns when all is delivered, and notes in the groups what happened to their events on the way.
  void flush(std::vector<PlannedGroup>& groups) {
    std::map<std::size_t, milliseconds> slowest;
    for (auto* producer : {&java_, &crc32_, &fnv1a_}) {
      producer->flush();
      for (const auto group : producer->take_doubtful()) groups[group].doubtful = true;
      for (const auto& [group, took] : producer->take_slow()) slowest[group] = std::max(slowest[group], took);
    }
    // An event that was produced late, too, may have been the one that took long.
    for (const auto& [group, took] : slowest) groups[group].delayed_ms += took.count();
  }

 private:
  KafkaProducer& producer(Keying keying) {
    return keying == Keying::ByCrc32 ? crc32_ : keying == Keying::ByFnv1a ? fnv1a_ : java_;
  }

  KafkaProducer java_, crc32_, fnv1a_;
  Keying keying_;
  std::mt19937_64 random_;
};

}  // namespace

Workload::Workload(WorkloadOptions options) : options_(std::move(options)) {
  Generator generator(options_);
  for (std::size_t i = 0; i < options_.groups; ++i) {
    groups_.push_back(generator.group(i));
    generator.add_events(groups_.back(), i, events_);
  }
  std::ranges::stable_sort(events_, {}, &PlannedEvent::at_ms);
}

void Workload::run(const std::string& brokers, const std::string& topic, const std::atomic<bool>* stop) {
  KeyedProducer producer(brokers, options_.keying, options_.seed, options_.on_fatal);
  const Stopwatch stopwatch;
  std::vector<char> begun(groups_.size(), 0);
  for (const auto& event : events_) {
    const auto is_stopped = [&] { return stop != nullptr && *stop; };
    const auto is_of_a_new_group = [&] { return begun[event.group] == 0; };
    // Once stopped, what was begun is ended in peace and nothing else begins.
    const auto is_skipped = [&] { return is_stopped() && is_of_a_new_group(); };
    while (!is_skipped() && stopwatch.ms() < event.at_ms) std::this_thread::sleep_for(1ms);
    if (is_skipped()) continue;
    auto& group = groups_[event.group];
    begun[event.group] = 1;
    const auto late_ms = stopwatch.ms() - event.at_ms;
    if (late_ms > kOnTimeMs) group.delayed_ms = std::max(group.delayed_ms, late_ms);
    ProducedRecord record{.topic = topic, .value = event.value, .timestamp_ms = wall_clock_ms(), .tag = event.group};
    if (event.kind == EventKind::Create) {
      if (group.created_ms == 0) group.created_ms = record.timestamp_ms;
      record.timestamp_ms = group.created_ms;  // a repeat carries the first one's
    }
    producer.produce(std::move(record), group.id, event, event.at_ms > events_.back().at_ms / 2);
  }
  producer.flush(groups_);
}

std::vector<PlannedGroup> Workload::produced() const {
  std::vector<PlannedGroup> produced;
  std::ranges::copy_if(groups_, std::back_inserter(produced), [](const auto& group) { return group.created_ms != 0; });
  return produced;
}

LetterPlan Workload::letters() const {
  LetterPlan plan;
  for (const auto& event : events_) {
    const auto& group = groups_[event.group];
    if (group.created_ms == 0) continue;
    auto& letter = plan[event.value];
    ++letter.copies;
    if (event.kind == EventKind::Invalid) {
      letter.reasons.insert(event.reason);
      letter.certain = !group.doubtful;
    }
    if (event.kind == EventKind::Unexpected) letter.reasons = {"unexpected-entity", "no-such-group"};
    // What comes after the outcome is counted as late, or, when a crash made the collector forget, taken for early.
    const bool may_be_late = letter.copies > 1 || group.kind == Kind::Error || group.delayed_ms > 0 || group.doubtful;
    if (event.kind == EventKind::Done && may_be_late) letter.reasons.insert("no-such-group");
  }
  return plan;
}

std::string create_json(const PlannedGroup& group) {
  return fmt::format(R"({{"id":"{}","type":"EventGroupCollectorCreate","expected":["{}"],"ttl":{},"payload":{}}})",
                     group.id, fmt::join(group.expected, "\",\""), group.ttl, group.payload);
}

std::string done_json(const std::string& group, const std::string& entity, const std::string& result) {
  return fmt::format(R"({{"id":"{}","type":"EventGroupCollectorEntityDone","group":"{}","result":{}}})", entity, group,
                     result);
}

std::string failed_json(const std::string& group, const std::string& entity, const std::string& error) {
  std::string escaped;
  for (const char c : error) escaped += c == '"' ? std::string("\\\"") : std::string(1, c);
  return fmt::format(R"({{"id":"{}","type":"EventGroupCollectorEntityDone","group":"{}","error":"{}"}})", entity, group,
                     escaped);
}

std::vector<PlannedGroup> closing_groups(const std::string& prefix, int homes, const std::string& ttl_seconds) {
  std::vector<PlannedGroup> groups(static_cast<std::size_t>(homes));
  int left = homes;
  for (int i = 0; left > 0; ++i) {
    const auto id = fmt::format("{}-closing-{}", prefix, i);
    auto& group = groups[static_cast<std::size_t>(topology::home_of(id, homes))];
    if (!group.id.empty()) continue;
    group.id = id;
    group.kind = Kind::Timeout;
    group.expected = {"nobody"};
    group.ttl = ttl_seconds;
    group.ttl_ms = std::lround(std::stod(ttl_seconds) * 1000);
    group.payload = "null";
    --left;
  }
  return groups;
}

void produce_creates(const std::string& brokers, const std::string& topic, std::vector<PlannedGroup>& groups) {
  KafkaProducer producer(brokers);
  for (auto& group : groups) {
    group.created_ms = wall_clock_ms();
    producer.produce({.topic = topic, .key = group.id, .value = create_json(group), .timestamp_ms = group.created_ms});
  }
  producer.flush();
}

}  // namespace ebc::broker_test
