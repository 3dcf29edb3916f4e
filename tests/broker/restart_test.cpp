// Stopping and starting again: how much is replayed, how long it takes, and that nothing is lost or judged too early.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

class Restart : public BrokerTest {
 protected:
  // Groups with one entity each, that nobody has finished yet.
  std::vector<PlannedGroup> open_groups(std::size_t count, const std::string& prefix, const std::string& ttl) {
    std::vector<PlannedGroup> groups(count);
    for (std::size_t i = 0; i < count; ++i) {
      groups[i].id = fmt::format("{}-{}", prefix, i);
      groups[i].kind = Kind::Timeout;
      groups[i].expected = {"only"};
      groups[i].ttl = ttl;
      groups[i].ttl_ms = static_cast<std::int64_t>(std::stod(ttl) * 1000);
      groups[i].payload = fmt::format(R"({{"order":{}}})", i);
    }
    produce_creates(brokers(), topic(), groups);
    return groups;
  }

  void finish_groups(std::span<PlannedGroup> groups) {
    KafkaProducer producer(brokers());
    for (auto& group : groups) {
      group.kind = Kind::Success;
      group.results["only"] = R"({"done":true})";
      producer.produce(
          {.topic = topic(), .key = group.id, .value = done_json(group.id, "only", group.results["only"])});
    }
    producer.flush();
  }

  std::vector<std::filesystem::path> state_files(const std::string& extension) const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(state_dir())) {
      if (entry.is_regular_file() && entry.path().extension() == extension) files.push_back(entry.path());
    }
    return files;
  }
};

TEST_F(Restart, ReplaysOnlyTheTailOfTheChangelog) {
  constexpr std::size_t kOpen = 100'000;
  make_topic(4);
  auto collector = start_collector();
  auto groups = open_groups(kOpen, "open", "3600");
  wait_until_caught_up(180s);
  // A few seconds of life after the rush, as before any crash but the unluckiest.
  Workload life({.groups = 400, .groups_per_second = 50, .timeout_share = 0});
  life.run(brokers(), topic());

  KafkaReader reader(brokers(), topic());
  ASSERT_TRUE(reader.read_to_end(60s));
  collector->kill9();
  const Stopwatch since_kill;
  finish_groups(std::span(groups).first(1));
  collector->start();
  const Stopwatch since_start;
  std::int64_t first_outcome_ms = -1, ready_ms = -1;
  eventually(
      60s,
      [&] {
        const auto before = reader.records().size();
        reader.poll(2ms);
        for (auto i = before; i < reader.records().size(); ++i) {
          const auto outcome = parse_outcome(reader.records()[i].value.value_or(""));
          if (outcome && outcome->id == groups[0].id) first_outcome_ms = since_start.ms();
        }
        if (ready_ms < 0 && collector->ready()) ready_ms = since_start.ms();
        return ready_ms >= 0 && first_outcome_ms >= 0;
      },
      0ms);
  ASSERT_GE(ready_ms, 0) << "never ready";
  ASSERT_GE(first_outcome_ms, 0) << "no outcome after the restart";

  const auto replayed = collector->metric("restored_records_total");
  ASSERT_TRUE(replayed.has_value());
  EXPECT_LT(*replayed, kOpen / 2.0) << "the whole changelog was replayed, not its tail";
  measured("restart_open_groups", static_cast<double>(kOpen));
  measured("restart_changelog_end_offsets", static_cast<double>(admin().end_sum(app_id() + "-groups-changelog")));
  measured("restart_replayed_records", *replayed);
  measured("restart_exec_to_ready_ms", static_cast<double>(ready_ms));
  measured("restart_exec_to_first_outcome_ms", static_cast<double>(first_outcome_ms));
  measured("restart_kill_to_exec_ms", static_cast<double>(since_kill.ms() - since_start.ms()));

  // What was open is all there: finish some of each home.
  finish_groups(std::span(groups).subspan(1, 999));
  groups.resize(1'000);
  const auto lived = life.produced();
  groups.insert(groups.end(), lived.begin(), lived.end());
  EXPECT_TRUE(is_exactly_once(check_all(groups)));
}

TEST_F(Restart, JudgesGroupsByWhenTheyWereFinishedNotByWhenItCameBack) {
  make_topic(4);
  auto collector = start_collector();
  auto in_time = open_groups(200, "in-time", "4");
  auto overdue = open_groups(500, "overdue", "4");
  wait_until_caught_up();
  collector->kill9();

  finish_groups(in_time);
  auto created_meanwhile = open_groups(50, "meanwhile", "1");
  const auto now = wall_clock_ms();
  const auto deadline = overdue.back().created_ms + overdue.back().ttl_ms;
  ASSERT_LT(now, in_time.front().created_ms + in_time.front().ttl_ms) << "this machine is too slow for this test's ttl";
  wait_until_wall_clock(deadline + 500);
  // Too late by its own time, wherever the collector was.
  std::vector<PlannedGroup> too_late(overdue.begin(), overdue.begin() + 50);
  finish_groups(too_late);
  collector->start_and_wait();

  std::vector<PlannedGroup> plan = in_time;
  plan.insert(plan.end(), overdue.begin(), overdue.end());
  plan.insert(plan.end(), created_meanwhile.begin(), created_meanwhile.end());
  const auto report = check_all(plan);
  EXPECT_TRUE(is_exactly_once(report));
  EXPECT_EQ(report.successes, 200U);
}

TEST_F(Restart, AfterSigtermUnderLoadLosesNothing) {
  make_topic(4);
  auto collector = start_collector();
  Workload workload(
      {.seed = 5, .groups = 6'000, .groups_per_second = 300, .keying = Keying::Mixed, .finished_ttl_ms = 10'000});
  RunningWorkload running(workload, brokers(), topic());

  std::int64_t slowest = 0;
  for (const int signal : {SIGTERM, SIGINT, SIGTERM}) {
    const auto records = [&] { return collector->metric("records_total").value_or(0); };
    const auto target = records() + 1'000;
    ASSERT_TRUE(eventually(30s, [&] { return records() >= target; })) << "the load isn't processed";
    const Stopwatch stopwatch;
    collector->process().signal(signal);
    const auto end = collector->process().wait(15s);
    ASSERT_TRUE(end.has_value()) << "still running 15 s after the signal";
    slowest = std::max(slowest, stopwatch.ms());
    EXPECT_EQ(end->code, 0) << "signal of the end: " << end->signal;
    collector->start_and_wait();
  }
  running.stop();

  EXPECT_LT(slowest, 5'000);
  measured("stop_under_load_slowest_ms", static_cast<double>(slowest));
  EXPECT_TRUE(is_exactly_once(check_all(workload.produced(), 60s, "10.5")));
}

TEST_F(Restart, RestoresFromTheChangelogAloneWhenTheStateFolderIsGone) {
  make_topic(4);
  auto collector = start_collector({"--session-timeout", "3s"});
  auto groups = open_groups(5'000, "open", "3600");
  wait_until_caught_up();
  collector->kill9();
  std::filesystem::remove_all(state_dir());
  finish_groups(std::span(groups).first(4'000));

  collector->start_and_wait();

  finish_groups(std::span(groups).subspan(4'000));
  EXPECT_TRUE(is_exactly_once(check_all(groups)));
  EXPECT_GE(collector->metric("restored_records_total").value_or(0), 5'000);
}

enum class Damage { TruncatedTables, FlippedBytes, NoManifest };

class DamagedState : public Restart, public ::testing::WithParamInterface<Damage> {
 protected:
  void damage() const {
    if (GetParam() == Damage::NoManifest) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(state_dir())) {
        if (entry.path().filename().string().starts_with("MANIFEST")) std::filesystem::resize_file(entry.path(), 3);
      }
      return;
    }
    const auto tables = state_files(".sst");
    ASSERT_FALSE(tables.empty()) << "a clean stop left no tables to damage";
    for (const auto& table : tables) {
      const auto size = std::filesystem::file_size(table);
      if (GetParam() == Damage::TruncatedTables) {
        std::filesystem::resize_file(table, size / 2);
        continue;
      }
      std::fstream file(table, std::ios::in | std::ios::out | std::ios::binary);
      for (std::uintmax_t at = 16; at + 1 < size; at += 64) {
        file.seekp(static_cast<std::streamoff>(at));
        file.put('\x5a');
      }
    }
  }
};

TEST_P(DamagedState, IsPutAsideAndRestored) {
  make_topic(4);
  auto collector = start_collector();
  auto groups = open_groups(2'000, "open", "3600");
  wait_until_caught_up();
  ASSERT_EQ(collector->stop().code, 0);
  damage();
  finish_groups(std::span(groups).first(1'000));

  collector->start_and_wait();

  finish_groups(std::span(groups).subspan(1'000));
  EXPECT_TRUE(is_exactly_once(check_all(groups)));
  EXPECT_GE(collector->metric("quarantined_stores_total").value_or(0), 1) << collector->log();
}

std::string damage_name(const ::testing::TestParamInfo<Damage>& damage) {
  switch (damage.param) {
    case Damage::TruncatedTables:
      return "TruncatedTables";
    case Damage::FlippedBytes:
      return "FlippedBytes";
    case Damage::NoManifest:
      return "NoManifest";
  }
  return "";
}

INSTANTIATE_TEST_SUITE_P(Any, DamagedState,
                         ::testing::Values(Damage::TruncatedTables, Damage::FlippedBytes, Damage::NoManifest),
                         damage_name);

}  // namespace
}  // namespace ebc::broker_test
