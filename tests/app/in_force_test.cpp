#include "app/options/in_force.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "app/options/settings.h"
#include "tests/app/temporary_file.h"

namespace ebc::app {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class InForce : public testing::Test {
 protected:
  void run(const GivenFlags& flags, Environment environment = {}) {
    environment.emplace("HOME", "/home/me");
    Faults faults;
    shown_ = collector_settings(resolve_options(kRun, flags, environment, faults), environment, faults).in_force;
    EXPECT_THAT(faults, IsEmpty());
  }
  /// "value (source)" of an option; "-" has no value, "*" is hidden, "" isn't there.
  std::string option(std::string_view name) const { return find(shown_.options, name); }
  std::string kafka(std::string_view name) const { return find(shown_.kafka, name); }
  std::string everything() const {
    std::string all;
    for (const auto* list : {&shown_.options, &shown_.kafka}) {
      for (const auto& one : *list) all += one.name + " " + one.value.value_or("") + " " + one.source + "\n";
    }
    return all;
  }

  OptionsInForce shown_;

 private:
  static std::string find(const std::vector<OptionInForce>& list, std::string_view name) {
    for (const auto& one : list) {
      if (one.name == name) return (one.hidden ? "*" : one.value.value_or("-")) + " (" + one.source + ")";
    }
    return "";
  }
};

TEST_F(InForce, SaysOfEachOptionWhatItIsAndWhereItCameFrom) {
  const TemporaryFile file("max-ttl = \"2d\"\nlate = \"dead-letter\"\n");
  run({{"config", {file.path()}}, {"threads", {"3"}}, {"handler-topics", {"a", "b,c"}}, {"http-insecure", {"true"}}},
      {{"EB_COLLECTOR_REUSE", "ignore"}, {"COLLECTOR_EVENT_TOPIC", "bus"}, {"EB_COLLECTOR_LATE", "count"}});
  EXPECT_EQ(option("threads"), "3 (--threads)");
  EXPECT_EQ(option("handler-topics"), "a,b,c (--handler-topics)");
  EXPECT_EQ(option("http-insecure"), "true (--http-insecure)");
  EXPECT_EQ(option("reuse"), "ignore (EB_COLLECTOR_REUSE)");
  EXPECT_EQ(option("topic"), "bus (COLLECTOR_EVENT_TOPIC)");
  EXPECT_EQ(option("max-ttl"), "2d (max-ttl in " + file.path() + ")");
  EXPECT_EQ(option("late"), "count (EB_COLLECTOR_LATE)") << "the one that counts, not the one of the file";
  EXPECT_EQ(option("guarantee"), "exactly-once (default)");
  EXPECT_EQ(option("http-token"), "- (default)");
  EXPECT_EQ(option("instance-id"), "- (default)");
}

TEST_F(InForce, SaysWhatOptionsThatWereNotGivenComeTo) {
  run({{"topic", {"bus"}}});
  EXPECT_EQ(option("output-topic"), "bus (default)");
  EXPECT_EQ(option("state-dir"), "/home/me/.local/state/eb-collector (default)");
}

TEST_F(InForce, ListsEveryOptionOfTheCommandAndNoOther) {
  run({});
  std::size_t options = 0;
  for (const auto& spec : option_table()) {
    const bool there = !option(spec.name).empty();
    EXPECT_EQ(there, (spec.scope & kRun) != 0 && spec.kind != OptionKind::Pairs) << spec.name;
    options += there;
  }
  EXPECT_EQ(shown_.options.size(), options);
}

TEST_F(InForce, ShowsWhatIsPassedThroughToTheKafkaClient) {
  const TemporaryFile file("[kafka]\n\"client.rack\" = \"of-file\"\n\"sasl.username\" = \"me\"\n");
  run({{"config", {file.path()}}, {"kafka", {"consumer.fetch.min.bytes=7"}}},
      {{"EB_COLLECTOR_KAFKA_CLIENT_RACK", "r"}});
  EXPECT_EQ(kafka("consumer.fetch.min.bytes"), "7 (--kafka)");
  EXPECT_EQ(kafka("client.rack"), "r (EB_COLLECTOR_KAFKA_CLIENT_RACK)");
  EXPECT_THAT(kafka("sasl.username"), HasSubstr("me ("));
  EXPECT_EQ(shown_.kafka.size(), 3u);
}

TEST_F(InForce, NeverHoldsASecret) {
  const TemporaryFile secrets("ssl.key.password=s3cret-1\nclient.id=s3cret-2\nadmin.sasl.password=s3cret-3\n");
  run({{"kafka-secrets-file", {secrets.path()}},
       {"kafka", {"sasl.oauthbearer.token.endpoint.url=https://me:s3cret-4@issuer/token"}}},
      {{"EB_COLLECTOR_HTTP_TOKEN", "s3cret-5"},
       {"EB_COLLECTOR_KAFKA_SASL_PASSWORD", "s3cret-6"},
       {"EB_COLLECTOR_KAFKA_SSL_KEY_PEM", "s3cret-7"},
       {"EB_COLLECTOR_KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET", "s3cret-8"},
       {"EB_COLLECTOR_KAFKA", "producer.ssl.keystore.password=s3cret-9\nsasl.oauthbearer.config=s3cret-10"}});
  EXPECT_THAT(everything(), Not(HasSubstr("s3cret")));
  // That they are set, and by what, is to be seen.
  EXPECT_EQ(option("http-token"), "* (EB_COLLECTOR_HTTP_TOKEN)");
  EXPECT_EQ(kafka("sasl.password"), "* (EB_COLLECTOR_KAFKA_SASL_PASSWORD)");
  EXPECT_EQ(kafka("client.id"), "* (" + secrets.path() + " line 2)");
  EXPECT_EQ(kafka("producer.ssl.keystore.password"), "* (EB_COLLECTOR_KAFKA)");
  EXPECT_THAT(kafka("sasl.oauthbearer.token.endpoint.url"), HasSubstr("* ("));
  EXPECT_EQ(shown_.kafka.size(), 9u);
}

TEST_F(InForce, NamesASecretOnceByTheSourceThatCounts) {
  const TemporaryFile secrets("sasl.password=s3cret-of-the-file\n");
  run({{"kafka-secrets-file", {secrets.path()}}}, {{"EB_COLLECTOR_KAFKA_SASL_PASSWORD", "s3cret"}});
  EXPECT_EQ(kafka("sasl.password"), "* (EB_COLLECTOR_KAFKA_SASL_PASSWORD)");
  EXPECT_EQ(shown_.kafka.size(), 1u);
}

TEST_F(InForce, NeedsTheSecretsFileOnce) {
  // As a shell's <(command) gives it: read, it is empty.
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  constexpr std::string_view kSecrets = "sasl.password=s3cret\n";
  ASSERT_EQ(write(ends[1], kSecrets.data(), kSecrets.size()), static_cast<ssize_t>(kSecrets.size()));
  close(ends[1]);
  const auto path = "/dev/fd/" + std::to_string(ends[0]);
  run({{"kafka-secrets-file", {path}}});
  EXPECT_EQ(kafka("sasl.password"), "* (" + path + " line 1)");
  close(ends[0]);
}

}  // namespace
}  // namespace ebc::app
