#include "app/http/endpoints.h"

#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include "app/command_json.h"
#include "app/http/engine_metrics.h"
#include "app/http/group_metrics.h"
#include "tests/app/fake_exchange.h"

namespace ebc::app {
namespace {

using testing::HasSubstr;

class EndpointsTest : public testing::Test {
 protected:
  HttpReply get(const std::string& target, const std::string& authorization = "") {
    return call("GET", target, authorization);
  }
  HttpReply call(const std::string& method, const std::string& target, const std::string& authorization = "") {
    const auto source = [this] { return snapshot_; };
    const Endpoints endpoints(source, access_,
                              {std::make_shared<EngineMetrics>(source, clock_), std::make_shared<GroupMetrics>(stats_)},
                              [](const Target& called, const HttpCall&, const ExchangePtr& exchange) {
                                exchange->send({200, "text/plain", fmt::format("{}", fmt::join(called.path, "|"))});
                              });
    const auto exchange = std::make_shared<FakeExchange>();
    HttpCall made{.method = method, .target = target, .authorization = authorization, .host = "localhost"};
    made.if_none_match = if_none_match_;
    endpoints.handle(made, exchange);
    return exchange->reply();
  }

  std::string if_none_match_;
  topology::EngineSnapshot snapshot_ = [] {
    topology::EngineSnapshot snapshot;
    snapshot.joined = true;
    return snapshot;
  }();
  AccessRule access_{"", true, false};
  ManualClock clock_{timestamp_from_ms(10'000)};
  std::shared_ptr<group::StatsRegistry> stats_ = std::make_shared<group::StatsRegistry>();
};

TEST_F(EndpointsTest, AreAliveUnlessAThreadHangs) {
  EXPECT_EQ(get("/livez").status, 200U);
  snapshot_.threads_turning = false;
  EXPECT_EQ(get("/livez").status, 503U);
}

TEST_F(EndpointsTest, AreReadyWithNothingAssigned) { EXPECT_EQ(get("/readyz?verbose").status, 200U); }

TEST_F(EndpointsTest, SayWhyTheyAreNotReady) {
  snapshot_.not_ready_reason = "home 3 restores";
  EXPECT_EQ(get("/readyz").status, 503U);
  EXPECT_THAT(get("/readyz").body, HasSubstr("home 3 restores"));
  snapshot_.not_ready_reason.clear();
  snapshot_.joined = false;
  EXPECT_THAT(get("/readyz").body, HasSubstr("joining"));
  snapshot_.stopping = true;
  EXPECT_THAT(get("/readyz").body, HasSubstr("stopping"));
}

TEST_F(EndpointsTest, AnswerProblemDocuments) {
  const auto reply = get("/nothing\"here");
  EXPECT_EQ(reply.status, 404U);
  EXPECT_EQ(reply.content_type, "application/problem+json");
  EXPECT_TRUE(check_json(reply.body).ok()) << reply.body;
  EXPECT_THAT(reply.body, HasSubstr(R"("status":404)"));
  EXPECT_THAT(reply.body, HasSubstr("/metrics"));
}

TEST_F(EndpointsTest, RefuseBadTargetsAndMethods) {
  for (const auto target : {"", "livez", "http://host/livez", "/%", "/%4", "/%zz", "*"}) {
    EXPECT_EQ(get(target).status, 400U) << target;
  }
  EXPECT_EQ(call("POST", "/livez").status, 405U);
  EXPECT_EQ(call("HEAD", "/livez").status, 200U);
}

TEST_F(EndpointsTest, SplitThePathBeforeDecodingIt) {
  EXPECT_EQ(get("/live%7A").status, 200U);
  EXPECT_EQ(get("/livez%2F").status, 404U);
  EXPECT_EQ(get("/livez/").status, 404U);
}

TEST_F(EndpointsTest, GuardV1HoweverItIsSpelled) {
  access_ = AccessRule("t0p", true, false);
  for (const auto target : {"/v1", "/v1/groups", "/%761/groups", "/v%31?x"}) {
    const auto reply = get(target);
    EXPECT_EQ(reply.status, 401U) << target;
    EXPECT_EQ(reply.headers.front().first, "WWW-Authenticate");
    EXPECT_EQ(get(target, "Bearer t0p").status, 200U) << target;
  }
  access_ = AccessRule("", false, false);
  EXPECT_EQ(get("/v1/groups").status, 403U);
  EXPECT_THAT(get("/v1/groups").body, HasSubstr("--http-insecure"));
  EXPECT_EQ(get("/readyz").status, 200U);
}

TEST_F(EndpointsTest, HandOverWhatIsUnderV1AndPutTheInstancesNameOnIt) {
  snapshot_.instance_id = "a b";
  const auto reply = get("/v1/groups/a%2Fb?x=1");
  EXPECT_EQ(reply.body, "v1|groups|a/b");
  EXPECT_THAT(reply.headers, testing::Contains(testing::Pair("Eb-Collector-Instance", "a%20b")));
}

TEST_F(EndpointsTest, ServeTheDashboardToEverybodyUnderAStrictPolicy) {
  access_ = AccessRule("", false, false);
  for (const auto target : {"/", "/dashboard/main.js", "/dashboard/style.css", "/dashboard/icon.svg"}) {
    const auto reply = get(target);
    ASSERT_EQ(reply.status, 200U) << target;
    EXPECT_THAT(reply.headers, testing::Contains(testing::Pair("Content-Security-Policy",
                                                               testing::StartsWith("default-src 'none';"))));
    EXPECT_FALSE(reply.body.empty());
  }
  EXPECT_EQ(get("/dashboard/../style.css").status, 404U);
  EXPECT_EQ(get("/dashboard/%2E%2E%2Fstyle.css").status, 404U);
  EXPECT_EQ(get("/dashboard/").status, 404U);
  EXPECT_EQ(call("POST", "/").status, 405U);
}

TEST_F(EndpointsTest, SendTheDashboardsFilesOnce) {
  const auto reply = get("/dashboard/main.js");
  ASSERT_EQ(reply.headers.front().first, "ETag");
  if_none_match_ = reply.headers.front().second;
  EXPECT_EQ(get("/dashboard/main.js").status, 304U);
  EXPECT_EQ(get("/dashboard/main.js").body, "");
}

// A metric line of the text format: name, labels, value.
bool is_sample(const std::string& line) {
  return testing::Matches(
      testing::MatchesRegex("eb_collector_[a-z_]+([{]([a-z_]+=\"[^\"]*\",?)+[}])? ([0-9.e+-]+|\\+Inf)"))(line);
}

TEST_F(EndpointsTest, GiveMetricsThatParseEachWithItsHelp) {
  snapshot_.owned.push_back({.home = 2,
                             .state = topology::HomeState::Running,
                             .waiting_for = "",
                             .restored = 5,
                             .restore_lag = 0,
                             .input_lag = 7,
                             .clock = timestamp_from_ms(9'500)});
  snapshot_.counters.records = 42;
  const auto stats = stats_->add();
  stats->count(group::Counter::Opened, 3);
  stats->count(group::Cause::Timeout);
  stats->timed_out(Duration{30});
  const auto reply = get("/metrics");
  EXPECT_EQ(reply.status, 200U);
  std::istringstream lines(reply.body);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP eb_collector_") || line.starts_with("# TYPE eb_collector_")) continue;
    EXPECT_TRUE(is_sample(line)) << line;
  }
  for (const auto text :
       {"eb_collector_records_total 42", "eb_collector_home_input_lag_records{home=\"2\"} 7",
        "eb_collector_home_clock_lag_seconds{home=\"2\"} 0.5", "eb_collector_groups_opened_total 3",
        "eb_collector_outcomes_total{type=\"failure\",cause=\"timeout\"} 1", "eb_collector_homes{state=\"running\"} 1",
        "eb_collector_timeout_lateness_seconds_bucket{le=\"+Inf\"} 1"}) {
    EXPECT_THAT(reply.body, HasSubstr(text));
  }
}

}  // namespace
}  // namespace ebc::app
