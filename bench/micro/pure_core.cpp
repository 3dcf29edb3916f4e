#include "bench/micro/pure_core.h"

#include <fmt/format.h>

#include <cstdlib>

#include "bench/load/groups.h"
#include "topology/murmur2.h"

namespace ebc::bench {

namespace {

constexpr Timestamp kNow = timestamp_from_ms(1'700'000'000'000);

void must(const Status& status) {
  if (status.ok()) return;
  fmt::print(stderr, "{}\n", status.message());
  std::abort();
}

}  // namespace

Script make_script(std::int64_t groups, int entities, std::int64_t interleave) {
  GroupLoad load({.groups = groups, .entities = entities, .interleave = interleave});
  Script script;
  std::string_view key;
  std::string_view value;
  while (load.next(1'000'000'000'000, key, value)) script.lines.push_back({std::string(key), std::string(value)});
  return script;
}

class PureCore::Home final : public ProcessorContext {
 public:
  Home(Partition home, state::CommittedStore& committed, ProcessorSupplier& supplier, std::size_t& outcomes)
      : home_(home), buffer_(committed), outcomes_(outcomes), processor_(supplier.make_processor()) {
    must(processor_->init(*this));
  }

  Partition home() const override { return home_; }
  KeyValueStore& store() override { return buffer_; }
  void forward(const Output& output) override { outcomes_ += output.value ? 1 : 0; }
  Timestamp now() const override { return kNow; }
  Timestamp clock() const override { return kNow; }

  void process(const Record& record) { must(processor_->process(record, kNow)); }
  /// Returns the number of rows.
  std::size_t commit(Offset offset) {
    must(processor_->flush());
    const std::size_t rows = buffer_.size();
    must(buffer_.commit(offset));
    return rows;
  }

 private:
  const Partition home_;
  state::TransactionBuffer buffer_;
  std::size_t& outcomes_;
  const std::unique_ptr<Processor> processor_;
};

PureCore::PureCore(std::vector<std::shared_ptr<state::CommittedStore>> stores, std::size_t records_a_commit)
    : stores_(std::move(stores)), records_a_commit_(records_a_commit) {
  group::CollectorOptions options;
  options.output_topic = "outcomes";
  supplier_ = group::make_supplier_factory(options, std::make_shared<group::StatsRegistry>())(0);
  for (std::size_t i = 0; i < stores_.size(); ++i) {
    homes_.push_back(std::make_unique<Home>(static_cast<Partition>(i), *stores_[i], *supplier_, outcomes_));
  }
}

PureCore::~PureCore() = default;

void PureCore::process(const Script& script) {
  const int homes = static_cast<int>(homes_.size());
  for (const Script::Line& line : script.lines) {
    Record record;
    record.topic = "eventbus-collector";
    record.offset = offset_++;
    record.timestamp = kNow;
    record.key = line.key;
    record.value = line.value;
    const Route route = supplier_->route(record);
    if (route.kind != Route::Kind::Keyed) std::abort();
    homes_[static_cast<std::size_t>(topology::home_of(route.key, homes))]->process(record);
    if (++records_ % records_a_commit_ == 0) commit();
  }
}

void PureCore::commit() {
  for (const auto& home : homes_) rows_ += home->commit(offset_);
}

}  // namespace ebc::bench
