#include "app/options/settings.h"

#include <gmock/gmock.h>

#include "tests/app/temporary_file.h"

namespace ebc::app {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Settings : public testing::Test {
 protected:
  CollectorSettings run(const GivenFlags& flags, Environment environment = {{"HOME", "/home/me"}}) {
    faults_.clear();
    return collector_settings(resolve_options(kRun, flags, environment, faults_), environment, faults_);
  }
  Faults faults_;
};

TEST_F(Settings, AreTheDocumentedDefaultsWhenNothingIsGiven) {
  const auto settings = run({});
  EXPECT_THAT(faults_, IsEmpty());
  const topology::EngineConfig engine;
  const group::CollectorOptions groups;
  EXPECT_EQ(settings.engine.brokers, engine.brokers);
  EXPECT_EQ(settings.engine.input_topic, "eventbus-collector");
  EXPECT_THAT(settings.engine.output_topics, ElementsAre("eventbus-collector"));
  EXPECT_EQ(settings.engine.state_dir, "/home/me/.local/state/eb-collector");
  EXPECT_EQ(settings.engine.instance_id, std::nullopt);
  EXPECT_EQ(settings.engine.commit_interval, engine.commit_interval);
  EXPECT_EQ(settings.engine.buffer_bytes, engine.buffer_bytes);
  EXPECT_EQ(settings.engine.row_cache_bytes, engine.row_cache_bytes);
  EXPECT_EQ(settings.engine.cache_bytes, engine.cache_bytes);
  EXPECT_EQ(settings.engine.write_buffer_bytes, engine.write_buffer_bytes);
  EXPECT_EQ(settings.engine.create_topics, topology::CreateTopics::Internal);
  EXPECT_EQ(settings.groups.max_outcome_bytes, groups.max_outcome_bytes);
  EXPECT_EQ(settings.groups.max_ttl, groups.max_ttl);
  EXPECT_EQ(settings.groups.carry_headers, groups.carry_headers);
  EXPECT_EQ(settings.groups.max_depth, groups.max_depth);
  EXPECT_EQ(settings.groups.cache_bytes, groups.cache_bytes);
  EXPECT_EQ(settings.groups.marker_bytes, groups.marker_bytes);
  EXPECT_EQ(settings.http.host, "127.0.0.1");
  EXPECT_EQ(settings.http.port, 8080);
}

TEST_F(Settings, ReachEngineAndGroups) {
  const auto settings = run({{"topic", {"in"}},
                             {"output-topic", {"out"}},
                             {"app-id", {"me"}},
                             {"instance-id", {"none"}},
                             {"guarantee", {"at-least-once"}},
                             {"late", {"dead-letter"}},
                             {"reuse", {"ignore"}},
                             {"foreign", {"skip"}},
                             {"handler-topics", {"jobs,audit-*"}},
                             {"from", {"latest"}}});
  EXPECT_THAT(faults_, IsEmpty());
  EXPECT_THAT(settings.engine.output_topics, ElementsAre("out"));
  EXPECT_EQ(settings.engine.instance_id, "");
  EXPECT_EQ(settings.engine.guarantee, topology::Guarantee::AtLeastOnce);
  EXPECT_EQ(settings.engine.from.kind, topology::InitialOffset::Kind::Latest);
  EXPECT_EQ(settings.groups.input_topic, "in");
  EXPECT_EQ(settings.groups.output_topic, "out");
  EXPECT_EQ(settings.groups.dead_letter_topic, "me-dead-letter");
  EXPECT_TRUE(settings.groups.late_to_dead_letters && settings.groups.ignore_reuse && settings.groups.skip_foreign);
}

TEST_F(Settings, TakeTheFirstFolderThatSystemdGives) {
  EXPECT_EQ(run({}, {{"STATE_DIRECTORY", "/var/lib/a:/var/lib/b"}, {"HOME", "/home/me"}}).engine.state_dir,
            "/var/lib/a");
  EXPECT_EQ(run({{"state-dir", {"/mine"}}}, {{"STATE_DIRECTORY", "/var/lib/a"}}).engine.state_dir, "/mine");
  run({}, {});
  EXPECT_THAT(faults_, ElementsAre(HasSubstr("--state-dir")));
}

TEST_F(Settings, NameEveryCombinationThatCannotWork) {
  run({{"default-ttl", {"2h"}},
       {"max-ttl", {"1h"}},
       {"commit-interval", {"20s"}},
       {"topic", {"bad name"}},
       {"brokers", {","}},
       {"http", {"nowhere"}},
       {"http-advertise", {"pod-1"}},
       {"instance-id", {"no blanks"}},
       {"app-id", {"a/b"}}});
  EXPECT_THAT(faults_, Contains(AllOf(HasSubstr("--default-ttl"), HasSubstr("--max-ttl"))));
  EXPECT_THAT(faults_, Contains(AllOf(HasSubstr("--commit-interval"), HasSubstr("--transaction-timeout"))));
  EXPECT_THAT(faults_, Contains(HasSubstr("bad name")));
  EXPECT_THAT(faults_, Contains(HasSubstr("--brokers")));
  EXPECT_THAT(faults_, Contains(HasSubstr("--http")));
  EXPECT_THAT(faults_, Contains(HasSubstr("--http-advertise")));
  EXPECT_THAT(faults_, Contains(HasSubstr("--instance-id")));
  EXPECT_THAT(faults_, Contains(HasSubstr("--app-id")));
}

TEST_F(Settings, RefuseAnInternalTopicAsInput) {
  run({{"topic", {"eb-collector-dead-letter"}}});
  EXPECT_THAT(faults_, ElementsAre(HasSubstr("internal topic")));
}

TEST_F(Settings, ReadTheTokenFromItsFileOnce) {
  const TemporaryFile token("t0p-secret\n");
  EXPECT_EQ(run({{"http-token-file", {token.path()}}}).http.token, "t0p-secret");
  run({{"http-token-file", {token.path()}}}, {{"HOME", "/h"}, {"EB_COLLECTOR_HTTP_TOKEN", "x"}});
  EXPECT_THAT(faults_, ElementsAre(HasSubstr("EB_COLLECTOR_HTTP_TOKEN")));
  run({{"http-token-file", {"/no/such/token"}}});
  EXPECT_THAT(faults_, ElementsAre(HasSubstr("/no/such/token")));
}

TEST(Address, IsHostAndPort) {
  std::string host;
  std::uint16_t port = 0;
  ASSERT_TRUE(split_address("[::1]:80", host, port));
  EXPECT_EQ(host, "::1");
  ASSERT_TRUE(split_address(":8080", host, port));
  EXPECT_EQ(host, "0.0.0.0");
  EXPECT_EQ(port, 8080);
  for (const auto text : {"", "host", "host:", "host:65536", "::1:80", "host:-1", "host:x"}) {
    EXPECT_FALSE(split_address(text, host, port)) << text;
  }
}

TEST(AdvertisedAddress, IsWhereOthersCanReachUs) {
  EXPECT_EQ(advertised_address({.host = "127.0.0.1"}, 8080), "http://127.0.0.1:8080");
  EXPECT_EQ(advertised_address({.host = "::1"}, 1), "http://[::1]:1");
  EXPECT_EQ(advertised_address({.host = "0.0.0.0", .advertise = "pod-1:80"}, 8080), "http://pod-1:80");
  const auto any = advertised_address({.host = "0.0.0.0"}, 8080);
  EXPECT_THAT(any, AllOf(testing::StartsWith("http://"), testing::EndsWith(":8080")));
  EXPECT_NE(any, "http://0.0.0.0:8080");
  EXPECT_EQ(advertised_address({.enabled = false}, 8080), "");
}

}  // namespace
}  // namespace ebc::app
