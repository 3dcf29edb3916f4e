// A home to test the collector in: a store that knows what is committed, a clock that moves when told, and a small
// language of events.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "processor/api/processor.h"
#include "processor/group/collector.h"
#include "processor/group/json_scan.h"

namespace ebc::group {

/// What the engine's transaction buffer does, on std::map: writes are seen at once and kept by commit() only.
class FakeStore final : public KeyValueStore {
 public:
  Result<bool> get(std::string_view key, std::string& value) override;
  void put(std::string_view key, std::string_view value) override;
  void put_new(std::string_view key, std::string_view value) override;
  void erase(std::string_view key) override;
  Status scan(std::string_view from, std::string_view until, const Visitor& visit) override;

  /// Returns the number of rows that changed for good: what a changelog would get.
  std::size_t commit();
  void abort();
  std::size_t rows() const { return committed_.size(); }
  std::size_t reads() const { return reads_; }
  const std::map<std::string, std::string>& committed() const { return committed_; }
  void damage(std::string_view key, std::string_view value) { committed_[std::string(key)] = value; }

 private:
  struct Write {
    std::optional<std::string> value;
    bool absent_before = false;
  };
  void write(std::string_view key, std::optional<std::string> value, bool absent_before);

  std::map<std::string, std::string> committed_;
  std::map<std::string, Write> writes_;
  std::size_t reads_ = 0;
};

struct Message {
  std::string topic;
  std::optional<std::string> key, value;
  std::optional<Timestamp> timestamp;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;

  /// "" when there is none of that name.
  std::string header(std::string_view name) const;
};

class World : public ProcessorContext {
 public:
  static constexpr std::string_view kInput = "in";
  static constexpr std::string_view kOutput = "out";
  static constexpr std::string_view kDeadLetters = "dead";

  explicit World(CollectorOptions options = {});

  // ProcessorContext
  Partition home() const override { return 0; }
  KeyValueStore& store() override { return store_; }
  void forward(const Output& output) override;
  Timestamp now() const override { return std::max(now_, clock_); }
  Timestamp clock() const override { return clock_; }

  // Input. A record is stamped with the present, so the story tells itself in the order in which it is written.
  void event(std::string_view json);
  void event_at(std::int64_t ms, std::string_view json);
  void record(Record record);
  /// Of the next records.
  void with_headers(std::vector<Header> headers) { headers_ = std::move(headers); }
  void with_key(std::string key) { key_ = std::move(key); }

  /// `more` is put into the object as it is: `"ttl":3`.
  void create(std::string_view id, const std::vector<std::string>& expected, std::string_view more = {});
  void done(std::string_view group, std::string_view entity, std::string_view result = R"("ok")");
  void fail(std::string_view group, std::string_view entity, std::string_view error = R"("broken")");

  // Time
  std::int64_t now_ms() const { return to_ms(now_); }
  /// The present goes on; what is in the inputs has been read so far, too.
  void pass(std::int64_t ms);
  /// The present goes on, the home's clock doesn't.
  void lag(std::int64_t ms) { now_ += Duration{ms}; }
  void punctuate();
  Timestamp next_punctuation() const { return processor_->next_punctuation(); }

  // Transactions
  std::size_t commit();
  /// The process dies without a commit since `commit()`; a new one takes over. Outputs since then never were.
  void crash();
  /// A clean stop and a new start.
  void restart();
  void restart_with(CollectorOptions options);

  // Output: each takes what it returns.
  Message outcome();
  std::string outcome_json() { return *outcome().value; }
  Message dead_letter();
  Message sent_to(std::string_view topic);
  std::size_t outcomes() const { return count(kOutput); }
  std::size_t dead_letters() const { return count(kDeadLetters); }
  std::size_t outputs() const { return outputs_.size(); }

  StatsSnapshot stats() const { return registry_->sum(); }
  const RecentOutcomes& recent() const { return *recent_; }
  const DeadlineFloors& floors() const { return *floors_; }
  FakeStore& rows() { return store_; }
  Route route(std::string_view json);
  Status last_status() const { return status_; }
  void expect_faults() { faults_expected_ = true; }

 private:
  void configure(CollectorOptions options);
  void start();
  void check(const Status& status);
  std::size_t count(std::string_view topic) const;

  CollectorOptions options_;
  std::shared_ptr<StatsRegistry> registry_ = std::make_shared<StatsRegistry>();
  std::shared_ptr<RecentOutcomes> recent_ = std::make_shared<RecentOutcomes>(std::size_t{1} << 20);
  std::shared_ptr<DeadlineFloors> floors_ = std::make_shared<DeadlineFloors>();
  std::unique_ptr<ProcessorSupplier> supplier_;
  std::unique_ptr<Processor> processor_;
  FakeStore store_;
  Timestamp now_ = timestamp_from_ms(1'800'000'000'000);  // 2027-01-15T08:00:00.000Z
  Timestamp clock_ = now_;
  Offset offset_next_ = 0;
  std::vector<Header> headers_;
  std::optional<std::string> key_;
  std::vector<Message> outputs_;
  std::size_t committed_outputs_ = 0;
  Status status_;
  bool faults_expected_ = false;
};

/// The text of a member of the outermost object; "(absent)" without it.
std::string member(std::string_view json, std::string_view name);
/// A quoted JSON string.
std::string json_text(std::string_view text);

}  // namespace ebc::group
