#include "app/options/kafka_passthrough.h"

#include <gmock/gmock.h>

#include "tests/app/temporary_file.h"

namespace ebc::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class KafkaPassthrough : public testing::Test {
 protected:
  /// "scope:name=value" of each setting.
  std::vector<std::string> run(const std::vector<std::string>& pairs, Environment environment = {},
                               const std::string& secrets_file = "", const std::string& config_file = "") {
    GivenFlags flags;
    if (!pairs.empty()) flags["kafka"] = pairs;
    if (!secrets_file.empty()) flags["kafka-secrets-file"] = {secrets_file};
    if (!config_file.empty()) flags["config"] = {config_file};
    const auto options = resolve_options(kRun, flags, environment, faults_);
    std::vector<std::string> out;
    for (const auto& setting : kafka_settings(given_kafka_settings(options, faults_))) {
      out.push_back(setting.scope + ":" + setting.name + "=" + setting.value);
    }
    return out;
  }
  Faults faults_;
};

TEST_F(KafkaPassthrough, SplitsTheScopeOff) {
  EXPECT_THAT(
      run({"consumer.fetch.max.bytes=1", "producer.linger.ms=2", "admin.request.timeout.ms=3", "client.rack=a=b"}),
      ElementsAre("consumer:fetch.max.bytes=1", "producer:linger.ms=2", "admin:request.timeout.ms=3",
                  ":client.rack=a=b"));
  EXPECT_THAT(faults_, IsEmpty());
}

TEST_F(KafkaPassthrough, RefusesWhatTheGuaranteeStandsOnInAnyScope) {
  for (const std::string key :
       {"acks", "enable.idempotence", "isolation.level", "transactional.id", "auto.offset.reset", "group.id",
        "group.instance.id", "partition.assignment.strategy", "enable.auto.commit", "enable.auto.offset.store"}) {
    faults_.clear();
    run({key + "=x", "consumer." + key + "=x"});
    ASSERT_THAT(faults_, SizeIs(2)) << key;
    EXPECT_THAT(faults_[0], AllOf(HasSubstr("--kafka"), HasSubstr(key)));
  }
}

TEST_F(KafkaPassthrough, RefusesSecretsAsFlagsAndNamesTheVariable) {
  run({"sasl.password=hidden", "ssl.key.password=hidden", "producer.sasl.oauthbearer.client.secret=hidden"});
  ASSERT_THAT(faults_, SizeIs(3));
  for (const auto& fault : faults_)
    EXPECT_THAT(fault, AllOf(HasSubstr("--kafka-secrets-file"), Not(HasSubstr("hidden"))));
  EXPECT_THAT(faults_[0], HasSubstr("EB_COLLECTOR_KAFKA_SASL_PASSWORD"));
}

TEST_F(KafkaPassthrough, RefusesSecretsInTheConfigFile) {
  const TemporaryFile config("[kafka]\nsasl.mechanism = \"PLAIN\"\nsasl.password = \"hidden\"\n");
  EXPECT_THAT(run({}, {}, "", config.path()), ElementsAre(":sasl.mechanism=PLAIN"));
  EXPECT_THAT(faults_, ElementsAre(AllOf(HasSubstr("sasl.password"), Not(HasSubstr("hidden")))));
}

TEST_F(KafkaPassthrough, TakesSecretsFromVariablesAndFromTheSecretsFile) {
  const TemporaryFile secrets("# comment\nsasl.password = of=file\n\nssl.key.password=k\n");
  EXPECT_THAT(run({}, {{"EB_COLLECTOR_KAFKA_SASL_PASSWORD", "of-environment"}}, secrets.path()),
              ElementsAre(":sasl.password=of-environment", ":ssl.key.password=k"));
  EXPECT_THAT(run({}, {}, secrets.path()), ElementsAre(":sasl.password=of=file", ":ssl.key.password=k"));
  EXPECT_THAT(faults_, IsEmpty());
}

TEST_F(KafkaPassthrough, NamesTheLineOfABadSecretsFileButNotItsText) {
  const TemporaryFile secrets("sasl.password=x\nhidden\n");
  run({}, {}, secrets.path());
  EXPECT_THAT(faults_, ElementsAre(AllOf(HasSubstr("line 2"), Not(HasSubstr("hidden")))));
}

TEST_F(KafkaPassthrough, LetsTheFlagWinOverVariableOverFile) {
  const TemporaryFile config("[kafka]\nclient.rack = \"of-file\"\nlinger.ms = 7\n");
  const Environment environment{{"EB_COLLECTOR_KAFKA_CLIENT_RACK", "of-environment"}};
  EXPECT_THAT(run({}, environment, "", config.path()), ElementsAre(":client.rack=of-environment", ":linger.ms=7"));
  EXPECT_THAT(run({"client.rack=of-flag"}, environment, "", config.path()),
              ElementsAre(":client.rack=of-flag", ":linger.ms=7"));
}

TEST_F(KafkaPassthrough, ReadsLinesOfOneVariable) {
  EXPECT_THAT(run({}, {{"EB_COLLECTOR_KAFKA", "linger.ms=1\nclient.rack=a,b\n"}}),
              ElementsAre(":linger.ms=1", ":client.rack=a,b"));
}

TEST_F(KafkaPassthrough, PointsToTheOptionOfItsOwn) {
  run({"bootstrap.servers=x", "session.timeout.ms=1"});
  EXPECT_THAT(faults_, ElementsAre(HasSubstr("--brokers"), HasSubstr("--session-timeout")));
}

TEST_F(KafkaPassthrough, RefusesWhatIsNoPair) {
  run({"linger.ms", "=5"});
  EXPECT_THAT(faults_, ElementsAre(HasSubstr("KEY=VALUE"), HasSubstr("KEY=VALUE")));
}

}  // namespace
}  // namespace ebc::app
