#include "tests/broker/broker_test.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace ebc::broker_test {
namespace {

constexpr std::size_t kShownLogBytes = 8'000;

// The short name of the running test, fit for a topic.
std::string test_name() {
  const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
  std::string name = fmt::format("{}.{}", info->test_suite_name(), info->name());
  std::ranges::replace(name, '/', '.');
  return name;
}

void show_end_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  auto log = text.str();
  if (log.size() > kShownLogBytes) log = "...\n" + log.substr(log.size() - kShownLogBytes);
  fmt::print("---- {}\n{}\n", file.string(), log);
}

}  // namespace

void measured(const std::string& name, double value) {
  fmt::print("MEASURED {}={}\n", name, value);
  std::fflush(stdout);
}

RunningWorkload::RunningWorkload(Workload& workload, const std::string& brokers, const std::string& topic)
    : thread_([this, &workload, brokers, topic] {
        try {
          workload.run(brokers, topic, &stop_);
        } catch (const std::exception& error) {
          error_ = error.what();
        }
        done_ = true;
      }) {}

RunningWorkload::~RunningWorkload() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void RunningWorkload::stop() {
  stop_ = true;
  finish();
}

void RunningWorkload::finish() {
  thread_.join();
  if (!error_.empty()) throw std::runtime_error("the workload: " + error_);
}

void BrokerTest::SetUp() {
  const char* given = std::getenv("EBC_TEST_BROKERS");
  ASSERT_TRUE(given != nullptr && *given != '\0')
      << "EBC_TEST_BROKERS is not set: these tests need a real Kafka broker. Run scripts/test, which starts one; or "
         "start one with scripts/kafka start and set EBC_TEST_BROKERS=127.0.0.1:9092.";
  ASSERT_EQ(::access(collector_binary().c_str(), X_OK), 0) << collector_binary() << " can't be run: build eb-collector";
  brokers_ = given;
  // Unlike earlier runs on the same broker, too.
  name_ = fmt::format("{}-{:x}", test_name(), wall_clock_ms());
  folder_ = std::filesystem::temp_directory_path() / ("ebc-" + name_);
  std::filesystem::create_directories(folder_);
  auto admin = std::make_unique<KafkaAdmin>(brokers_);
  ASSERT_NO_THROW(admin->topics_with_prefix(name_)) << "no Kafka answers at EBC_TEST_BROKERS=" << brokers_;
  admin_ = std::move(admin);
}

void BrokerTest::TearDown() {
  if (!admin_) return;
  if (HasFailure()) {
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      if (entry.path().extension() == ".log") show_end_of(entry.path());
    }
    fmt::print("kept for a look: {} and the topics {}*\n", folder_.string(), name_);
    return;
  }
  std::filesystem::remove_all(folder_);
  admin_->delete_topics(admin_->topics_with_prefix(name_));
}

void BrokerTest::make_topic(int partitions, const Settings& config) {
  topic_ = name("events");
  partitions_ = partitions;
  admin_->create_topic(topic_, partitions, config);
}

std::vector<std::string> BrokerTest::run_arguments(const std::vector<std::string>& extra,
                                                   const std::string& instance) const {
  std::vector<std::string> arguments{"--brokers", brokers_, "--topic",     topic_,
                                     "--app-id",  app_id(), "--state-dir", state_dir(instance).string()};
  arguments.insert(arguments.end(), extra.begin(), extra.end());
  return arguments;
}

std::unique_ptr<Collector> BrokerTest::make_collector(const std::vector<std::string>& extra,
                                                      const std::string& instance) {
  return std::make_unique<Collector>(CollectorOptions{.command = "run",
                                                      .arguments = run_arguments(extra, instance),
                                                      .log = folder_ / ("collector-" + instance + ".log")});
}

std::unique_ptr<Collector> BrokerTest::start_collector(const std::vector<std::string>& extra,
                                                       const std::string& instance) {
  auto collector = make_collector(extra, instance);
  collector->start_and_wait();
  return collector;
}

bool BrokerTest::caught_up() const {
  return admin_->consumed_by(app_id(), topic_) && admin_->consumed_by(app_id(), app_id() + "-repartition");
}

void BrokerTest::wait_until_caught_up(milliseconds limit) const {
  if (eventually(
          limit, [&] { return caught_up(); }, 50ms))
    return;
  std::string offsets;
  for (const auto& topic : {topic_, app_id() + "-repartition"}) {
    const auto committed = admin_->committed(app_id(), topic);
    const auto ends = admin_->watermarks(topic);
    for (std::size_t p = 0; p < ends.size(); ++p) {
      offsets += fmt::format("\n  {}/{}: committed {}, end {}", topic, p, committed[p], ends[p].high);
    }
  }
  throw std::runtime_error(fmt::format("not caught up after {} ms:{}", limit.count(), offsets));
}

void BrokerTest::wait_for_resolved(KafkaReader& reader, std::size_t groups, milliseconds limit) {
  ResolvedGroups resolved;
  eventually(
      limit,
      [&] {
        reader.poll(50ms);
        return resolved.count(reader.records()) >= groups;
      },
      0ms);
}

CheckReport BrokerTest::check_all(std::vector<PlannedGroup> plan, milliseconds limit, const std::string& closing_ttl) {
  KafkaReader reader(brokers_, topic_);
  const Stopwatch stopwatch;
  wait_for_resolved(reader, plan.size(), limit);
  fmt::print("all groups resolved after another {} ms\n", stopwatch.ms());
  auto closing = closing_groups(name("closing"), partitions_, closing_ttl);
  produce_creates(brokers_, topic_, closing);
  plan.insert(plan.end(), closing.begin(), closing.end());
  wait_for_resolved(reader, plan.size(), limit);
  EXPECT_TRUE(reader.read_to_end(20s)) << "an open transaction stands in the way of a read_committed consumer";
  fmt::print("checked until {} ms\n", stopwatch.ms());
  auto report = check_outcomes(plan, reader.records());
  fmt::print("{}\n", report.summary());
  return report;
}

::testing::AssertionResult is_exactly_once(const CheckReport& report) {
  if (report.exactly_once()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << report.text();
}

}  // namespace ebc::broker_test
