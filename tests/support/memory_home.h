// One home without an engine: the collector over the transaction buffer and a store in memory. Time and commits are the
// caller's. For tests of the pure core.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "processor/api/processor.h"
#include "processor/group/collector.h"
#include "state/memory_store.h"
#include "state/transaction_buffer.h"

namespace ebc::test_support {

/// A record that the collector wrote.
struct Sent {
  std::string topic;
  std::optional<std::string> key, value;
  std::optional<Timestamp> timestamp;  ///< none: the wall clock
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
};

/// A store in memory that counts what is asked of it.
class CountedStore final : public state::CommittedStore {
 public:
  Result<bool> get(std::string_view key, std::string& value) const override;
  Status scan(std::string_view from, std::string_view until, const KeyValueStore::Visitor& visit) const override;
  Status apply(std::span<const state::Write> writes, Offset changelog_offset_next) override;
  Result<std::optional<Offset>> changelog_offset_next() const override { return rows_.changelog_offset_next(); }
  Status clear() override { return rows_.clear(); }

  /// Rows looked for, passed over or written, all together: what a real store's time goes with.
  std::size_t work() const { return work_; }

 private:
  state::MemoryStore rows_;
  mutable std::size_t work_ = 0;
};

/// One thread. Any error of the collector is thrown as std::runtime_error: over this store there is no reason for one.
class MemoryHome final : public ProcessorContext {
 public:
  MemoryHome(group::CollectorOptions options, Timestamp start);

  // ProcessorContext
  Partition home() const override { return 0; }
  KeyValueStore& store() override { return *buffer_; }
  void forward(const Output& output) override;
  Timestamp now() const override { return now_; }
  Timestamp clock() const override { return clock_; }

  /// Routes and processes; the time that counts is made from the record's as the engine does it.
  void process(const Record& record);
  /// The present goes on to `now`; the home's clock stands.
  void present(Timestamp now) { now_ = now; }
  Timestamp next_punctuation() const { return processor_->next_punctuation(); }
  /// Everything up to `clock` has been read; what is due happens.
  void advance_clock(Timestamp clock);

  /// Likewise, but only as much of what is due as one turn does.
  void turn(Timestamp clock);

  void commit();
  /// What was not committed never was: outputs since then are gone, too.
  void crash();

  /// Takes what was sent since the last call.
  std::vector<Sent> take();
  /// Committed rows, those of the engine left out.
  std::size_t rows() const;
  /// Work of the committed store since the start.
  std::size_t work() const { return committed_.work(); }
  group::StatsSnapshot stats() const { return registry_->sum(); }

 private:
  void start();

  std::shared_ptr<group::StatsRegistry> registry_ = std::make_shared<group::StatsRegistry>();
  std::unique_ptr<ProcessorSupplier> supplier_;
  CountedStore committed_;
  std::unique_ptr<state::TransactionBuffer> buffer_;
  std::unique_ptr<Processor> processor_;
  Timestamp now_, clock_;
  Offset commits_ = 0;
  std::vector<Sent> sent_;
  std::size_t sent_committed_ = 0;  ///< of sent_, those that a crash leaves
};

}  // namespace ebc::test_support
