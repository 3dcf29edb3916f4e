// SIGTERM before there is anything to stop.
#include <gtest/gtest.h>

#include <csignal>
#include <random>
#include <thread>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

using Stop = BrokerTest;

// In some of them the group has taken the member in and not yet said what it gets: the library's worst moment.
TEST_F(Stop, AtAnyMomentOfTheStartEndsWithExitCode0) {
  constexpr int kTimes = 24;
  make_topic(4);
  const auto other = start_collector({}, "b");
  const auto collector = make_collector({}, "a");
  std::mt19937 dice(7);
  for (int i = 0; i < kTimes; ++i) {
    collector->start();
    ASSERT_TRUE(eventually(10s, [&] { return !collector->log().empty(); }));
    std::this_thread::sleep_for(milliseconds(dice() % 1'200));
    collector->process().signal(SIGTERM);
    const auto end = collector->process().wait(10s);
    ASSERT_TRUE(end.has_value()) << "still running 10 s after the signal:\n" << collector->log();
    ASSERT_EQ(end->code, 0) << "ended by signal " << end->signal << ":\n" << collector->log();
  }
}

}  // namespace
}  // namespace ebc::broker_test
