// The harness itself, on the real broker and without the program: tests that can't fail prove nothing.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

class Harness : public BrokerTest {
 protected:
  // Writes the outcome that the plan wants, as a collector would.
  static std::string right_outcome(const PlannedGroup& group) {
    const auto time = [](std::int64_t ms) {
      const auto seconds = static_cast<std::time_t>(ms / 1000);
      std::tm utc{};
      ::gmtime_r(&seconds, &utc);
      char text[32];
      std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
      return fmt::format("{}.{:03}Z", text, ms % 1000);
    };
    std::string results;
    for (const auto& [entity, result] : group.results) {
      results += fmt::format("{}\"{}\":{}", results.empty() ? "" : ",", entity, result);
    }
    std::string extra;
    if (group.kind == Kind::Timeout) {
      extra = fmt::format(
          R"("entity":"{}","error":"Operation timed out after {} seconds","cause":"timeout","missing":[],"missingCount":{},)",
          group.id, group.ttl, group.expected.size() - group.results.size());
    }
    if (group.kind == Kind::Error) {
      results = fmt::format("\"{}\":null", group.error_entity);
      auto escaped = group.error;
      for (std::size_t at = 0; (at = escaped.find('"', at)) != std::string::npos; at += 2) escaped.insert(at, "\\");
      extra = fmt::format(R"("entity":"{}","error":"{}","cause":"error",)", group.error_entity, escaped);
    }
    return fmt::format(
        R"({{"type":"EventGroupCollector{}","id":"{}",{}"created":"{}","resolved":"{}","results":{{{}}},"payload":{},"origin":"t/0/0"}})",
        group.kind == Kind::Success ? "Success" : "Failure", group.id, extra, time(group.created_ms),
        time(group.created_ms + group.ttl_ms), results, group.payload);
  }

  void write(const std::vector<PlannedGroup>& plan) {
    KafkaProducer producer(brokers());
    for (const auto& group : plan) {
      producer.produce({.topic = topic(),
                        .key = group.id,
                        .value = right_outcome(group),
                        .timestamp_ms = group.created_ms + group.ttl_ms + 20});
    }
    producer.flush();
  }

  std::vector<ConsumedRecord> read() {
    KafkaReader reader(brokers(), topic());
    EXPECT_TRUE(reader.read_to_end(20s));
    return reader.records();
  }
};

TEST_F(Harness, CheckerAcceptsOneRightOutcomeForEachGroup) {
  make_topic(4);
  Workload workload({.groups = 200, .groups_per_second = 2000, .keying = Keying::Mixed});
  workload.run(brokers(), topic());
  write(workload.groups());

  const auto report = check_outcomes(workload.groups(), read());

  EXPECT_TRUE(is_exactly_once(report));
  EXPECT_GT(report.successes, 0U);
  EXPECT_GT(report.errors, 0U);
  EXPECT_GT(report.timeouts, 0U);
  EXPECT_EQ(report.successes + report.errors + report.timeouts, 200U);
}

TEST_F(Harness, CheckerFindsMissingDoubleWrongAndUnplannedOutcomes) {
  make_topic(2);
  Workload workload({.groups = 100, .groups_per_second = 2000});
  workload.run(brokers(), topic());
  auto plan = workload.groups();
  auto written = plan;
  written.pop_back();                  // missing
  written.push_back(written.front());  // double
  written[1].payload = "{\"n\":-1}";   // wrong payload
  written[2].created_ms -= 60'000;     // wrong times
  written.push_back(written[3]);       // unplanned
  written.back().id = "nobody-opened-this";
  write(written);

  const auto report = check_outcomes(plan, read());

  EXPECT_EQ(report.missing, 1U) << report.text();
  EXPECT_EQ(report.duplicates, 1U) << report.text();
  EXPECT_EQ(report.wrong, 2U) << report.text();
  EXPECT_EQ(report.unplanned, 1U) << report.text();
}

TEST_F(Harness, WorkloadIsTheSameForTheSameSeed) {
  const Workload a({.seed = 7, .groups = 50}), b({.seed = 7, .groups = 50}), c({.seed = 8, .groups = 50});
  for (std::size_t i = 0; i < 50; ++i) {
    EXPECT_EQ(create_json(a.groups()[i]), create_json(b.groups()[i]));
    EXPECT_NE(create_json(a.groups()[i]), create_json(c.groups()[i]));
  }
}

TEST_F(Harness, ReaderGivesKeysValuesHeadersAndTimesBack) {
  make_topic(1);
  KafkaProducer producer(brokers());
  producer.produce(
      {.topic = topic(), .key = "k", .value = std::string("a\0b", 3), .timestamp_ms = 1234, .headers = {{"h", "v"}}});
  producer.produce({.topic = topic(), .key = std::nullopt, .value = std::nullopt});
  producer.flush();

  const auto records = read();

  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].key, "k");
  EXPECT_EQ(records[0].value, std::string("a\0b", 3));
  EXPECT_EQ(records[0].timestamp_ms, 1234);
  EXPECT_EQ(records[0].header("h"), "v");
  EXPECT_FALSE(records[1].key.has_value());
  EXPECT_FALSE(records[1].value.has_value());
}

TEST_F(Harness, ProcessTellsExitCodesFromSignalsAndKeepsTheOutput) {
  const auto end = run_process("sh",
                               {.arguments = {"-c", "cat; echo \"$EBC_X\" >&2; exit 3"},
                                .environment = {{"EBC_X", "from the environment"}},
                                .input = "from stdin\n",
                                .output = folder() / "sh.log"},
                               10s);
  EXPECT_EQ(end.end.code, 3);
  EXPECT_EQ(end.output, "from stdin\nfrom the environment\n");

  Process sleeper("sleep", {.arguments = {"60"}, .environment = {}, .input = "", .output = folder() / "sleep.log"});
  EXPECT_TRUE(sleeper.running());
  sleeper.signal(SIGKILL);
  const auto killed = sleeper.wait(10s);
  ASSERT_TRUE(killed.has_value());
  EXPECT_EQ(killed->signal, SIGKILL);
}

TEST_F(Harness, TimestampsAreReadInOneFormOnly) {
  EXPECT_EQ(parse_timestamp("1970-01-02T00:00:00.001Z"), 86'400'001);
  EXPECT_EQ(parse_timestamp("2026-07-17T23:38:21.402Z"), 1784331501402);
  for (const char* text : {"", "2026-07-17T23:38:21Z", "2026-07-17 23:38:21.402Z", "2026-07-17T23:38:21.4020Z",
                           "2026-02-30T23:38:21.402Z", "2026-07-17T23:38:21.402+00:00"}) {
    EXPECT_FALSE(parse_timestamp(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace ebc::broker_test
