#include "topology/transaction_session.h"

#include <gtest/gtest.h>

#include "topology/testing/fake_clients.h"

namespace ebc::topology::testing {
namespace {

/// What the sinks of a session were asked for, and how they answer.
struct Script {
  int made = 0, aborted = 0;
  Status abort;
  bool outputs_wait = true;
};

class ScriptedSink final : public Sink {
 public:
  explicit ScriptedSink(Script& script) : script_(script) { ++script_.made; }
  Status open() override { return {}; }
  Status begin() override { return {}; }
  void produce(const SinkRecord&) override {}
  bool outputs_wait() const override { return script_.outputs_wait; }
  Status settle_outputs() override { return {}; }
  Status commit(std::span<const LogPosition>, const Membership&) override {
    return {Verdict::Fenced, "another generation"};
  }
  std::optional<Offset> delivered_offset(int) const override { return std::nullopt; }
  Status finish(std::span<const LogPosition>) override { return {}; }
  Status abort() override {
    ++script_.aborted;
    return script_.abort;
  }
  bool wants_replacing() const override { return false; }

 private:
  Script& script_;
};

class Session : public ::testing::Test {
 protected:
  void fail_a_commit() {
    ASSERT_TRUE(session.ensure_sink(source, now).ok());
    ASSERT_TRUE(session.begin().ok());
    EXPECT_FALSE(session.commit({}, FakeMembership(true)).ok());
    session.drop(now);
    EXPECT_FALSE(session.begun());
    now += Duration{10'000};
  }

  Script script;
  FakeLog log;
  FakeFaults faults;
  struct NoListener final : RebalanceListener {
    void on_assigned(std::span<const Partition>) override {}
    void on_revoked(std::span<const Partition>) override {}
    void on_lost(std::span<const Partition>) override {}
  } listener;
  FakeSource source{log, {"in", "repartition", "changelog"}, faults, listener};
  Timestamp now = timestamp_from_ms(1'800'000'000'000);
  TransactionSession session{[this](RecordSource&) { return std::make_unique<ScriptedSink>(script); }};
};

using DroppingATransaction = Session;

TEST_F(DroppingATransaction, KeepsTheProducerThatCouldEndIt) {
  fail_a_commit();
  EXPECT_TRUE(session.has_sink());
  EXPECT_EQ(script.made, 1);
}

TEST_F(DroppingATransaction, ReplacesAProducerWhoseTransactionFailsAgain) {
  fail_a_commit();
  fail_a_commit();
  EXPECT_FALSE(session.has_sink());
  EXPECT_EQ(script.aborted, 1);
  EXPECT_EQ(session.ensure_sink(source, now - Duration{10'000}).verdict(), Verdict::Retry) << "not without a pause";
}

TEST_F(DroppingATransaction, KeepsTheProducerAgainAfterACommitThatWorked) {
  fail_a_commit();
  ASSERT_TRUE(session.begin().ok());
  ASSERT_TRUE(session.finish({}).ok());
  fail_a_commit();
  EXPECT_EQ(script.made, 1);
  EXPECT_EQ(script.aborted, 2);
}

TEST_F(DroppingATransaction, ReplacesAProducerThatCanNotTell) {
  script.abort = {Verdict::AbortTransaction, "a commit was asked for"};
  fail_a_commit();
  EXPECT_FALSE(session.has_sink());
  fail_a_commit();
  EXPECT_EQ(script.made, 2);
}

TEST_F(DroppingATransaction, HearsTheGroupFirstWhenAnotherProducerHasItsName) {
  script.abort = {Verdict::Fenced, "another producer has this id"};
  fail_a_commit();
  const Timestamp failed = now - Duration{10'000};
  EXPECT_EQ(session.ensure_sink(source, failed + Duration{1'000}).verdict(), Verdict::Retry);
  EXPECT_TRUE(session.ensure_sink(source, failed + Duration{2'000}).ok());
}

using Outputs = Session;

TEST_F(Outputs, WaitForTheCommitUnlessTheyAreSeenBefore) {
  ASSERT_TRUE(session.ensure_sink(source, now).ok());
  EXPECT_FALSE(session.outputs_waiting());
  session.produce({.topic = "out", .partition = 0, .key = "k", .value = "v", .headers = {}});
  EXPECT_TRUE(session.outputs_waiting());
  script.outputs_wait = false;
  EXPECT_FALSE(session.outputs_waiting());
  session.rekey({.topic = "hops", .partition = 0, .key = "k", .value = "v", .headers = {}});
  EXPECT_TRUE(session.outputs_waiting()) << "a hop";
}

}  // namespace
}  // namespace ebc::topology::testing
