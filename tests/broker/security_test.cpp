// On a broker with TLS and ACLs: the rights of docs/security.md are enough, each of them is needed, and what is missing
// or wrong is named. EBC_TEST_SECURE_PORT and EBC_TEST_TLS name its listeners and certificates (scripts/test sets
// them).
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <librdkafka/rdkafka.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

struct Right {
  rd_kafka_ResourceType_t type = RD_KAFKA_RESOURCE_TOPIC;
  rd_kafka_ResourcePatternType_t pattern = RD_KAFKA_RESOURCE_PATTERN_LITERAL;
  std::string name;
  std::string operation;
  bool of_transactions = false;  ///< on transactional ids, which old headers have no word for
  std::string text() const { return fmt::format("{} on {}", operation, name); }
};

rd_kafka_AclOperation_t operation_of(const std::string& name) {
  if (name == "Read") return RD_KAFKA_ACL_OPERATION_READ;
  if (name == "Write") return RD_KAFKA_ACL_OPERATION_WRITE;
  if (name == "Create") return RD_KAFKA_ACL_OPERATION_CREATE;
  if (name == "Delete") return RD_KAFKA_ACL_OPERATION_DELETE;
  if (name == "Describe") return RD_KAFKA_ACL_OPERATION_DESCRIBE;
  if (name == "DescribeConfigs") return RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS;
  throw std::runtime_error("docs/security.md names an unknown operation: " + name);
}

// The list in docs/security.md, filled in.
std::vector<Right> documented_rights(const std::string& app_id, const std::string& input, const std::string& output) {
  std::ifstream in(std::string(EBC_SOURCE_DIR) + "/docs/security.md");
  std::vector<Right> rights;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("```")) inside = line == "```acl";
    if (!inside || line.starts_with("```")) continue;
    std::istringstream words(line);
    std::string type, name, operation;
    words >> type >> name;
    for (const auto& [placeholder, value] :
         {std::pair{"{app-id}", app_id}, std::pair{"{input}", input}, std::pair{"{output}", output}}) {
      if (const auto at = name.find(placeholder); at != std::string::npos) {
        name.replace(at, std::string(placeholder).size(), value);
      }
    }
    Right right;
    if (type == "group") right.type = RD_KAFKA_RESOURCE_GROUP;
    right.of_transactions = type == "transactional-id";
    if (name.ends_with('*')) {
      name.pop_back();
      right.pattern = RD_KAFKA_RESOURCE_PATTERN_PREFIXED;
    }
    right.name = name;
    while (words >> operation) {
      right.operation = operation;
      rights.push_back(right);
    }
  }
  return rights;
}

class SecurityTest : public BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    const char* port = std::getenv("EBC_TEST_SECURE_PORT");
    const char* tls = std::getenv("EBC_TEST_TLS");
    if (port == nullptr || tls == nullptr) {
      GTEST_SKIP()
          << "EBC_TEST_SECURE_PORT and EBC_TEST_TLS are not set: scripts/test sets them, and KAFKA_SECURE_PORT "
             "makes scripts/kafka listen there";
    }
    port_ = std::atoi(port);
    tls_ = tls;
  }
  void TearDown() override {
    if (tls_.empty()) return;
    BrokerTest::TearDown();
  }

  // As the administrator, who is whoever comes over the plain port.
  void grant(const std::vector<Right>& rights, const std::string& principal = "User:eb-collector") const {
    char why[512];
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", brokers().c_str(), why, sizeof why);
    const KafkaHandle admin(rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why));
    ASSERT_TRUE(admin) << why;
    std::vector<rd_kafka_AclBinding_t*> bindings;
    for (const Right& right : rights) {
      if (right.of_transactions) continue;
      bindings.push_back(rd_kafka_AclBinding_new(right.type, right.name.c_str(), right.pattern, principal.c_str(), "*",
                                                 operation_of(right.operation), RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, why,
                                                 sizeof why));
      ASSERT_NE(bindings.back(), nullptr) << right.text() << ": " << why;
    }
    rd_kafka_queue_t* queue = rd_kafka_queue_new(admin.get());
    rd_kafka_CreateAcls(admin.get(), bindings.data(), bindings.size(), nullptr, queue);
    rd_kafka_event_t* event = rd_kafka_queue_poll(queue, 15'000);
    ASSERT_NE(event, nullptr);
    EXPECT_EQ(rd_kafka_event_error(event), RD_KAFKA_RESP_ERR_NO_ERROR) << rd_kafka_event_error_string(event);
    std::size_t count = 0;
    const auto* results = rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event), &count);
    for (std::size_t i = 0; i < count; ++i) {
      const rd_kafka_error_t* error = rd_kafka_acl_result_error(results[i]);
      EXPECT_EQ(error, nullptr) << rd_kafka_error_string(error);
    }
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AclBinding_destroy_array(bindings.data(), bindings.size());
  }

  // What is denied counts, whatever is allowed.
  void forbid(const Right& right) const {
    kafka_acl({"--add", "--force", "--topic", right.name, "--operation", right.operation, "--deny-principal",
               "User:eb-collector"});
  }
  void allow_again(const Right& right) const {
    kafka_acl({"--remove", "--force", "--topic", right.name, "--operation", right.operation, "--deny-principal",
               "User:eb-collector"});
  }
  void kafka_acl(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "acl");
    const auto tool =
        run_process(std::string(EBC_SOURCE_DIR) + "/scripts/kafka",
                    {.arguments = arguments, .environment = {}, .input = "", .output = folder() / "acl.log"}, 60s);
    ASSERT_EQ(tool.end.code, 0) << tool.output;
  }

  // By Kafka's own tool: what is missing in old headers of the library.
  void grant_transactions(const std::vector<Right>& rights, const std::vector<std::string>& principals) const {
    for (const Right& right : rights) {
      if (!right.of_transactions) continue;
      std::vector<std::string> arguments{"--add", "--operation", right.operation, "--transactional-id", right.name};
      if (right.pattern == RD_KAFKA_RESOURCE_PATTERN_PREFIXED) {
        arguments.insert(arguments.end(), {"--resource-pattern-type", "prefixed"});
      }
      for (const auto& principal : principals) arguments.insert(arguments.end(), {"--allow-principal", principal});
      kafka_acl(arguments);
    }
  }
  void grant_all(const std::string& app) const {
    const auto rights = documented_rights(app, input_, output_);
    grant(rights);
    grant_transactions(rights, {"User:eb-collector"});
  }

  // Input, output and internal topics, as somebody else would make them: the collector may not.
  void make_topics(const std::string& app) {
    input_ = app + ".in", output_ = app + ".out";
    admin().create_topic(input_, 2);
    admin().create_topic(output_, 2);
    admin().create_topic(app + "-groups-changelog", 2, {{"cleanup.policy", "compact"}});
    admin().create_topic(app + "-repartition", 2, {{"retention.ms", "-1"}});
    admin().create_topic(app + "-dead-letter", 1);
    admin().create_topic(app + "-instances", 1, {{"cleanup.policy", "compact"}});
  }

  std::vector<std::string> arguments(const std::string& app, const std::vector<std::string>& kafka, int port) const {
    std::vector<std::string> arguments{"--brokers",       fmt::format("127.0.0.1:{}", port),
                                       "--topic",         input_,
                                       "--output-topic",  output_,
                                       "--app-id",        app,
                                       "--create-topics", "none",
                                       "--start-timeout", "30s"};
    for (const auto& setting : kafka) arguments.insert(arguments.end(), {"--kafka", setting});
    return arguments;
  }
  std::vector<std::string> certificate() const {
    return {"security.protocol=SSL", "ssl.ca.location=" + tls_ + "/ca.pem",
            "ssl.certificate.location=" + tls_ + "/eb-collector.pem", "ssl.key.location=" + tls_ + "/eb-collector.key"};
  }
  std::vector<std::string> scram() const {
    return {"security.protocol=SASL_SSL", "sasl.mechanism=SCRAM-SHA-512", "sasl.username=eb-collector",
            "ssl.ca.location=" + tls_ + "/ca.pem"};
  }
  std::vector<std::string> tokens() const {
    return {"security.protocol=SASL_PLAINTEXT", "sasl.mechanism=OAUTHBEARER",
            "enable.sasl.oauthbearer.unsecure.jwt=true"};
  }
  // Unsigned ones: the test's broker believes them.
  static Environment token_of(const std::string& principal) {
    return {{"EB_COLLECTOR_KAFKA_SASL_OAUTHBEARER_CONFIG", "principal=" + principal}};
  }
  Collector collector(const std::string& app, const std::vector<std::string>& kafka, int port,
                      const Environment& environment = {}, const std::string& instance = "a") const {
    auto all = arguments(app, kafka, port);
    all.insert(all.end(), {"--state-dir", state_dir(instance).string()});
    return Collector({.command = "run",
                      .arguments = all,
                      .log = folder() / ("collector-" + app + ".log"),
                      .environment = environment});
  }
  FinishedProcess refused(const std::string& app, const std::vector<std::string>& kafka, int port,
                          const Environment& environment = {}) const {
    auto all = arguments(app, kafka, port);
    all.insert(all.begin(), "run");
    all.insert(all.end(), {"--http", "off", "--state-dir", state_dir().string()});
    return run_process(collector_binary(),
                       {.arguments = all, .environment = environment, .input = "", .output = folder() / "refused.log"},
                       60s);
  }

  // The collector may run on another library than this program (scripts/librdkafka).
  std::array<int, 3> library_version() const {
    const auto said = run_process(
        collector_binary(),
        {.arguments = {"--version"}, .environment = {}, .input = "", .output = folder() / "version.log"}, 10s);
    std::array<int, 3> version{};
    const std::size_t at = std::min(said.output.find("librdkafka "), said.output.size());
    EXPECT_EQ(std::sscanf(said.output.c_str() + at, "librdkafka %d.%d.%d", &version[0], &version[1], &version[2]), 3)
        << said.output;
    return version;
  }

  // A group with jobs, a group that times out and a bad record, from a producer that doesn't key: every topic is used.
  void use(int round = 0) {
    KafkaProducer producer(brokers());
    const auto send = [&](int partition, const std::string& event) {
      producer.produce({.topic = input_, .value = event, .partition = partition});
    };
    for (int partition = 0; partition < 2; ++partition) {
      send(partition, fmt::format(R"({{"id":"g{0}{1}","type":"EventGroupCollectorCreate","expected":["a"],"ttl":60}})",
                                  round, partition));
      send(partition, fmt::format(R"({{"id":"t{0}{1}","type":"EventGroupCollectorCreate","expected":["a"],"ttl":0.1}})",
                                  round, partition));
      send(1 - partition,
           fmt::format(R"({{"id":"a","type":"EventGroupCollectorEntityDone","group":"g{0}{1}"}})", round, partition));
    }
    send(0, "no event");
    producer.flush();
  }
  std::size_t outcomes() const {
    KafkaReader reader(brokers(), output_);
    reader.read_to_end(10s);
    return reader.records().size();
  }

  int port_ = 0;
  std::string tls_, input_, output_;
};

TEST_F(SecurityTest, TheDocumentedRightsAreEnough) {
  const auto app = name("app");
  make_topics(app);
  grant_all(app);
  auto first = collector(app, certificate(), port_ + 1);
  first.start_and_wait();
  use();
  EXPECT_TRUE(eventually(
      20s, [&] { return outcomes() == 4; }, 200ms))
      << first.log();
  EXPECT_TRUE(eventually(
      10s, [&] { return first.metric("dead_letters_total") == 1; }, 100ms));
  EXPECT_EQ(first.stop().code, 0);
  EXPECT_THAT(first.log(), Not(HasSubstr("uthoriz")));

  // Restored from the changelog by another instance.
  std::filesystem::remove_all(state_dir());
  auto second = collector(app, certificate(), port_ + 1);
  second.start_and_wait();
  use(1);
  EXPECT_TRUE(eventually(
      20s, [&] { return outcomes() == 8; }, 200ms))
      << second.log();
  EXPECT_THAT(second.log(), Not(HasSubstr("uthoriz")));
}

TEST_F(SecurityTest, EachDocumentedRightIsNeededAndItsLackIsNamed) {
  const auto app = name("app");
  make_topics(app);
  const auto rights = documented_rights(app, input_, output_);
  ASSERT_GE(rights.size(), 10U);
  // Somebody else for each right: all the others are theirs. Tokens may name anybody.
  const auto user = [](std::size_t i) { return fmt::format("without-{}", i); };
  std::vector<std::string> with_transactions;
  for (std::size_t missing = 0; missing < rights.size(); ++missing) {
    auto theirs = rights;
    theirs.erase(theirs.begin() + static_cast<std::ptrdiff_t>(missing));
    grant(theirs, "User:" + user(missing));
    if (!rights[missing].of_transactions) with_transactions.push_back("User:" + user(missing));
  }
  grant_transactions(rights, with_transactions);

  for (std::size_t missing = 0; missing < rights.size(); ++missing) {
    const Right& without = rights[missing];
    // Outcomes don't go to the input here.
    if (without.name == input_ && without.operation == "Write") continue;
    // Without these it runs: deleting what was read is tried seldom, and the others only make the client complain.
    if (without.operation == "Delete" || without.name == app + "-") {
      if (!without.of_transactions) continue;
    }
    SCOPED_TRACE("without " + without.text());
    auto refused = collector(app, tokens(), port_ + 2, token_of(user(missing)), user(missing));
    refused.start();
    eventually(
        25s, [&] { return !refused.running() || refused.ready(); }, 50ms);
    if (refused.running()) use(static_cast<int>(missing) + 1);  // some are needed only now
    const auto end = refused.process().wait(40s);
    ASSERT_TRUE(end) << refused.log();
    EXPECT_EQ(end->code, 3) << refused.log();
    EXPECT_THAT(refused.log(),
                AllOf(HasSubstr("denies us a right"), HasSubstr("is missing; docs/security.md"),
                      HasSubstr(without.of_transactions ? app : without.name),
                      AnyOf(HasSubstr(without.operation + " on"), HasSubstr("Describe, Read or Write"))));
  }
}

TEST_F(SecurityTest, ARightTakenAwayWhileRunningEndsItWithExitCode3UnlessItComesBack) {
  const auto app = name("app");
  make_topics(app);
  grant_all(app);
  auto running = collector(app, certificate(), port_ + 1);
  running.start_and_wait();
  use();
  ASSERT_TRUE(eventually(
      20s, [&] { return outcomes() == 4; }, 200ms))
      << running.log();
  const Right writing{.name = output_, .operation = "Write"};
  forbid(writing);
  use(1);
  ASSERT_TRUE(eventually(20s, [&] { return running.log().find("uthoriz") != std::string::npos; }));
  allow_again(writing);
  EXPECT_TRUE(eventually(
      20s, [&] { return outcomes() == 8; }, 200ms))
      << running.log();
  ASSERT_TRUE(running.running()) << "a slip that was mended within seconds stopped it";

  forbid(writing);
  use(2);
  const auto end = running.process().wait(40s);
  ASSERT_TRUE(end) << running.log();
  EXPECT_EQ(end->code, 3);
  EXPECT_THAT(running.log(),
              AllOf(HasSubstr("denies us a right"), HasSubstr("Write on one of the topics"), HasSubstr(output_)));
  allow_again(writing);
  running.start_and_wait();
  EXPECT_TRUE(eventually(
      20s, [&] { return outcomes() == 12; }, 200ms))
      << "nothing may be lost or doubled by it\n"
      << running.log();
}

TEST_F(SecurityTest, AHandlersTopicThatIsDeniedCostsADeadLetterAndNoMore) {
  const auto app = name("app");
  make_topics(app);
  grant_all(app);
  const std::string handlers = app + ".handlers";
  admin().create_topic(handlers, 1);
  grant({{.name = handlers, .operation = "Describe"}});
  auto settings = arguments(app, certificate(), port_ + 1);
  settings.insert(settings.end(), {"--handler-topics", handlers, "--state-dir", state_dir().string()});
  Collector running({.command = "run", .arguments = settings, .log = folder() / "handler.log", .environment = {}});
  running.start_and_wait();
  KafkaProducer producer(brokers());
  producer.produce({.topic = input_,
                    .value = fmt::format(R"({{"id":"h","type":"EventGroupCollectorCreate","expected":[],)"
                                         R"("handler":{{"onsuccess":{{"topic":"{}"}}}}}})",
                                         handlers)});
  producer.flush();
  EXPECT_TRUE(eventually(
      20s, [&] { return running.metric("dead_letters_total") == 1 && outcomes() == 1; }, 200ms))
      << running.log();
  EXPECT_TRUE(running.running());
}

TEST_F(SecurityTest, AWrongPasswordEndsTheStartWithExitCode3AndIsNotShown) {
  make_topics(name("app"));
  const auto finished =
      refused(name("app"), scram(), port_, {{"EB_COLLECTOR_KAFKA_SASL_PASSWORD", "not-the-right-one"}});
  EXPECT_EQ(finished.end.code, 3);
  EXPECT_THAT(finished.output, AllOf(HasSubstr("refuses us"), HasSubstr("credentials")));
  EXPECT_THAT(finished.output, Not(HasSubstr("not-the-right-one")));
}

TEST_F(SecurityTest, ACertificateThatNobodyTrustsEndsTheStartWithExitCode3) {
  make_topics(name("app"));
  // The broker's is not signed by the authorities that the system trusts.
  const auto finished = refused(name("app"), {"security.protocol=SSL"}, port_ + 1);
  EXPECT_EQ(finished.end.code, 3);
  EXPECT_THAT(finished.output, AnyOf(HasSubstr("certificate"), HasSubstr("SSL")));
}

TEST_F(SecurityTest, ScramWorksOrIsSaidToBeBeyondTheLibrary) {
  const auto app = name("app");
  make_topics(app);
  grant_all(app);
  // From a file, which is how a service gets it.
  std::ofstream(folder() / "secrets") << "sasl.password=s3cret-word\n";
  const Environment environment{{"EB_COLLECTOR_KAFKA_SECRETS_FILE", (folder() / "secrets").string()}};
  if (library_version() < std::array{2, 6, 1}) {
    const auto finished = refused(app, scram(), port_, environment);
    EXPECT_EQ(finished.end.code, 3);
    EXPECT_THAT(finished.output, AllOf(HasSubstr("SCRAM"), HasSubstr("2.6.1")));
    return;
  }
  auto scrammed = collector(app, scram(), port_, environment);
  scrammed.start_and_wait();
  use();
  EXPECT_TRUE(eventually(
      20s, [&] { return outcomes() == 4; }, 200ms))
      << scrammed.log();
}

TEST_F(SecurityTest, ATokenIsTaken) {
  const auto app = name("app");
  make_topics(app);
  grant_all(app);
  auto with_token = collector(app, tokens(), port_ + 2, token_of("eb-collector"));
  with_token.start_and_wait();
  use();
  EXPECT_TRUE(eventually(
      20s, [&] { return outcomes() == 4; }, 200ms))
      << with_token.log();
}

TEST_F(SecurityTest, SecretsAreInNoArgumentNoLogAndNoAnswer) {
  const auto app = name("app");
  make_topics(app);
  grant_all(app);
  auto settings = certificate();
  settings.push_back("debug=all");
  auto talking = collector(app, settings, port_ + 1,
                           {{"EB_COLLECTOR_KAFKA_SSL_KEY_PASSWORD", "s3cret-of-the-key"},
                            {"EB_COLLECTOR_HTTP_TOKEN", "s3cret-of-the-api"},
                            {"EB_COLLECTOR_LOG_LEVEL", "trace"}});
  talking.start_and_wait();
  use();
  EXPECT_TRUE(eventually(
      20s, [&] { return outcomes() == 4; }, 200ms));
  std::ifstream in(fmt::format("/proc/{}/cmdline", talking.process().pid()), std::ios::binary);
  std::ostringstream command;
  command << in.rdbuf();
  EXPECT_THAT(command.str(), HasSubstr("run"));
  std::string everything = command.str() + talking.log();
  for (const auto* path : {"/metrics", "/readyz", "/v1/config", "/v1/instances"}) {
    const auto answer =
        http_call(talking.http_port(), "GET", path, "Authorization: Bearer s3cret-of-the-api\r\n", "", 5s);
    ASSERT_TRUE(answer && answer->status == 200) << path;
    everything += answer->body;
  }
  EXPECT_THAT(everything, AllOf(HasSubstr("eb_collector_info"), HasSubstr("EB_COLLECTOR_KAFKA_SSL_KEY_PASSWORD"),
                                HasSubstr("EB_COLLECTOR_HTTP_TOKEN"), Not(HasSubstr("s3cret"))));
}

TEST_F(SecurityTest, ASecretAsAnArgumentIsRefusedWithoutShowingIt) {
  make_topics(name("app"));
  auto settings = scram();
  settings.push_back("sasl.password=s3cret-word");
  const auto finished = refused(name("app"), settings, port_);
  EXPECT_EQ(finished.end.code, 2);
  EXPECT_THAT(finished.output, AllOf(HasSubstr("sasl.password"), HasSubstr("--kafka-secrets-file")));
  EXPECT_THAT(finished.output, Not(HasSubstr("s3cret-word")));
}

}  // namespace
}  // namespace ebc::broker_test
