// The metrics that an operator is woken by move when what they stand for happens.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <librdkafka/rdkafka.h>

#include <fstream>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

// A producer whose transaction stays open: what it writes holds read_committed readers up.
class OpenTransaction {
 public:
  OpenTransaction(const std::string& brokers, const std::string& id) {
    char why[512];
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    for (const auto& [name, value] : {std::pair{"bootstrap.servers", brokers}, std::pair{"transactional.id", id}}) {
      if (rd_kafka_conf_set(conf, name, value.c_str(), why, sizeof why) != RD_KAFKA_CONF_OK)
        throw std::runtime_error(why);
    }
    handle_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why));
    if (!handle_) throw std::runtime_error(why);
    check(rd_kafka_init_transactions(handle_.get(), 10'000));
  }
  void write(const std::string& topic, int partition, const std::string& value) {
    check(rd_kafka_begin_transaction(handle_.get()));
    const auto code =
        rd_kafka_producev(handle_.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR || rd_kafka_flush(handle_.get(), 10'000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw std::runtime_error("the transaction's record can't be written");
    }
  }
  void end() { check(rd_kafka_abort_transaction(handle_.get(), 10'000)); }

 private:
  static void check(rd_kafka_error_t* error) {
    if (error == nullptr) return;
    const std::string text = rd_kafka_error_string(error);
    rd_kafka_error_destroy(error);
    throw std::runtime_error(text);
  }
  KafkaHandle handle_;
};

class MetricsTest : public BrokerTest {
 protected:
  void send(const std::vector<std::string>& events) {
    KafkaProducer producer(brokers());
    // No key: each takes the way over the repartition topic, with some luck of a partition.
    for (const auto& event : events) producer.produce({.topic = topic(), .value = event});
    producer.flush();
  }
  static std::string create(const std::string& id, const std::string& rest) {
    return fmt::format(R"({{"id":"{}","type":"EventGroupCollectorCreate",{}}})", id, rest);
  }
  static std::string done(const std::string& group, const std::string& entity, const std::string& rest = "") {
    return fmt::format(R"({{"id":"{}","type":"EventGroupCollectorEntityDone","group":"{}"{}}})", entity, group, rest);
  }
  static double of(const Collector& collector, const std::string& name) { return collector.metric(name).value_or(-1); }
  ::testing::AssertionResult reaches(const Collector& collector, const std::string& name, double wanted,
                                     milliseconds limit = 15s) {
    if (eventually(
            limit, [&] { return of(collector, name) >= wanted; }, 50ms)) {
      return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << name << " is " << of(collector, name) << ", wanted " << wanted << "\n"
                                         << collector.get("/metrics")->body;
  }
};

TEST_F(MetricsTest, CountWhatBecomesOfGroupsAndEvents) {
  make_topic(3);
  const auto collector = start_collector({"--orphan-ttl", "300ms", "--max-outcome-bytes", "16KiB"});
  const std::string big = fmt::format("\"{}\"", std::string(9'000, 'x'));
  send({create("s", R"("expected":["a"])"), create("t", R"("expected":["a"],"ttl":0.2)"),
        create("e", R"("expected":["a","b"])"), create("c", R"("expected":["a"])"),
        create("u", R"("expected":["a"],"policy":"any")"), create("i", R"("expected":17)"),
        create("l", R"("expected":["a","b"])"), create("o", R"("expected":["a","b"])"), "not json", "{}",
        R"({"type":"EventGroupCollectorWhat"})", R"({"type":"somebody else's"})", done("orphan", "a"),
        create("h", R"("expected":[],"handler":{"onsuccess":{"topic":"nowhere"}})"),
        create("p", R"("expected":[],"parent":{"group":"o","entity":"b"})")});
  ASSERT_TRUE(reaches(*collector, "groups_opened_total", 8));
  send({done("o", "z", R"(,"result":1)")});
  EXPECT_TRUE(reaches(*collector, R"(dead_letters_total{reason="unexpected-entity"})", 1));
  send({done("s", "a"), done("e", "a", R"(,"error":"no")"), R"({"type":"EventGroupCollectorCancel","group":"c"})",
        done("u", "a", R"(,"error":"no")"), done("l", "a", ",\"result\":" + big), done("l", "b", ",\"result\":" + big),
        done("o", "a", R"(,"result":1)")});
  for (const auto* cause : {"error", "timeout", "cancelled", "unmet", "invalid", "too-large"}) {
    EXPECT_TRUE(reaches(*collector, fmt::format(R"(outcomes_total{{type="failure",cause="{}"}})", cause), 1));
  }
  send({done("s", "a"), done("s", "a", R"(,"result":7)")});
  for (const auto* reason :
       {"not-json", "no-type", "unknown-type", "invalid-create", "no-such-group", "handler-refused"}) {
    EXPECT_TRUE(reaches(*collector, fmt::format(R"(dead_letters_total{{reason="{}"}})", reason), 1));
  }
  EXPECT_TRUE(reaches(*collector, R"(outcomes_total{type="success",cause=""})", 4));
  for (const auto* name : {"group_age_seconds_count", "timeout_lateness_seconds_count", "entities_done_total",
                           "late_events_total", "orphans_total", "skipped_records_total", "parent_messages_total",
                           "rekeyed_records_total", "records_total", "commits_total", "rocksdb_memtable_bytes",
                           "process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"}) {
    EXPECT_TRUE(reaches(*collector, name, 1e-6)) << name;
  }
  for (const auto* activity : {"poll", "process", "punctuate", "commit", "other"}) {
    EXPECT_GT(of(*collector, fmt::format(R"(thread_seconds_total{{thread="stream-0",activity="{}"}})", activity)), 0)
        << activity;
  }
  EXPECT_TRUE(reaches(*collector, "kafka_sent_records_total", 1));
  EXPECT_TRUE(reaches(*collector, "kafka_received_records_total", 1));
  EXPECT_TRUE(reaches(*collector, "kafka_brokers_up", 2));
  EXPECT_EQ(of(*collector, "open_groups"), 0);
}

TEST_F(MetricsTest, NameThePartitionThatAForeignOpenTransactionHoldsUp) {
  make_topic(2);
  const auto collector = start_collector({"--transaction-timeout", "30s"});
  OpenTransaction foreign(brokers(), name("foreign"));
  foreign.write(topic(), 1, R"({"type":"whatever"})");

  EXPECT_TRUE(reaches(*collector, R"(input_lso_lag_records{partition="1"})", 1));
  EXPECT_TRUE(reaches(*collector, R"(home_input_lag_records{home="1"})", 1));
  EXPECT_TRUE(reaches(*collector, R"(clock_held_up_seconds{partition="1"})", 2));
  EXPECT_TRUE(reaches(*collector, R"(home_clock_lag_seconds{home="0"})", 2));
  EXPECT_EQ(of(*collector, R"(input_lso_lag_records{partition="0"})"), 0);

  foreign.end();
  EXPECT_TRUE(eventually(
      20s, [&] { return of(*collector, "input_lso_lag_records") == 0 && !collector->metric("clock_held_up_seconds"); },
      100ms));
}

TEST_F(MetricsTest, CountATransactionThatSomebodyFencedAndTheProducerMadeAnew) {
  make_topic(1);
  const auto collector = start_collector();
  EXPECT_EQ(of(*collector, "aborts_total"), 0);
  std::ifstream identity(state_dir() / "identity");
  std::string instance;
  for (std::string line; std::getline(identity, line);) {
    if (line.starts_with("instance_id = ")) instance = line.substr(14);
  }
  ASSERT_FALSE(instance.empty());
  // Another process with our transactional id: the broker raises its epoch, and ours is fenced.
  OpenTransaction usurper(brokers(), fmt::format("{}-{}-0", app_id(), instance));
  send({create("g", R"("expected":[])")});

  EXPECT_TRUE(reaches(*collector, "aborts_total", 1));
  EXPECT_TRUE(reaches(*collector, "producer_rebuilds_total", 1));
  EXPECT_TRUE(reaches(*collector, R"(outcomes_total{type="success",cause=""})", 1));
}

TEST_F(MetricsTest, TellOfARestoreFromTheChangelog) {
  make_topic(1);
  auto collector = start_collector();
  std::vector<std::string> creates;
  for (int i = 0; i < 2'000; ++i) creates.push_back(create(fmt::format("g{}", i), R"("expected":["a"],"ttl":3600)"));
  send(creates);
  ASSERT_TRUE(reaches(*collector, "open_groups", 2'000));
  EXPECT_TRUE(reaches(*collector, "home_clock_lag_seconds", 0));
  ASSERT_EQ(collector->stop().code, 0);
  std::filesystem::remove_all(state_dir());
  collector->start_and_wait();

  EXPECT_GE(of(*collector, "restored_records_total"), 2'000);
  EXPECT_GE(of(*collector, "home_restored_records"), 2'000);
  EXPECT_GT(of(*collector, R"(thread_seconds_total{thread="restore",activity="restore"})"), 0);
  EXPECT_EQ(of(*collector, "open_groups"), 2'000);
  EXPECT_TRUE(reaches(*collector, "rocksdb_disk_bytes", 1));
  EXPECT_GE(of(*collector, "rocksdb_rows"), 2'000);
}

}  // namespace
}  // namespace ebc::broker_test
