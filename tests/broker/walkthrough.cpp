#include "tests/broker/walkthrough.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/broker/outcome.h"

namespace ebc::broker_test {
namespace {

constexpr auto kGroup = "F0CABCA1-64AE-40A3-ABEB-0741ACF1FF81";
constexpr auto kJobA =
    R"({"id":"A0CABCA1-64AE-40A3-ABEB-0741ACF1FF81","type":"EventGroupCollectorEntityDone","group":"F0CABCA1-64AE-40A3-ABEB-0741ACF1FF81","result":{"job":"A","bar":true}})";
constexpr auto kJobB =
    R"({"id":"366B21B5-E499-40E1-882A-B3EC99B27E47","type":"EventGroupCollectorEntityDone","group":"F0CABCA1-64AE-40A3-ABEB-0741ACF1FF81","result":{"job":"B","bar":true}})";
constexpr auto kJobC =
    R"({"id":"11ACC3BA-F0E5-4962-BC00-0E54497AB296","type":"EventGroupCollectorEntityDone","group":"F0CABCA1-64AE-40A3-ABEB-0741ACF1FF81","result":{"job":"C","bar":{"buzz":42}}})";
constexpr auto kJobCFails =
    R"({"id":"11ACC3BA-F0E5-4962-BC00-0E54497AB296","type":"EventGroupCollectorEntityDone","group":"F0CABCA1-64AE-40A3-ABEB-0741ACF1FF81","error":"Error while processing operation. Insufficient space on bounded volume"})";

std::string create(const std::string& ttl) {
  return R"({"id":"F0CABCA1-64AE-40A3-ABEB-0741ACF1FF81","type":"EventGroupCollectorCreate","expected":["A0CABCA1-64AE-40A3-ABEB-0741ACF1FF81","366B21B5-E499-40E1-882A-B3EC99B27E47","11ACC3BA-F0E5-4962-BC00-0E54497AB296"],"ttl":)" +
         ttl + R"(,"payload":{"group":"payload"}})";
}

// Every field that the walkthrough shows is there with that value; times are in their form and in order. Further fields
// are the collector's own.
void expect_outcome(const std::string& line, const std::string& promised) {
  SCOPED_TRACE(line);
  const auto fields = json_fields(line);
  for (const auto& [name, value] : json_fields(promised)) {
    const auto found = fields.find(name);
    EXPECT_EQ(found == fields.end() ? "(none)" : found->second, value) << name;
  }
  const auto outcome = parse_outcome(line);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->malformed, "");
  EXPECT_LE(outcome->created_ms, outcome->resolved_ms);
}

}  // namespace

KcatFollower::KcatFollower(const std::string& brokers, const std::string& topic, const std::filesystem::path& output)
    : process_("kcat", {.arguments = {"-C", "-b", brokers, "-t", topic, "-o", "beginning", "-u", "-q"},
                        .environment = {},
                        .input = "",
                        .output = output}) {}

std::vector<std::string> KcatFollower::outcomes(std::size_t count, milliseconds limit) {
  std::vector<std::string> found;
  eventually(
      limit,
      [&] {
        found.clear();
        // The last line may be half there.
        auto text = process_.output();
        text.resize(text.rfind('\n') + 1);
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) {
          if (parse_outcome(line)) found.push_back(line);
        }
        return found.size() >= count;
      },
      20ms);
  return found;
}

void kcat_send(const std::string& brokers, const std::string& topic, const std::string& line,
               const std::filesystem::path& log) {
  const auto finished = run_process(
      "kcat", {.arguments = {"-P", "-b", brokers, "-t", topic}, .environment = {}, .input = line + "\n", .output = log},
      20s);
  ASSERT_EQ(finished.end.code, 0) << finished.output;
}

void play_walkthrough(const WalkthroughPlace& place) {
  KcatFollower follower(place.brokers, place.topic, place.folder / "kcat-consumer.log");
  const auto send = [&](const std::string& line) {
    kcat_send(place.brokers, place.topic, line, place.folder / "kcat-producer.log");
    place.settle();
  };

  for (const auto& line : {create("120"), std::string(kJobA), std::string(kJobB), std::string(kJobC)}) send(line);
  auto outcomes = follower.outcomes(1, 20s);
  ASSERT_EQ(outcomes.size(), 1U);
  expect_outcome(outcomes[0],
                 R"({"type":"EventGroupCollectorSuccess","id":"F0CABCA1-64AE-40A3-ABEB-0741ACF1FF81",
          "results":{"11ACC3BA-F0E5-4962-BC00-0E54497AB296":{"bar":{"buzz":42},"job":"C"},
                     "366B21B5-E499-40E1-882A-B3EC99B27E47":{"bar":true,"job":"B"},
                     "A0CABCA1-64AE-40A3-ABEB-0741ACF1FF81":{"bar":true,"job":"A"}},
          "payload":{"group":"payload"}})");
  // More than equal values: the very bytes come back.
  for (const auto* bytes : {R"({"job":"C","bar":{"buzz":42}})", R"("payload":{"group":"payload"})"}) {
    EXPECT_NE(outcomes[0].find(bytes), std::string::npos) << bytes << " in " << outcomes[0];
  }

  for (const auto& line : {create("120"), std::string(kJobA), std::string(kJobB), std::string(kJobCFails)}) send(line);
  outcomes = follower.outcomes(2, 20s);
  ASSERT_EQ(outcomes.size(), 2U);
  expect_outcome(outcomes[1],
                 R"({"type":"EventGroupCollectorFailure","id":"F0CABCA1-64AE-40A3-ABEB-0741ACF1FF81",
          "error":"Error while processing operation. Insufficient space on bounded volume","cause":"error",
          "entity":"11ACC3BA-F0E5-4962-BC00-0E54497AB296",
          "results":{"11ACC3BA-F0E5-4962-BC00-0E54497AB296":null,
                     "366B21B5-E499-40E1-882A-B3EC99B27E47":{"bar":true,"job":"B"},
                     "A0CABCA1-64AE-40A3-ABEB-0741ACF1FF81":{"bar":true,"job":"A"}},
          "payload":{"group":"payload"}})");

  send(create("3"));
  outcomes = follower.outcomes(3, 20s);
  ASSERT_EQ(outcomes.size(), 3U);
  expect_outcome(outcomes[2], fmt::format(R"({{"type":"EventGroupCollectorFailure","id":"{0}","entity":"{0}",
          "error":"Operation timed out after 3 seconds","cause":"timeout","results":{{}},"missingCount":3,
          "payload":{{"group":"payload"}}}})",
                                          kGroup));
  const auto timeout = parse_outcome(outcomes[2]);
  EXPECT_EQ(timeout->resolved_ms - timeout->created_ms, 3'000);
}

}  // namespace ebc::broker_test
