// Each metric of the table is made by somebody, and each moves: none is 0 whatever happens.
#include <gmock/gmock.h>
#include <prometheus/collectable.h>

#include <map>

#include "app/http/engine_metrics.h"
#include "app/http/group_metrics.h"
#include "app/http/kafka_metrics.h"
#include "app/http/metric_table.h"
#include "app/http/process_metrics.h"

namespace ebc::app {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;
using testing::ElementsAre;
using testing::Pair;

constexpr const char* kConsumer = R"({"type":"consumer","tx":11,"tx_bytes":12,"rx_bytes":13,"rxmsgs":14,
  "brokers":{"a/1":{"state":"UP","txerrs":1,"rxerrs":2,"req_timeouts":3,"disconnects":4,"rtt":{"p99":5000}},
             "b/2":{"state":"DOWN","txerrs":0,"rxerrs":0,"req_timeouts":1,"disconnects":1,"rtt":{"p99":9000}}},
  "topics":{"events":{"partitions":{
      "0":{"fetch_state":"active","fetchq_cnt":5,"ls_offset":90,"hi_offset":97},
      "1":{"fetch_state":"none","fetchq_cnt":0,"ls_offset":-1001,"hi_offset":-1001},
      "-1":{"fetch_state":"none","fetchq_cnt":0,"ls_offset":-1001,"hi_offset":-1001}}},
    "other":{"partitions":{"0":{"fetch_state":"active","fetchq_cnt":2,"ls_offset":1,"hi_offset":9}}}},
  "cgrp":{"rebalance_cnt":3}})";
constexpr const char* kProducer = R"({"type":"producer","tx":21,"tx_bytes":22,"rx_bytes":23,"txmsgs":24,"msg_cnt":25,
  "msg_size":26,"brokers":{},"topics":{}})";

std::map<std::string, MetricFamily> by_name(const prometheus::Collectable& source) {
  std::map<std::string, MetricFamily> families;
  for (auto& family : source.Collect()) families.emplace(family.name.substr(kMetricPrefix.size()), family);
  return families;
}

double value_of(const MetricFamily& family, const prometheus::ClientMetric& metric) {
  switch (family.type) {
    case MetricType::Counter:
      return metric.counter.value;
    case MetricType::Histogram:
      return static_cast<double>(metric.histogram.sample_count);
    default:
      return metric.gauge.value;
  }
}

// By the labels' values, joined.
std::map<std::string, double> samples(const std::map<std::string, MetricFamily>& families, const std::string& name) {
  std::map<std::string, double> values;
  const MetricFamily& family = families.at(name);
  for (const auto& metric : family.metric) {
    std::string labels;
    for (const auto& label : metric.label) labels += (labels.empty() ? "" : " ") + label.value;
    values[labels] = value_of(family, metric);
  }
  return values;
}

topology::EngineSnapshot busy_engine() {
  topology::EngineSnapshot snapshot;
  snapshot.joined = true;
  snapshot.homes = 12;
  snapshot.instance_id = "ebc-1";
  snapshot.counters = {.records = 1,
                       .rekeyed = 2,
                       .commits = 3,
                       .aborts = 4,
                       .producer_rebuilds = 5,
                       .restored_records = 6,
                       .quarantined_stores = 7,
                       .stale_records = 8};
  topology::HomeSnapshot running;
  running.home = 2;
  running.state = topology::HomeState::Running;
  running.restored = 5;
  running.input_lag = 7;
  running.clock = timestamp_from_ms(9'500);
  topology::HomeSnapshot restoring;
  restoring.home = 3;
  restoring.state = topology::HomeState::Restoring;
  restoring.restore_lag = 100;
  restoring.restore_eta = Duration{2'500};
  snapshot.owned = {running, restoring};
  topology::HomeSnapshot standby, unknown;
  standby.home = 5;
  standby.restore_lag = 12;
  unknown.home = 6;
  unknown.restore_lag = -1;
  snapshot.standbys = {standby, unknown};
  using std::chrono::milliseconds;
  topology::ThreadSnapshot stream{"stream-0", {}}, restore{"restore", {}};
  stream.times = {milliseconds(500), milliseconds(250), milliseconds(125), milliseconds(1'000), {}, milliseconds(1)};
  restore.times[static_cast<std::size_t>(topology::Activity::Restore)] = milliseconds(3'000);
  snapshot.threads = {stream, restore};
  snapshot.clock_held_up = std::pair{Partition{4}, Duration{1'500}};
  return snapshot;
}

std::shared_ptr<group::StatsRegistry> busy_groups() {
  auto registry = std::make_shared<group::StatsRegistry>();
  const auto stats = registry->add();
  for (std::size_t i = 0; i < group::kCounterNames.size(); ++i) stats->count(static_cast<group::Counter>(i));
  for (std::size_t i = 0; i < group::kCauses; ++i) stats->count(static_cast<group::Cause>(i));
  for (std::size_t i = 0; i < group::kReasonNames.size(); ++i) stats->count(static_cast<group::Reason>(i));
  stats->timed_out(Duration{30});
  stats->resolved(Duration{70'000});
  stats->add_open(9);
  stats->add_waiting(8);
  return registry;
}

constexpr state::RocksUsage kUsage{.block_cache_bytes = 1,
                                   .memtable_bytes = 2,
                                   .table_reader_bytes = 3,
                                   .disk_bytes = 4,
                                   .pending_compaction_bytes = 5,
                                   .rows = 6,
                                   .delayed_rate = 7,
                                   .write_stopped = false};

std::map<std::string, MetricFamily> everything() {
  static const ManualClock clock{timestamp_from_ms(10'000)};
  std::map<std::string, MetricFamily> all;
  all.merge(by_name(EngineMetrics(busy_engine, clock)));
  all.merge(by_name(GroupMetrics(busy_groups())));
  all.merge(by_name(StateMetrics([] { return kUsage; })));
  all.merge(by_name(KafkaMetrics(
      [] {
        return std::map<std::string, std::string>{{"stream-0 consumer", kConsumer}, {"stream-0 producer", kProducer}};
      },
      "events")));
  all.merge(by_name(ProcessMetrics()));
  return all;
}

TEST(Metrics, EachOfTheTableIsMadeAndNoneStaysZero) {
  const auto all = everything();
  for (const MetricSpec& spec : metric_table()) {
    const std::string name(spec.name);
    ASSERT_TRUE(all.contains(name)) << name;
    EXPECT_EQ(all.at(name).type, spec.type) << name;
    for (const auto& [labels, value] : samples(all, name)) {
      // A gauge of states or partitions has some at 0.
      if (name == "homes" || name.starts_with("home_") || name.starts_with("kafka_")) continue;
      EXPECT_GT(value, 0) << name << " " << labels;
    }
    double sum = 0;
    for (const auto& [labels, value] : samples(all, name)) sum += value;
    EXPECT_GT(sum, 0) << name;
  }
  EXPECT_EQ(all.size(), metric_table().size());
}

TEST(Metrics, TheTableNamesCountersAsPrometheusWantsThem) {
  for (const MetricSpec& spec : metric_table()) {
    EXPECT_EQ(spec.name.ends_with("_total"), spec.type == MetricType::Counter) << spec.name;
    EXPECT_TRUE(spec.help.ends_with(".")) << spec.name;
  }
}

TEST(Metrics, TimeOfAThreadIsSplitByWhatItDid) {
  EXPECT_THAT(
      samples(everything(), "thread_seconds_total"),
      ElementsAre(Pair("restore restore", 3.0), Pair("stream-0 commit", 1.0), Pair("stream-0 other", 0.001),
                  Pair("stream-0 poll", 0.5), Pair("stream-0 process", 0.25), Pair("stream-0 punctuate", 0.125)));
}

TEST(Metrics, StandbysShowHowFarBehindTheyAreOnceThatIsKnown) {
  EXPECT_THAT(samples(everything(), "standby_lag_records"), ElementsAre(Pair("5", 12.0)));
}

TEST(Metrics, HistogramsCountUpAndEndWithEverything) {
  const auto all = everything();
  const auto& age = all.at("group_age_seconds").metric.at(0).histogram;
  EXPECT_EQ(age.sample_count, 1u);
  EXPECT_DOUBLE_EQ(age.sample_sum, 70.0);
  for (const auto& bucket : age.bucket) EXPECT_EQ(bucket.cumulative_count, bucket.upper_bound >= 300 ? 1u : 0u);
  EXPECT_TRUE(std::isinf(age.bucket.back().upper_bound));
}

TEST(Metrics, WhatOpenTransactionsHoldBackIsShownWhereThisInstanceReads) {
  EXPECT_THAT(samples(everything(), "input_lso_lag_records"), ElementsAre(Pair("0", 7.0)));
}

TEST(Metrics, KafkaFiguresAreSummedOverBrokersAndTheSlowestCounts) {
  const auto all = everything();
  EXPECT_EQ(samples(all, "kafka_request_errors_total").at("stream-0 consumer"), 3);
  EXPECT_EQ(samples(all, "kafka_disconnects_total").at("stream-0 consumer"), 5);
  EXPECT_EQ(samples(all, "kafka_brokers_up").at("stream-0 consumer"), 1);
  EXPECT_DOUBLE_EQ(samples(all, "kafka_round_trip_seconds").at("stream-0 consumer"), 0.009);
  EXPECT_EQ(samples(all, "kafka_fetched_waiting_records").at("stream-0 consumer"), 7);
}

TEST(Metrics, UnreadableStatisticsAreLeftOut) {
  const KafkaMetrics metrics([] { return std::map<std::string, std::string>{{"a", "{"}, {"b", "[]"}}; }, "events");
  for (const auto& family : metrics.Collect()) EXPECT_TRUE(family.metric.empty()) << family.name;
}

TEST(Metrics, AMetricThatIsNotInTheTableIsAMistakeOfTheProgram) {
  EXPECT_THROW(metric_family("no_such_metric", {}), std::logic_error);
  EXPECT_THROW(metric_family("ready", {{1, {"surplus"}}}), std::logic_error);
}

}  // namespace
}  // namespace ebc::app
