#include "topology/at_least_once_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "topology/testing/fake_clients.h"
#include "topology/transaction_session.h"

namespace ebc::topology::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// What the two sinks were asked for, in order, and how they answer.
struct Script {
  std::vector<std::string> calls;
  Status settle, commit, abort;
  bool wants_replacing = false;
};

class ScriptedSink final : public Sink {
 public:
  ScriptedSink(Script& script, std::string name) : script_(script), name_(std::move(name)) {}
  Status open() override { return {}; }
  Status begin() override {
    note("begin");
    return {};
  }
  void produce(const SinkRecord& record) override { note(std::string(record.topic)); }
  void send_now() override { note("send now"); }
  Status settle_outputs() override {
    note("settle");
    return script_.settle;
  }
  Status commit(std::span<const LogPosition>, const Membership&) override {
    note("commit");
    return script_.commit;
  }
  std::optional<Offset> delivered_offset(int) const override { return std::nullopt; }
  Status finish(std::span<const LogPosition>) override { return {}; }
  Status abort() override {
    note("abort");
    return script_.abort;
  }
  bool wants_replacing() const override { return script_.wants_replacing; }

 private:
  void note(const std::string& what) { script_.calls.push_back(name_ + ": " + what); }

  Script& script_;
  const std::string name_;
};

class AtLeastOnce : public ::testing::Test {
 protected:
  void begin_with_an_output() {
    ASSERT_TRUE(sink.begin().ok());
    sink.produce({.topic = "outcome", .partition = 0, .key = "k", .value = "v", .headers = {}});
  }
  std::vector<std::string> calls() { return std::exchange(script.calls, {}); }

  Script script;
  AtLeastOnceSink sink{std::make_unique<ScriptedSink>(script, "outputs"),
                       std::make_unique<ScriptedSink>(script, "state")};
};

TEST_F(AtLeastOnce, SettlesTheOutputsBeforeTheTransactionOfTheStateBegins) {
  begin_with_an_output();
  sink.send_now();
  ASSERT_TRUE(sink.settle_outputs().ok());
  sink.produce({.topic = "row", .partition = 0, .key = "k", .value = "v", .headers = {}});
  ASSERT_TRUE(sink.commit({}, FakeMembership(true)).ok());
  EXPECT_THAT(calls(), ElementsAre("outputs: begin", "outputs: outcome", "outputs: send now", "outputs: settle",
                                   "state: begin", "state: row", "state: commit"));

  begin_with_an_output();
  EXPECT_THAT(calls(), ElementsAre("outputs: begin", "outputs: outcome")) << "outputs again";
}

TEST_F(AtLeastOnce, LetsARecordHopWithTheStateOnly) {
  begin_with_an_output();
  for (int i = 0; i < 2; ++i) sink.rekey({.topic = "hop", .partition = 0, .key = "k", .value = "v", .headers = {}});
  sink.produce({.topic = "letter", .partition = 0, .key = "k", .value = "v", .headers = {}});
  EXPECT_THAT(calls(), ElementsAre("outputs: begin", "outputs: outcome", "state: begin", "state: hop", "state: hop",
                                   "outputs: letter"));
  ASSERT_TRUE(sink.settle_outputs().ok());
  ASSERT_TRUE(sink.commit({}, FakeMembership(true)).ok());
  EXPECT_THAT(calls(), ElementsAre("outputs: settle", "state: commit"));
}

TEST_F(AtLeastOnce, AbortsTheTransactionOfAHop) {
  ASSERT_TRUE(sink.begin().ok());
  sink.rekey({.topic = "hop", .partition = 0, .key = "k", .value = "v", .headers = {}});
  calls();
  EXPECT_TRUE(sink.abort().ok());
  EXPECT_THAT(calls(), ElementsAre("state: abort"));
}

TEST_F(AtLeastOnce, GoesOnAfterAnAbortBeforeTheTransactionBeganWithoutAskingForOne) {
  begin_with_an_output();
  calls();
  EXPECT_TRUE(sink.abort().ok());
  EXPECT_THAT(calls(), IsEmpty());
}

TEST_F(AtLeastOnce, AbortsTheTransactionOfTheState) {
  begin_with_an_output();
  ASSERT_TRUE(sink.settle_outputs().ok());
  calls();
  script.abort = {Verdict::Fenced, "another producer has this id"};
  EXPECT_EQ(sink.abort().verdict(), Verdict::Fenced);
  EXPECT_THAT(calls(), ElementsAre("state: abort"));
}

TEST_F(AtLeastOnce, IsReplacedWhenItsOutputsCouldNotBeSent) {
  begin_with_an_output();
  script.settle = {Verdict::AbortTransaction, "records were not acknowledged in time"};
  EXPECT_FALSE(sink.settle_outputs().ok());
  EXPECT_FALSE(sink.abort().ok());
  EXPECT_THAT(calls(), ElementsAre("outputs: begin", "outputs: outcome", "outputs: settle")) << "no transaction";
}

TEST_F(AtLeastOnce, IsReplacedWhenALateCopyMayEndItsNextTransaction) {
  EXPECT_FALSE(sink.wants_replacing());
  script.wants_replacing = true;
  EXPECT_TRUE(sink.wants_replacing());
}

}  // namespace
}  // namespace ebc::topology::testing
