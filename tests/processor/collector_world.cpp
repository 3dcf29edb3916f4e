#include "tests/processor/collector_world.h"

#include <algorithm>

#include "processor/api/commit_listener.h"

namespace ebc::group {

Result<bool> FakeStore::get(std::string_view key, std::string& value) {
  ++reads_;
  if (const auto write = writes_.find(std::string(key)); write != writes_.end()) {
    if (!write->second.value) return false;
    value = *write->second.value;
    return true;
  }
  const auto row = committed_.find(std::string(key));
  if (row == committed_.end()) return false;
  value = row->second;
  return true;
}

void FakeStore::write(std::string_view key, std::optional<std::string> value, bool absent_before) {
  EXPECT_GE(static_cast<unsigned char>(key.at(0)), kFirstUserKeyByte);
  const auto [write, added] = writes_.try_emplace(std::string(key));
  if (added) {
    write->second.absent_before = absent_before;
    EXPECT_FALSE(absent_before && committed_.contains(write->first)) << "put_new of a committed row";
  }
  write->second.value = std::move(value);
}

void FakeStore::put(std::string_view key, std::string_view value) { write(key, std::string(value), false); }
void FakeStore::put_new(std::string_view key, std::string_view value) { write(key, std::string(value), true); }

void FakeStore::erase(std::string_view key) {
  const auto known = writes_.find(std::string(key));
  if (known != writes_.end() && known->second.absent_before) {
    writes_.erase(known);
  } else {
    write(key, std::nullopt, false);
  }
}

Status FakeStore::scan(std::string_view from, std::string_view until, const Visitor& visit) {
  std::map<std::string, std::string> seen = committed_;
  for (const auto& [key, write] : writes_) {
    if (write.value) {
      seen[key] = *write.value;
    } else {
      seen.erase(key);
    }
  }
  for (auto row = seen.lower_bound(std::string(from)); row != seen.end(); ++row) {
    if (!until.empty() && row->first >= until) break;
    if (!visit(row->first, row->second)) break;
  }
  return {};
}

std::size_t FakeStore::commit() {
  const std::size_t changed = writes_.size();
  for (const auto& [key, write] : writes_) {
    if (write.value) {
      committed_[key] = *write.value;
    } else {
      committed_.erase(key);
    }
  }
  writes_.clear();
  return changed;
}

void FakeStore::abort() { writes_.clear(); }

std::string Message::header(std::string_view name) const {
  for (const auto& header : headers) {
    if (header.first == name) return header.second.value_or("(null)");
  }
  return {};
}

World::World(CollectorOptions options) {
  configure(std::move(options));
  start();
}

void World::configure(CollectorOptions options) {
  options_ = std::move(options);
  options_.input_topic = kInput;
  options_.output_topic = kOutput;
  options_.dead_letter_topic = kDeadLetters;
  supplier_ = make_supplier_factory(options_, registry_, recent_, floors_)(0);
}

void World::restart_with(CollectorOptions options) {
  commit();
  processor_.reset();
  configure(std::move(options));
  start();
}

void World::start() {
  processor_ = supplier_->make_processor();
  check(processor_->init(*this));
}

void World::check(const Status& status) {
  status_ = status;
  EXPECT_TRUE(faults_expected_ || status.ok()) << status.message();
}

void World::forward(const Output& output) {
  Message message{std::string(output.topic), {}, {}, output.timestamp, {}};
  if (output.key) message.key.emplace(*output.key);
  if (output.value) message.value.emplace(*output.value);
  for (const Header& header : output.headers) {
    std::optional<std::string> value;
    if (header.value) value.emplace(*header.value);
    message.headers.emplace_back(header.name, std::move(value));
  }
  outputs_.push_back(std::move(message));
}

void World::event(std::string_view json) { event_at(now_ms(), json); }

void World::event_at(std::int64_t ms, std::string_view json) {
  Record record;
  record.timestamp = timestamp_from_ms(ms);
  record.value = json;
  if (key_) record.key = *key_;
  record.headers = headers_;
  this->record(record);
}

void World::record(Record record) {
  record.topic = kInput;
  record.partition = 3;
  record.offset = offset_next_++;
  if (supplier_->route(record).kind == Route::Kind::Skip) return;
  const Timestamp time = std::min(std::max(record.timestamp, clock_), std::max(clock_, now_));
  check(processor_->process(record, time));
}

Route World::route(std::string_view json) {
  Record record;
  record.value = json;
  return supplier_->route(record);
}

std::string json_text(std::string_view text) {
  std::string out;
  append_quoted(text, out);
  return out;
}

void World::create(std::string_view id, const std::vector<std::string>& expected, std::string_view more) {
  std::string json = R"({"id":)" + json_text(id) + R"(,"type":"EventGroupCollectorCreate","expected":[)";
  for (std::size_t i = 0; i < expected.size(); ++i) json += (i == 0 ? "" : ",") + json_text(expected[i]);
  json += "]";
  if (!more.empty()) json.append(",").append(more);
  event(json + "}");
}

void World::done(std::string_view group, std::string_view entity, std::string_view result) {
  event(R"({"id":)" + json_text(entity) + R"(,"type":"EventGroupCollectorEntityDone","group":)" + json_text(group) +
        R"(,"result":)" + std::string(result) + "}");
}

void World::fail(std::string_view group, std::string_view entity, std::string_view error) {
  event(R"({"id":)" + json_text(entity) + R"(,"type":"EventGroupCollectorEntityDone","group":)" + json_text(group) +
        R"(,"error":)" + std::string(error) + "}");
}

void World::pass(std::int64_t ms) {
  now_ += Duration{ms};
  clock_ = std::max(clock_, now_);
  punctuate();
}

void World::punctuate() {
  for (int turns = 0; clock_ > processor_->next_punctuation(); ++turns) {
    ASSERT_LT(turns, 10'000) << "punctuate() doesn't come to an end";
    check(processor_->punctuate(clock_));
  }
}

std::size_t World::commit() {
  check(processor_->flush());
  EXPECT_EQ(processor_->unflushed_bytes(), 0u);
  committed_outputs_ = outputs_.size();
  dynamic_cast<CommitListener&>(*processor_).committed();
  return store_.commit();
}

void World::crash() {
  outputs_.resize(std::min(committed_outputs_, outputs_.size()));
  store_.abort();
  start();
}

void World::restart() {
  commit();
  start();
}

std::size_t World::count(std::string_view topic) const {
  return static_cast<std::size_t>(std::count_if(outputs_.begin(), outputs_.end(),
                                                [topic](const Message& message) { return message.topic == topic; }));
}

Message World::sent_to(std::string_view topic) {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    if (outputs_[i].topic != topic) continue;
    Message message = outputs_[i];
    outputs_.erase(outputs_.begin() + static_cast<std::ptrdiff_t>(i));
    if (i < committed_outputs_) --committed_outputs_;
    return message;
  }
  ADD_FAILURE() << "nothing was sent to " << topic;
  return {std::string(topic), "", "{}", {}, {}};
}

Message World::outcome() { return sent_to(kOutput); }
Message World::dead_letter() { return sent_to(kDeadLetters); }

std::string member(std::string_view json, std::string_view name) {
  JsonScanner scanner{json, 128};
  EXPECT_TRUE(scanner.begin_object()) << json;
  JsonValue key;
  JsonValue value;
  std::string found = "(absent)";
  while (scanner.next_member(key, value)) {
    if (key.inside() == name) found = value.text;
  }
  EXPECT_EQ(scanner.fault(), JsonFault::None) << json;
  return found;
}

}  // namespace ebc::group
