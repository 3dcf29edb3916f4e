// Three instances behind one API: whichever is asked answers for any group, also while one of them dies; and what it
// says is right or a 503, never something else.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <csignal>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

using testing::HasSubstr;

constexpr int kGroups = 48;
constexpr auto kJson = "Content-Type: application/json\r\n";

class HttpInstances : public BrokerTest {
 protected:
  void start_three() {
    make_topic(6);
    for (const auto* name : {"a", "b", "c"}) instances_.push_back(make_collector({"--session-timeout", "6s"}, name));
    for (auto& instance : instances_) instance->start();
    for (auto& instance : instances_) instance->wait_until_ready();
    ASSERT_TRUE(eventually(
        60s, [&] { return all_homes_answer(); }, 100ms))
        << "the homes aren't all answered for";
  }

  bool all_homes_answer() {
    for (auto& instance : instances_) {
      if (!instance->running()) continue;
      const auto list = instance->get("/v1/groups");
      if (!list || list->status != 200 || list->body.find("incomplete") != std::string::npos) return false;
    }
    return true;
  }

  std::string id(int i) const { return name(fmt::format("g{}", i)); }

  int post(int instance, const std::string& path, const std::string& body) {
    const auto answer =
        http_call(instances_[static_cast<std::size_t>(instance)]->http_port(), "POST", path, kJson, body, 20s);
    return answer ? answer->status : 0;
  }

  // What an instance says of a group that has `a` settled and waits for `b`: right, or that it can't tell just now.
  enum class Word { Right, Moves, Wrong };
  Word word_on(Collector& asked, int group, std::string& said) {
    const auto answer = http_get(asked.http_port(), "/v1/groups/" + id(group), 5s);
    if (!answer) {
      said = "no answer";
      return Word::Wrong;
    }
    said = fmt::format("{}: {}", answer->status, answer->body);
    if (answer->status == 503)
      return answer->body.find("\"detail\":\"") == std::string::npos ? Word::Wrong : Word::Moves;
    const bool right = answer->status == 200 &&
                       answer->body.find(fmt::format("\"id\":\"{}\"", id(group))) != std::string::npos &&
                       answer->body.find(R"("state":"open")") != std::string::npos &&
                       answer->body.find(R"("missing":["b"])") != std::string::npos &&
                       answer->body.find(R"("results":{"a":1})") != std::string::npos;
    return right ? Word::Right : Word::Wrong;
  }

  std::vector<std::unique_ptr<Collector>> instances_;
};

TEST_F(HttpInstances, AnyAnswersForAnyGroupAndNeverWronglyWhileOneIsKilled) {
  start_three();
  for (int i = 0; i < kGroups; ++i) {
    ASSERT_EQ(post(i % 3, "/v1/groups", fmt::format(R"({{"id":"{}","expected":["a","b"],"ttl":600}})", id(i))), 202);
    ASSERT_EQ(post((i + 1) % 3, fmt::format("/v1/groups/{}/entities/a", id(i)), R"({"result":1})"), 202);
  }
  std::string said;
  const auto all_right = [&] {
    for (auto& instance : instances_) {
      for (int i = 0; instance->running() && i < kGroups; ++i) {
        if (word_on(*instance, i, said) != Word::Right) return false;
      }
    }
    return true;
  };
  ASSERT_TRUE(eventually(30s, all_right, 100ms)) << said;
  const auto list = instances_[1]->get(fmt::format("/v1/groups?limit={}", 2 * kGroups));
  ASSERT_TRUE(list);
  for (int i = 0; i < kGroups; ++i) EXPECT_THAT(list->body, HasSubstr(fmt::format("\"id\":\"{}\"", id(i))));

  instances_[2]->kill9();
  const Stopwatch takeover;
  int right = 0, moves = 0;
  bool whole_round_right = false;
  while (!whole_round_right && takeover.elapsed() < 60s) {
    whole_round_right = true;
    for (int i = 0; i < kGroups; ++i) {
      for (auto* asked : {instances_[0].get(), instances_[1].get()}) {
        const Word word = word_on(*asked, i, said);
        ASSERT_NE(word, Word::Wrong) << said;
        (word == Word::Right ? right : moves)++;
        whole_round_right &= word == Word::Right;
      }
    }
  }
  ASSERT_TRUE(whole_round_right) << said;
  measured("http_takeover_ms", static_cast<double>(takeover.ms()));
  measured("http_takeover_right_answers", right);
  measured("http_takeover_503_answers", moves);
  EXPECT_GT(moves, 0) << "nothing was asked while the homes moved";

  // And from then on: what is done is seen, whoever is asked.
  for (int i = 0; i < kGroups; ++i) {
    ASSERT_EQ(post(i % 2, fmt::format("/v1/groups/{}/entities/b", id(i)), R"({"result":2})"), 202);
  }
  for (int i = 0; i < kGroups; ++i) {
    const auto outcome = http_get(instances_[static_cast<std::size_t>((i + 1) % 2)]->http_port(),
                                  fmt::format("/v1/groups/{}/outcome?wait=20s", id(i)), 30s);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->status, 200) << outcome->body;
    EXPECT_THAT(outcome->body, HasSubstr(R"("results":{"a":1,"b":2})"));
  }
}

TEST_F(HttpInstances, OneThatStoodStillAnswersForNothingUntilItKnowsWhatItStillOwns) {
  start_three();
  for (int i = 0; i < kGroups; ++i) {
    ASSERT_EQ(post(0, "/v1/groups", fmt::format(R"({{"id":"{}","expected":["a","b"],"ttl":600}})", id(i))), 202);
    ASSERT_EQ(post(0, fmt::format("/v1/groups/{}/entities/a", id(i)), R"({"result":1})"), 202);
  }
  std::string said;
  const auto right_at = [&](Collector& asked) {
    for (int i = 0; i < kGroups; ++i) {
      if (word_on(asked, i, said) != Word::Right) return false;
    }
    return true;
  };
  ASSERT_TRUE(eventually(
      30s, [&] { return right_at(*instances_[0]) && right_at(*instances_[2]); }, 100ms))
      << said;
  instances_[2]->process().signal(SIGSTOP);
  // Its homes move, and go on without it: each group ends.
  ASSERT_TRUE(eventually(
      60s, [&] { return right_at(*instances_[0]); }, 100ms))
      << said;
  for (int i = 0; i < kGroups; ++i) {
    ASSERT_EQ(post(0, fmt::format("/v1/groups/{}/entities/b", id(i)), R"({"result":2})"), 202);
    const auto outcome =
        http_get(instances_[0]->http_port(), fmt::format("/v1/groups/{}/outcome?wait=20s", id(i)), 30s);
    ASSERT_TRUE(outcome && outcome->status == 200);
  }
  instances_[2]->process().signal(SIGCONT);
  const Stopwatch awake;
  int refused = 0;
  while (awake.elapsed() < 8s && instances_[2]->running()) {
    for (int i = 0; i < kGroups; ++i) {
      const auto answer = http_get(instances_[2]->http_port(), "/v1/groups/" + id(i), 2s);
      if (!answer) continue;
      if (answer->status == 503) ++refused;
      // It was open when the process fell asleep, and isn't any more.
      ASSERT_EQ(answer->body.find(R"("state":"open")"), std::string::npos) << answer->body;
    }
  }
  measured("http_refused_after_standing_still", refused);
}

}  // namespace
}  // namespace ebc::broker_test
