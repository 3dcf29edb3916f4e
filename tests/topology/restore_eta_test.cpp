// How long the rest of a replay takes: what an operator asks first while a home isn't ready.
#include <gtest/gtest.h>

#include "state/memory_store.h"
#include "topology/take_home.h"
#include "topology/testing/fake_clients.h"

namespace ebc::topology::testing {
namespace {

constexpr Timestamp kStart = timestamp_from_ms(1'700'000'000'000);

class OneStore final : public HomeStores {
 public:
  Result<std::shared_ptr<state::CommittedStore>> open_home(Partition) override {
    return std::shared_ptr<state::CommittedStore>(store_);
  }
  Status quarantine_home(Partition) override { return store_->clear(); }

 private:
  std::shared_ptr<state::MemoryStore> store_ = std::make_shared<state::MemoryStore>();
};

/// The test itself brings the records.
class SilentReader final : public ChangelogReader {
 public:
  Status start(Partition, Offset) override { return {}; }
  void stop(Partition) override {}
  Status poll(Duration, const Visitor&) override { return {}; }
};

TEST(RestoreEta, FollowsThePaceSoFar) {
  FakeLog log;
  for (const char* topic : {"in", "re", "log"}) log.create_topic(topic, 1);
  for (int i = 0; i < 1'000; ++i) {
    log.append({"log", 0}, {.key = "\x10key", .value = "\x01value", .timestamp = kStart, .headers = {}});
  }
  FakeFaults faults;
  FakeOffsets offsets{log, {"in", "re", "log"}, faults};
  OneStore stores;
  SilentReader reader;
  TakeHome take({.partition = 0, .epoch = 1}, {}, stores, offsets, reader);

  EXPECT_EQ(take.restore_eta(kStart), std::nullopt);
  EXPECT_FALSE(take.step(kStart));
  EXPECT_EQ(take.restore_eta(kStart + Duration{50}), std::nullopt) << "there is no pace yet";

  for (Offset offset = 0; offset < 250; ++offset) take.on_record(offset, "\x10key", "\x01value", kStart);
  EXPECT_EQ(take.restore_lag(), 750);
  EXPECT_EQ(take.restore_eta(kStart + Duration{1'000}), Duration{3'000});

  for (Offset offset = 250; offset < 1'000; ++offset) take.on_record(offset, "\x10key", "\x01value", kStart);
  EXPECT_EQ(take.restore_eta(kStart + Duration{4'000}), Duration{0});
  take.step(kStart + Duration{4'000});
  EXPECT_EQ(take.restore_eta(kStart + Duration{4'000}), std::nullopt);
}

}  // namespace
}  // namespace ebc::topology::testing
