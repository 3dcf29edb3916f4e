#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/topology/word_count.h"
#include "topology/murmur2.h"
#include "topology/testing/test_driver.h"

namespace ebc::topology::testing {
namespace {

using ::testing::ElementsAre;

/// Tells where each record came from, as the processor sees it.
class Witness final : public Processor {
 public:
  Status init(ProcessorContext& context) override {
    context_ = &context;
    return {};
  }
  Status process(const Record& record, Timestamp) override {
    const std::string seen = std::string(*record.value) + "@" + std::to_string(record.partition) + "/" +
                             std::to_string(record.offset) + " " + std::to_string(to_ms(record.timestamp)) +
                             " key=" + std::string(record.key.value_or("none")) +
                             " headers=" + std::to_string(record.headers.size());
    context_->forward({.topic = "seen", .key = *record.value, .value = seen, .timestamp = std::nullopt, .headers = {}});
    return {};
  }
  Status punctuate(Timestamp) override { return {}; }
  Timestamp next_punctuation() const override { return kNever; }
  Status flush() override { return {}; }

 private:
  ProcessorContext* context_ = nullptr;
};

class WitnessSupplier final : public ProcessorSupplier {
 public:
  Route route(const Record& record) override {
    if (!record.value) return {};
    if (*record.value == "nobody's") return {Route::Kind::Unkeyed, {}};
    return {Route::Kind::Keyed, *record.value};
  }
  std::unique_ptr<Processor> make_processor() override { return std::make_unique<Witness>(); }
};

class Routing : public ::testing::Test {
 protected:
  TopologyTestDriver driver{[](int) { return std::make_unique<WitnessSupplier>(); },
                            {.partitions = 4, .output_topics = {"seen"}}};
  const Partition home = home_of("g", 4);
  const Partition elsewhere = (home + 1) % 4;
};

TEST_F(Routing, ProcessesAtOnceWhatLiesInItsHomesPartition) {
  driver.pipe(home, std::nullopt, "g");
  driver.commit();
  EXPECT_EQ(driver.read("seen").size(), 1u);
  EXPECT_EQ(driver.worker().counters().rekeyed.load(), 0u);
}

TEST_F(Routing, KeepsOriginTimestampAndKeyOfWhatHops) {
  driver.pipe(elsewhere, "a key", "g", timestamp_from_ms(1'234));
  driver.commit();
  driver.commit();
  EXPECT_THAT(driver.read_values("seen"),
              ElementsAre("g@" + std::to_string(elsewhere) + "/0 1234 key=a key headers=0"));
  EXPECT_EQ(driver.worker().counters().rekeyed.load(), 1u);
}

TEST_F(Routing, ProcessesWhereItWasReadWhatHasNoKey) {
  driver.pipe(2, std::nullopt, "nobody's");
  driver.commit();
  EXPECT_THAT(driver.read_values("seen"), ElementsAre(::testing::StartsWith("nobody's@2/0")));
}

TEST_F(Routing, SkipsWhatIsNotForItAndKeepsItsOffset) {
  driver.pipe(0, "a key", std::nullopt);
  driver.commit();
  EXPECT_TRUE(driver.read("seen").empty());
  EXPECT_EQ(driver.log().committed({TopologyTestDriver::kInput, 0}), 1);
}

TEST_F(Routing, OnlyRoutesWhatComesByPartitionsAddedLater) {
  driver.grow_input(7);
  driver.pipe(5, std::nullopt, "g");
  driver.pipe(6, std::nullopt, "nobody's");
  driver.commit();
  driver.commit();
  EXPECT_THAT(driver.read_values("seen"),
              ::testing::UnorderedElementsAre(::testing::StartsWith("g@5/0"), ::testing::StartsWith("nobody's@6/0")));
  driver.crash();
  driver.restart();
  driver.pipe(5, std::nullopt, "g");
  driver.commit();
  driver.commit();
  EXPECT_THAT(driver.read_values("seen"), ElementsAre(::testing::StartsWith("g@5/1")));
}

TEST_F(Routing, TakesPartitionsAddedLaterInAnyOrder) {
  driver.log().create_topic(TopologyTestDriver::kInput, 6);
  driver.rebalance({5});
  driver.pipe(5, std::nullopt, "g");
  driver.pipe(0, std::nullopt, "nobody's");  // whose home then writes down which partitions are known
  driver.commit();
  driver.rebalance({4});
  ASSERT_TRUE(driver.failure().ok()) << driver.failure().message();
  driver.pipe(4, std::nullopt, "g");
  driver.commit();
  driver.commit();
  EXPECT_EQ(driver.read_values("seen").size(), 3u);
}

TEST_F(Routing, StopsWhenTheOffsetOfAPartitionAddedLaterIsGone) {
  driver.grow_input(6);
  driver.pipe(5, std::nullopt, "g");
  driver.commit();
  driver.crash();
  driver.restart();  // each take sees that both are committed
  driver.pipe(0, std::nullopt, "nobody's");
  driver.pipe(5, std::nullopt, "g");
  driver.commit();
  driver.crash();
  driver.log().expire_offsets({TopologyTestDriver::kInput, 5});
  driver.restart();
  EXPECT_THAT(driver.failure().message(),
              ::testing::HasSubstr("input partition 5: the consumer group's offset is gone"));
}

}  // namespace
}  // namespace ebc::topology::testing
