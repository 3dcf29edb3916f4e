#include "tests/support/memory_home.h"

#include <algorithm>
#include <stdexcept>

namespace ebc::test_support {
namespace {

void expect_ok(const Status& status) {
  if (!status.ok()) throw std::runtime_error("the collector failed: " + status.message());
}

}  // namespace

Result<bool> CountedStore::get(std::string_view key, std::string& value) const {
  ++work_;
  return rows_.get(key, value);
}

Status CountedStore::scan(std::string_view from, std::string_view until, const KeyValueStore::Visitor& visit) const {
  return rows_.scan(from, until, [&](std::string_view key, std::string_view value) {
    ++work_;
    return visit(key, value);
  });
}

Status CountedStore::apply(std::span<const state::Write> writes, Offset changelog_offset_next) {
  work_ += writes.size();
  return rows_.apply(writes, changelog_offset_next);
}

MemoryHome::MemoryHome(group::CollectorOptions options, Timestamp start_time)
    : supplier_(group::make_supplier_factory(std::move(options), registry_)(0)), now_(start_time), clock_(start_time) {
  start();
}

void MemoryHome::start() {
  buffer_ = std::make_unique<state::TransactionBuffer>(committed_);
  processor_ = supplier_->make_processor();
  expect_ok(processor_->init(*this));
}

void MemoryHome::forward(const Output& output) {
  Sent& sent = sent_.emplace_back();
  sent.topic = output.topic;
  if (output.key) sent.key.emplace(*output.key);
  if (output.value) sent.value.emplace(*output.value);
  sent.timestamp = output.timestamp;
  for (const Header& header : output.headers) {
    std::optional<std::string> value;
    if (header.value) value.emplace(*header.value);
    sent.headers.emplace_back(header.name, std::move(value));
  }
}

void MemoryHome::process(const Record& record) {
  if (supplier_->route(record).kind == Route::Kind::Skip) return;
  expect_ok(processor_->process(record, std::clamp(record.timestamp, clock_, std::max(clock_, now_))));
}

void MemoryHome::advance_clock(Timestamp clock) {
  clock_ = std::max(clock_, clock);
  now_ = std::max(now_, clock_);
  while (clock_ > processor_->next_punctuation()) expect_ok(processor_->punctuate(clock_));
}

void MemoryHome::turn(Timestamp clock) {
  clock_ = std::max(clock_, clock);
  now_ = std::max(now_, clock_);
  if (clock_ > processor_->next_punctuation()) expect_ok(processor_->punctuate(clock_));
}

void MemoryHome::commit() {
  expect_ok(processor_->flush());
  expect_ok(buffer_->commit(++commits_));
  sent_committed_ = sent_.size();
}

void MemoryHome::crash() {
  processor_.reset();
  sent_.resize(sent_committed_);
  start();
}

std::vector<Sent> MemoryHome::take() {
  sent_committed_ = 0;
  return std::exchange(sent_, {});
}

std::size_t MemoryHome::rows() const {
  std::size_t rows = 0;
  const auto count = [&rows](std::string_view, std::string_view) { return ++rows, true; };
  expect_ok(committed_.scan(std::string(1, char{KeyValueStore::kFirstUserKeyByte}), {}, count));
  return rows;
}

}  // namespace ebc::test_support
