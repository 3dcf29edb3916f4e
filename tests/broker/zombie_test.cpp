// A process that was frozen until it had lost its homes to another one, and then goes on as if nothing had happened.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

class Zombie : public BrokerTest {
 protected:
  // Records that a read_committed consumer sees in all topics that a collector writes outcomes to, or passes events by.
  std::size_t seen() {
    std::size_t records = 0;
    for (const auto& name : {topic(), app_id() + "-repartition", app_id() + "-dead-letter"}) {
      KafkaReader reader(brokers(), name);
      EXPECT_TRUE(reader.read_to_end(30s)) << "an open transaction holds up the readers of " << name;
      records += reader.records().size();
    }
    return records;
  }
};

// Frozen for longer than its session and its transaction are waited for, in the middle of a transaction.
TEST_F(Zombie, WritesNothingThatAReaderOfCommittedRecordsSees) {
  make_topic(4);
  const std::vector<std::string> quick{"--session-timeout", "3s", "--transaction-timeout", "5s"};
  const auto zombie = start_collector(quick, "a");
  const auto heir = start_collector(quick, "b");
  const auto has_homes = [](const Collector& collector, double count) { return collector.metric("homes") == count; };
  ASSERT_TRUE(eventually(30s, [&] { return has_homes(*zombie, 2) && has_homes(*heir, 2); })) << "not shared";
  Workload workload(
      {.seed = 6, .groups = 20'000, .groups_per_second = 200, .keying = Keying::Mixed, .finished_ttl_ms = 30'000});
  RunningWorkload running(workload, brokers(), topic());
  const auto records = [&] { return zombie->metric("records_total").value_or(0); };
  ASSERT_TRUE(eventually(30s, [&] { return records() > 1'000; })) << "the load isn't processed";

  zombie->process().signal(SIGSTOP);
  const Stopwatch frozen;
  ASSERT_TRUE(eventually(60s, [&] { return has_homes(*heir, 4) && heir->ready(); })) << "no takeover";
  measured("zombie_takeover_ms", static_cast<double>(frozen.ms()));
  // Whatever the takeover took, longer than 10 s.
  ASSERT_TRUE(eventually(30s, [&] { return frozen.elapsed() > 10s; }));
  running.stop();
  KafkaReader reader(brokers(), topic());
  wait_for_resolved(reader, workload.produced().size(), 90s);
  wait_until_caught_up(60s);
  const auto before = seen();

  zombie->process().signal(SIGCONT);
  ASSERT_TRUE(eventually(60s, [&] { return has_homes(*zombie, 2) && zombie->ready(); })) << "it doesn't rejoin";
  measured("zombie_frozen_ms", static_cast<double>(frozen.ms()));

  EXPECT_EQ(seen(), before);
  // Which of the two depends on whether its transaction could be aborted for certain; both are said of one that was
  // open.
  const std::string log = zombie->log();
  const auto said = [&](const char* line) { return log.find(line) != std::string::npos; };
  EXPECT_TRUE(said("drops what is uncommitted") || said("goes back to its last commit"))
      << "it had nothing to lose: this proves nothing";
  EXPECT_TRUE(is_exactly_once(check_all(workload.produced(), 90s, "0.5")));
}

}  // namespace
}  // namespace ebc::broker_test
