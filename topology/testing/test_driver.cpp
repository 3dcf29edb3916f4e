#include "topology/testing/test_driver.h"

#include <algorithm>
#include <numeric>

#include "topology/murmur2.h"

namespace ebc::topology::testing {
namespace {
/// Turns after which a worker that still finds something to do is taken to be stuck.
constexpr int kTurnsMax = 100'000;
}  // namespace

Result<std::shared_ptr<state::CommittedStore>> TopologyTestDriver::MemoryStores::open_home(Partition p) {
  return std::shared_ptr<state::CommittedStore>(home(p));
}

Status TopologyTestDriver::MemoryStores::quarantine_home(Partition p) {
  stores_[p] = std::make_shared<state::MemoryStore>();
  return {};
}

std::shared_ptr<state::MemoryStore>& TopologyTestDriver::MemoryStores::home(Partition p) {
  auto& store = stores_[p];
  if (!store) store = std::make_shared<state::MemoryStore>();
  return store;
}

TopologyTestDriver::TopologyTestDriver(SupplierFactory suppliers, DriverOptions options)
    : suppliers_(std::move(suppliers)), options_(std::move(options)), clock_(options_.start) {
  for (const char* topic : {kInput, kRepartition, kChangelog}) log_.create_topic(topic, options_.partitions);
  for (const std::string& topic : options_.output_topics) log_.create_topic(topic, options_.partitions);
  log_.create_topic(kDeadLetter, 1);
  start();
}

TopologyTestDriver::~TopologyTestDriver() = default;

void TopologyTestDriver::start() {
  failure_ = {};
  offsets_ = std::make_unique<FakeOffsets>(log_, topics_, faults_);
  reader_ = std::make_unique<FakeChangelogReader>(log_, topics_);
  board_ = std::make_unique<HomeBoard>(log_.partitions(kChangelog));
  supplier_ = suppliers_(0);
  TakeRules rules;
  rules.on_lost_offsets = options_.on_lost_offsets;
  takes_ = std::make_unique<TakeQueue>(rules, stores_, *offsets_, *reader_, clock_, [this](int, WorkerMessage message) {
    if (const auto* taken = std::get_if<Taken>(&message)) {
      restored_records_ += static_cast<int>(taken->restored);
    }
    worker_->mailbox().post(std::move(message));
  });
  home_clock_ = std::make_unique<HomeClock>(HomeClockConfig{}, *board_, *offsets_,
                                            [this](int, ClockAdvance advance) { worker_->mailbox().post(advance); });
  worker_ = std::make_unique<StreamWorker>(
      WorkerConfig{
          .changelog_topic = kChangelog, .repartition_topic = kRepartition, .buffer_records = options_.buffer_records},
      clock_, *supplier_, *takes_, *board_,
      [this](RecordSource&) { return std::make_unique<FakeSink>(log_, topics_, faults_, "app-0"); });
  failure_ = worker_->start([this](RebalanceListener& listener) -> Result<std::unique_ptr<RecordSource>> {
    auto source = std::make_unique<FakeSource>(log_, topics_, faults_, listener);
    source_ = source.get();
    return std::unique_ptr<RecordSource>(std::move(source));
  });
  std::vector<Partition> all(static_cast<std::size_t>(log_.partitions(kInput)));
  std::iota(all.begin(), all.end(), 0);
  source_->rebalance(all);
  settle();
  commit();
}

/// One round of everything but time. True when something may still be at hand.
bool TopologyTestDriver::turn() {
  const auto before = worker_->counters().records.load();
  takes_->turn(Duration{0});
  failure_ = worker_->turn();
  return worker_->counters().records.load() != before;
}

void TopologyTestDriver::settle() {
  int quiet = 0;
  for (int i = 0; failure_.ok() && quiet < 6 && i < kTurnsMax; ++i) quiet = turn() ? 0 : quiet + 1;
}

void TopologyTestDriver::process() { settle(); }

void TopologyTestDriver::commit() {
  if (failure_.ok()) failure_ = worker_->commit_now();
  settle();
}

void TopologyTestDriver::advance(Duration by) {
  const Timestamp until = clock_.now() + by;
  constexpr int kStepsMax = 10'000;
  for (int step = 0; failure_.ok() && step < kStepsMax; ++step) {
    settle();
    const Timestamp next = home_clock_->step(clock_.now());
    settle();
    if (clock_.now() >= until) break;
    clock_.set(std::clamp(next, clock_.now() + Duration{1}, until));
  }
  settle();
}

Offset TopologyTestDriver::append(Partition partition, std::optional<std::string> key, std::optional<std::string> value,
                                  std::optional<Timestamp> timestamp) {
  return log_.append(
      {kInput, partition},
      {.key = std::move(key), .value = std::move(value), .timestamp = timestamp.value_or(clock_.now()), .headers = {}});
}

Offset TopologyTestDriver::pipe(Partition partition, std::optional<std::string> key, std::optional<std::string> value,
                                std::optional<Timestamp> timestamp) {
  const Offset offset = append(partition, std::move(key), std::move(value), timestamp);
  settle();
  return offset;
}

Offset TopologyTestDriver::pipe(const std::string& key, std::optional<std::string> value,
                                std::optional<Timestamp> timestamp) {
  return pipe(home_of(key, log_.partitions(kInput)), key, std::move(value), timestamp);
}

void TopologyTestDriver::crash() {
  worker_.reset();
  home_clock_.reset();
  takes_.reset();
  supplier_.reset();
  source_ = nullptr;
}

void TopologyTestDriver::restart(bool keep_disk) {
  if (worker_) crash();
  if (!keep_disk) lose_disk();
  start();
}

void TopologyTestDriver::lose_disk() { stores_.clear(); }

void TopologyTestDriver::rebalance(std::vector<Partition> assigned, std::vector<Partition> revoked,
                                   std::vector<Partition> lost) {
  source_->rebalance(std::move(assigned), std::move(revoked), std::move(lost));
  settle();
}

void TopologyTestDriver::grow_input(int partitions) {
  std::vector<Partition> added;
  for (Partition p = log_.partitions(kInput); p < partitions; ++p) added.push_back(p);
  log_.create_topic(kInput, partitions);
  rebalance(std::move(added));
}

std::vector<ReadRecord> TopologyTestDriver::read(const std::string& topic) {
  std::vector<ReadRecord> found;
  for (Partition p = 0; p < log_.partitions(topic); ++p) {
    Offset& next = read_next_[{topic, p}];
    auto read = log_.read_committed({topic, p}, next);
    next = read.next;
    for (auto& [offset, record] : read.records) found.push_back({p, offset, std::move(record)});
  }
  return found;
}

std::vector<std::string> TopologyTestDriver::read_values(const std::string& topic) {
  std::vector<std::string> values;
  for (ReadRecord& found : read(topic)) values.push_back(found.record.value.value_or("(null)"));
  return values;
}

}  // namespace ebc::topology::testing
