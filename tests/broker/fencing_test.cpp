// Who acts in whose place: instance ids given twice, members that were put out, transactions of lives gone by.
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

class Fencing : public BrokerTest {
 protected:
  const std::vector<std::string> named_{"--instance-id", "pod-1", "--session-timeout", "6s"};

  // SIGSTOP for so long that its instance id is free to be taken, and the other one running.
  std::unique_ptr<Collector> replace_frozen(Collector& frozen) {
    frozen.process().signal(SIGSTOP);
    auto other = make_collector(named_, "b");
    other->start();
    other->wait_until_ready(40s);
    return other;
  }
};

TEST_F(Fencing, RefusesASecondProcessWithTheInstanceIdOfALiveOne) {
  make_topic(2);
  auto first = start_collector(named_, "a");
  auto second = make_collector(named_, "b");
  second->start();
  const auto end = second->process().wait(20s);
  ASSERT_TRUE(end.has_value()) << "the second one goes on";
  EXPECT_EQ(end->code, 3);
  EXPECT_NE(second->log().find("another live process"), std::string::npos) << second->log();
  EXPECT_NE(second->log().find("--instance-id"), std::string::npos) << second->log();
  EXPECT_TRUE(first->ready()) << "the first one was disturbed";
  EXPECT_EQ(first->metric("aborts_total"), 0) << "the first one was fenced";
}

TEST_F(Fencing, EndsTheFrozenOneWhoseInstanceIdALiveProcessHasTaken) {
  make_topic(2);
  auto frozen = start_collector(named_, "a");
  Workload workload({.seed = 71, .groups = 3'000, .groups_per_second = 60, .finished_ttl_ms = 8'000});
  RunningWorkload running(workload, brokers(), topic());
  ASSERT_TRUE(eventually(10s, [&] { return frozen->metric("records_total").value_or(0) > 100; }));
  const auto other = replace_frozen(*frozen);
  frozen->process().signal(SIGCONT);
  const auto end = frozen->process().wait(20s);
  ASSERT_TRUE(end.has_value()) << "two processes share an instance id";
  EXPECT_EQ(end->code, 3);
  EXPECT_TRUE(eventually(10s, [&] { return other->ready(); }));
  running.stop();
  EXPECT_TRUE(is_exactly_once(check_all(workload.produced(), 60s, "8.5")));
}

TEST_F(Fencing, IsOvercomeByTheFrozenOneOnceTheOtherIsGone) {
  make_topic(2);
  auto frozen = start_collector(named_, "a");
  Workload workload({.seed = 72, .groups = 3'000, .groups_per_second = 60, .finished_ttl_ms = 8'000});
  RunningWorkload running(workload, brokers(), topic());
  ASSERT_TRUE(eventually(10s, [&] { return frozen->metric("records_total").value_or(0) > 100; }));
  replace_frozen(*frozen)->kill9();
  frozen->process().signal(SIGCONT);
  const Stopwatch stopwatch;
  const auto records = frozen->metric("records_total").value_or(0);
  ASSERT_TRUE(eventually(40s, [&] { return frozen->metric("records_total").value_or(0) > records + 100; }))
      << "it doesn't come back";
  measured("rejoin_after_fence_ms", static_cast<double>(stopwatch.ms()));
  EXPECT_TRUE(frozen->running());
  running.stop();
  EXPECT_TRUE(is_exactly_once(check_all(workload.produced(), 60s, "8.5")));
}

TEST_F(Fencing, EndsWhatThreadsLeftOpenThatNoLongerRun) {
  make_topic(4);
  auto collector = start_collector({"--threads", "3", "--transaction-timeout", "60s"});
  Workload workload({.seed = 73, .groups = 2'000, .groups_per_second = 150, .finished_ttl_ms = 8'000});
  RunningWorkload running(workload, brokers(), topic());
  ASSERT_TRUE(eventually(10s, [&] { return collector->metric("records_total").value_or(0) > 300; }));
  collector->kill9();
  const Stopwatch stopwatch;
  auto fewer = make_collector({"--threads", "1", "--transaction-timeout", "60s"});
  fewer->start();
  // Well before the transactions of the threads that are gone would have ended by themselves.
  fewer->wait_until_ready(30s);
  measured("restart_with_fewer_threads_ms", static_cast<double>(stopwatch.ms()));
  running.stop();
  EXPECT_TRUE(is_exactly_once(check_all(workload.produced(), 60s, "8.5")));
}

}  // namespace
}  // namespace ebc::broker_test
