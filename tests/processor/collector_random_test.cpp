// Random histories. Twice over the same history: where commits, crashes and restarts fall, and how little is cached,
// must not show in what comes out. And against a model that knows nothing of rows and caches.
#include <random>

#include "tests/processor/collector_world.h"

namespace ebc::group {
namespace {

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  int below(int sides) { return static_cast<int>(engine_() % static_cast<unsigned>(sides)); }
  bool one_in(int sides) { return below(sides) == 0; }
  template <typename T, std::size_t N>
  const T& pick(const std::array<T, N>& from) {
    return from[static_cast<std::size_t>(below(static_cast<int>(N)))];
  }

 private:
  std::mt19937 engine_;
};

constexpr std::array<std::string_view, 8> kPolicies = {R"("all")",          R"("all")",        R"("allSettled")",
                                                       R"("any")",          R"("race")",       R"({"quorum":2})",
                                                       R"({"tolerate":1})", R"({"quorum":30})"};

std::string entity_name(int number) { return "e" + std::to_string(number); }

/// A step of a history: an event, or time that passes.
struct Step {
  std::string event;
  std::int64_t passes_ms = 0;
};

std::string random_create(Dice& dice, const std::string& group) {
  // Now and then more entities than one row holds.
  const int count = dice.one_in(6) ? 15 + dice.below(10) : dice.below(4);
  std::string ids;
  for (int i = 0; i < count; ++i) ids += (i == 0 ? "\"" : ",\"") + entity_name(dice.below(count + 2)) + "\"";
  return R"({"type":"EventGroupCollectorCreate","id":")" + group + R"(","expected":[)" + ids + R"(],"ttl":)" +
         std::to_string(1 + dice.below(4)) + R"(,"policy":)" + std::string(dice.pick(kPolicies)) + R"(,"sealed":)" +
         (dice.one_in(3) ? "false" : "true") + R"(,"payload":)" + std::to_string(dice.below(1000)) + "}";
}

std::string random_event(Dice& dice) {
  const std::string group = "g" + std::to_string(dice.below(6));
  const std::string to = R"(","group":")" + group + "\"";
  switch (dice.below(12)) {
    case 0:
    case 1:
      return random_create(dice, group);
    case 2:
      return R"({"type":"EventGroupCollectorUpdate)" + to + R"(,"add":[")" + entity_name(dice.below(12)) +
             R"("],"seal":)" + (dice.one_in(3) ? "true" : "false") + (dice.one_in(3) ? R"(,"ttl":2.5})" : "}");
    case 3:
      return dice.one_in(3) ? R"({"type":"EventGroupCollectorCancel)" + to + "}" : "{}";
    default: {
      const std::string long_result = dice.one_in(20) ? std::string(6'000, 'x') : std::string();
      return R"({"type":"EventGroupCollectorEntityDone","id":")" + entity_name(dice.below(dice.one_in(3) ? 20 : 4)) +
             to + (dice.one_in(6) ? R"(,"error":"e)" : R"(,"result":"r)") + std::to_string(dice.below(2)) +
             long_result + "\"}";
    }
  }
}

std::vector<Step> random_history(unsigned seed) {
  Dice dice(seed);
  std::vector<Step> steps;
  for (int i = 0; i < 150; ++i) {
    if (dice.one_in(8)) {
      steps.push_back({{}, 1 + dice.below(900)});
    } else {
      steps.push_back({random_event(dice), 0});
    }
  }
  steps.push_back({{}, 60'000});
  return steps;
}

/// All that came out, a line a message; the coordinates of dead letters with them.
std::vector<std::string> outputs_of(World& world) {
  std::vector<std::string> lines;
  while (world.outcomes() > 0) lines.push_back("outcome " + world.outcome_json());
  while (world.dead_letters() > 0) {
    const Message letter = world.dead_letter();
    lines.push_back(letter.header("dlq.reason") + " " + letter.header("dlq.offset") + " " + *letter.value);
  }
  return lines;
}

void play(World& world, const Step& step) {
  if (step.passes_ms > 0) {
    world.pass(step.passes_ms);
  } else {
    world.event(step.event);
  }
}

TEST(RandomHistories, DoNotShowWhereCommitsAndRestartsFell) {
  for (unsigned seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CollectorOptions options;
    options.ignore_reuse = true;  // what is remembered of resolved groups survives a restart then
    options.late_to_dead_letters = true;
    options.resolved_retention = Duration{1'500};
    World smooth(options);
    options.cache_bytes = seed % 2 == 0 ? 0 : 4'000;
    options.timers_per_turn = 1 + seed % 3;
    World rough(options);

    Dice dice(seed ^ 0x5EED);
    for (const Step& step : random_history(seed)) {
      play(smooth, step);
      play(rough, step);
      if (dice.one_in(5)) rough.commit();
      if (dice.one_in(15)) rough.restart();
    }
    // Deadlines of one turn may be handled in another order.
    std::vector<std::string> expected = outputs_of(smooth);
    std::vector<std::string> seen = outputs_of(rough);
    std::sort(expected.begin(), expected.end());
    std::sort(seen.begin(), seen.end());
    ASSERT_EQ(seen, expected);
    EXPECT_EQ(rough.stats().open_groups, 0);
    EXPECT_EQ(rough.stats().waiting_events, 0);
    rough.pass(5'000);  // the last markers, too
    rough.commit();
    EXPECT_LE(rough.rows().rows(), 1u) << "only the totals are left";
  }
}

TEST(RandomHistories, GoOnFromTheLastCommitAfterACrash) {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CollectorOptions options;
    options.ignore_reuse = true;
    World smooth(options);
    World crashing(options);
    const std::vector<Step> steps = random_history(seed);
    Dice dice(seed);
    for (std::size_t i = 0; i < steps.size();) {
      const std::size_t batch = std::min(steps.size(), i + 1 + static_cast<std::size_t>(dice.below(12)));
      for (std::size_t j = i; j < batch; ++j) play(smooth, steps[j]);
      if (dice.one_in(3)) {
        // The same records are read again; time doesn't run twice.
        for (std::size_t j = i; j < batch && steps[j].passes_ms == 0; ++j) play(crashing, steps[j]);
        crashing.crash();
      }
      for (std::size_t j = i; j < batch; ++j) play(crashing, steps[j]);
      crashing.commit();
      i = batch;
    }
    const auto verdicts = [](World& world) {
      std::vector<std::string> lines;
      while (world.outcomes() > 0) {
        const std::string json = world.outcome_json();
        lines.push_back(member(json, "id") + member(json, "type") + member(json, "error") + member(json, "created") +
                        member(json, "resolved") + member(json, "results"));
      }
      std::sort(lines.begin(), lines.end());
      return lines;
    };
    ASSERT_EQ(verdicts(crashing), verdicts(smooth));
  }
}

/// A sealed group as one would write it down naively: all that is known of it, decided anew after each event.
struct ModelGroup {
  std::string policy;
  std::map<std::string, std::string> settled;  ///< "" while awaited, else "+" or "-"
  std::string first;
  std::string verdict;

  void decide() {
    const auto count = [this](const std::string& what) {
      return std::count_if(settled.begin(), settled.end(), [&what](const auto& one) { return one.second == what; });
    };
    const auto all = static_cast<std::ptrdiff_t>(settled.size());
    const auto good = count("+");
    const auto bad = count("-");
    const bool complete = good + bad == all;
    if (policy == R"("all")") verdict = bad > 0 ? "error" : complete ? "success" : "";
    if (policy == R"("allSettled")") verdict = complete ? "success" : "";
    if (policy == R"("any")") verdict = good > 0 ? "success" : complete ? "unmet" : "";
    if (policy == R"("race")") verdict = all == 0 ? "unmet" : first == "+" ? "success" : first == "-" ? "error" : "";
    if (policy == R"({"quorum":2})") verdict = good >= 2 ? "success" : all - bad < 2 ? "unmet" : "";
    if (policy == R"({"quorum":30})") verdict = all - bad < 30 ? "unmet" : "";
    if (policy == R"({"tolerate":1})") verdict = bad > 1 ? "error" : complete ? "success" : "";
  }
};

TEST(RandomHistories, EndAsANaiveModelSays) {
  for (unsigned seed = 1; seed <= 2'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(seed);
    World world;
    ModelGroup model;
    model.policy = dice.pick(kPolicies);
    const int entities = dice.one_in(10) ? 20 : dice.below(5);
    std::vector<std::string> ids;
    for (int i = 0; i < entities; ++i) {
      ids.push_back(entity_name(i));
      model.settled[ids.back()] = "";
    }
    world.create("g", ids, "\"policy\":" + model.policy);
    model.decide();
    for (int i = 0; i < 3 * entities && model.verdict.empty(); ++i) {
      const std::string id = entity_name(dice.below(entities));
      const bool bad = dice.one_in(4);
      bad ? world.fail("g", id) : world.done("g", id);
      std::string& before = model.settled[id];
      if (before.empty()) before = bad ? "-" : "+";
      if (model.first.empty()) model.first = before;
      model.decide();
      if (dice.one_in(4)) world.restart();
    }
    if (model.verdict.empty()) {
      model.verdict = "timeout";
      world.pass(30'001);
    }
    ASSERT_EQ(world.outcomes(), 1u) << model.policy;
    const std::string outcome = world.outcome_json();
    const bool success = model.verdict == "success";
    EXPECT_EQ(member(outcome, "type"), success ? R"("EventGroupCollectorSuccess")" : R"("EventGroupCollectorFailure")");
    EXPECT_EQ(member(outcome, "cause"), success ? "(absent)" : "\"" + model.verdict + "\"");
  }
}

}  // namespace
}  // namespace ebc::group
