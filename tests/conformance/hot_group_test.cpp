// One group with no end of events: what it costs grows with its events and nothing else, and the groups beside it get
// their outcomes in their turn.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>

#include "processor/group/collector.h"
#include "tests/support/memory_home.h"
#include "topology/testing/test_driver.h"

namespace ebc::conformance {
namespace {

using test_support::MemoryHome;
using topology::testing::TopologyTestDriver;

constexpr std::int64_t kStart = 1'800'000'000'000;

group::CollectorOptions options() {
  group::CollectorOptions options;
  options.input_topic = TopologyTestDriver::kInput;
  options.output_topic = "outcomes";
  options.dead_letter_topic = TopologyTestDriver::kDeadLetter;
  options.default_ttl = std::chrono::hours(1);
  return options;
}

std::string create(const std::string& id, const std::string& expected, const std::string& more = "") {
  return fmt::format(R"({{"id":"{}","type":"EventGroupCollectorCreate","expected":[{}]{}}})", id, expected, more);
}
std::string done(const std::string& group, const std::string& entity, const std::string& result = "1") {
  return fmt::format(R"({{"id":"{}","type":"EventGroupCollectorEntityDone","group":"{}","result":{}}})", entity, group,
                     result);
}
std::string update(const std::string& group, const std::string& what) {
  return fmt::format(R"({{"type":"EventGroupCollectorUpdate","group":"{}",{}}})", group, what);
}
std::string ids(int count) {
  std::string list;
  for (int i = 0; i < count; ++i) list += fmt::format("{}\"e{}\"", i == 0 ? "" : ",", i);
  return list;
}

/// A home that commits every so many events, as the engine does, and holds no group decoded longer than it must.
class Home {
 public:
  Home() : home_(scarce(), timestamp_from_ms(kStart)) {}

  void event(const std::string& json) {
    Record record;
    record.topic = TopologyTestDriver::kInput;
    record.offset = events_++;
    record.timestamp = home_.now();
    record.value = json;
    home_.process(record);
    if (events_ % 500 == 0) commit();
  }
  void commit() {
    home_.commit();
    home_.take();
  }
  void pass(Duration time) {
    home_.present(home_.now() + time);
    // With commits in between, as the engine makes them.
    while (home_.now() > home_.next_punctuation()) home_.turn(home_.now()), commit();
    home_.advance_clock(home_.now());
  }
  std::size_t rows() const { return home_.rows(); }
  std::size_t work() const { return home_.work(); }

 private:
  static group::CollectorOptions scarce() {
    group::CollectorOptions scarce = options();
    scarce.cache_bytes = 1;
    return scarce;
  }

  MemoryHome home_;
  Offset events_ = 0;
};

struct Heat {
  const char* name;
  std::function<void(Home&, int events)> play;
};

void PrintTo(const Heat& heat, std::ostream* out) { *out << heat.name; }

const Heat kHeats[] = {
    {"events_that_no_Create_follows",
     [](Home& home, int events) {
       for (int i = 0; i < events; ++i) home.event(done("hot", fmt::format("e{}", i)));
       home.pass(std::chrono::minutes(2));
     }},
    {"a_Create_behind_all_its_events",
     [](Home& home, int events) {
       for (int i = 0; i < events; ++i) home.event(done("hot", fmt::format("e{}", i)));
       home.event(create("hot", ids(events)));
     }},
    {"events_of_many_groups_that_end_at_once",
     [](Home& home, int events) {
       for (int i = 0; i < events; ++i) home.event(done(fmt::format("g{}", i), "a"));
       home.pass(std::chrono::minutes(2));
     }},
    {"groups_that_time_out_at_once",
     [](Home& home, int events) {
       for (int i = 0; i < events; ++i) home.event(create(fmt::format("g{}", i), R"("a")"));
       home.pass(std::chrono::hours(2));
     }},
    {"results_that_wait_for_the_seal",
     [](Home& home, int events) {
       home.event(create("hot", "", R"(,"sealed":false)"));
       for (int i = 0; i < events; ++i) home.event(done("hot", fmt::format("e{}", i)));
       home.event(update("hot", R"("seal":true)"));
     }},
    {"results_that_wait_until_they_are_added",
     [](Home& home, int events) {
       home.event(create("hot", "", R"(,"sealed":false)"));
       for (int i = 0; i < events; ++i) home.event(done("hot", fmt::format("e{}", i)));
       home.event(update("hot", fmt::format(R"("add":[{}],"seal":true)", ids(events))));
     }},
    {"one_result_over_and_over",
     [](Home& home, int events) {
       home.event(create("hot", R"("a","b")"));
       for (int i = 0; i < events; ++i) home.event(done("hot", "a"));
     }},
    {"another_result_each_time",
     [](Home& home, int events) {
       home.event(create("hot", R"("a","b")"));
       for (int i = 0; i < events; ++i) home.event(done("hot", "a", std::to_string(i)));
     }},
    {"the_Create_over_and_over",
     [](Home& home, int events) {
       for (int i = 0; i < events; ++i) home.event(create("hot", R"("a")", fmt::format(R"(,"payload":{})", i)));
     }},
    {"late_events",
     [](Home& home, int events) {
       home.event(create("hot", ""));
       for (int i = 0; i < events; ++i) home.event(done("hot", fmt::format("e{}", i)));
     }},
    {"a_deadline_that_moves",
     [](Home& home, int events) {
       home.event(create("hot", R"("a")"));
       for (int i = 0; i < events; ++i) home.event(update("hot", fmt::format(R"("ttl":{})", 3'600 + i)));
     }},
    {"many_entities",
     [](Home& home, int events) {
       home.event(create("hot", ids(events)));
       for (int i = 0; i < events; ++i) home.event(done("hot", fmt::format("e{}", i)));
     }},
    {"entities_added_one_by_one",
     [](Home& home, int events) {
       home.event(create("hot", "", R"(,"sealed":false)"));
       for (int i = 0; i < events; ++i) home.event(update("hot", fmt::format(R"("add":["e{}"])", i)));
       for (int i = 0; i < events; ++i) home.event(done("hot", fmt::format("e{}", i)));
       home.event(update("hot", R"("seal":true)"));
     }},
    {"an_id_opened_and_closed_over_and_over",
     [](Home& home, int events) {
       for (int i = 0; i < events; ++i) home.event(create("hot", "", fmt::format(R"(,"payload":{})", i)));
     }},
};

class HotGroup : public ::testing::TestWithParam<Heat> {};

TEST_P(HotGroup, CostsTheSameForEachOfItsEventsHoweverManyThereAre) {
  const auto work_per_event = [](int events) {
    Home home;
    GetParam().play(home, events);
    home.commit();
    return static_cast<double>(home.work()) / events;
  };
  // A bucket of entities may have to be read and written for each event; anything more would grow with their number.
  const double few = work_per_event(1'000), many = work_per_event(8'000);
  RecordProperty("rows_per_event", fmt::format("{:.2f} {:.2f}", few, many));
  fmt::print("MEASURED hot_group_rows_per_event_{}={:.2f}\n", GetParam().name, many);
  EXPECT_LE(many, 1.25 * few + 3) << few << " rows for each of 1,000 events, " << many << " for each of 8,000";
}

INSTANTIATE_TEST_SUITE_P(Heats, HotGroup, ::testing::ValuesIn(kHeats),
                         [](const auto& heat) { return heat.param.name; });

std::vector<std::string> resolved(TopologyTestDriver& driver) {
  std::vector<std::string> ids;
  for (const auto& one : driver.read("outcomes")) ids.push_back(one.record.key.value_or(""));
  return ids;
}

TEST(HotGroupBesideOthers, LeavesThemTheirTurn) {
  constexpr int kParts = 10, kEventsAPart = 20'000, kBetween = 1'000;
  TopologyTestDriver driver(group::make_supplier_factory(options(), std::make_shared<group::StatsRegistry>()),
                            {.partitions = 1, .output_topics = {"outcomes"}, .buffer_records = 5'000});
  driver.append(0, "hot", create("hot", "", R"(,"sealed":false)"));
  for (int part = 0; part < kParts; ++part) {
    std::vector<std::string> others;
    for (int i = 0; i < kEventsAPart; ++i) {
      // Half of it grows the group, the rest is settled already or not expected.
      const std::string entity = fmt::format("e{}-{}", part, i / 4);
      driver.append(0, "hot", i % 4 == 0 ? update("hot", fmt::format(R"("add":["{}"])", entity)) : done("hot", entity));
      if (i % kBetween != 0) continue;
      others.push_back(fmt::format("other{}-{}", part, i));
      driver.append(0, others.back(), create(others.back(), R"("a")"));
      driver.append(0, others.back(), done(others.back(), "a"));
    }
    driver.process();
    driver.commit();
    EXPECT_EQ(resolved(driver), others) << "in the order in which they came, and no later than the events around them";
  }
  driver.append(0, "hot", update("hot", R"("seal":true)"));
  driver.process();
  driver.commit();
  EXPECT_EQ(resolved(driver), std::vector<std::string>{"hot"});
}

}  // namespace
}  // namespace ebc::conformance
