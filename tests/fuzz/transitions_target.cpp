// A history made of the input's bytes, played to the collector and to a naive model of the contract: after each step
// both must have sent the same. Commits, crashes and tiny caches fall where the input says.
#include <algorithm>

#include "tests/fuzz/reference_model.h"
#include "tests/fuzz/target.h"
#include "tests/support/memory_home.h"

namespace {

using ebc::fuzz::check;
using ebc::fuzz::Choices;
using ebc::fuzz::Command;
using ebc::fuzz::ModelOptions;
using ebc::fuzz::ReferenceModel;

constexpr std::int64_t kStart = 1'800'000'000'000;
constexpr const char* kPolicies[] = {R"("all")",  R"("all")",        R"("allSettled")",   R"("any")",
                                     R"("race")", R"({"quorum":2})", R"({"tolerate":1})", R"({"quorum":30})"};

std::string list_of(const std::set<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += (text.empty() ? "\"" : ",\"") + id + "\"";
  return "[" + text + "]";
}

std::set<std::string> any_ids(Choices& choices) {
  std::set<std::string> ids;
  const int kind = choices.byte();
  // Now and then more than one row holds.
  const int count = kind % 16 == 15 ? 20 : kind % 5;
  for (int i = 0; i < count; ++i) ids.insert("e" + std::to_string(count == 20 ? i : choices.below(7)));
  return ids;
}

void set_ttl(Choices& choices, Command& command) {
  constexpr std::pair<const char*, std::int64_t> kTtls[] = {
      {"1", 1'000}, {"1.5", 1'500}, {"2e0", 2'000}, {"0.250", 250}};
  const auto& [spelled, ms] = kTtls[choices.below(4)];
  command.ttl = spelled;
  command.ttl_ms = ms;
}

void make_create(Choices& choices, Command& command) {
  command.kind = Command::Kind::Create;
  command.expected = any_ids(choices);
  command.policy = kPolicies[choices.below(8)];
  const int flags = choices.byte();
  command.sealed = (flags & 1) == 0;
  command.has_parent = (flags & 2) != 0;
  command.has_handler = (flags & 4) != 0;
  if ((flags & 8) != 0) command.payload = "[" + std::to_string(flags) + ", 1e400]";
  if ((flags & 16) != 0) set_ttl(choices, command);
  command.json = R"({"type":"EventGroupCollectorCreate","id":")" + command.group + R"(","expected":)" +
                 list_of(command.expected) + R"(,"policy":)" + command.policy;
  if (!command.sealed) command.json += R"(,"sealed":false)";
  if (!command.ttl.empty()) command.json += R"(,"ttl":)" + command.ttl;
  if (!command.payload.empty()) command.json += R"(,"payload":)" + command.payload;
  if (command.has_parent) command.json += R"(,"parent":{"group":"parent","entity":"child"})";
  if (command.has_handler) {
    command.json +=
        R"(,"handler":{"onsuccess":{"topic":"handler"},"onfailure":{"topic":"handler","payload":{"bad":1}}})";
  }
  command.json += "}";
}

void make_done(Choices& choices, Command& command) {
  command.kind = Command::Kind::Done;
  const int which = choices.byte();
  command.entity = "e" + std::to_string(which % 11 == 10 ? 10 + which % 13 : which % 7);
  const int what = choices.byte();
  command.failed = what % 4 == 0;
  command.value = command.failed ? (what % 8 == 0 ? R"("broken")" : R"({"code": 7})") : std::to_string(what % 3);
  // Beyond what a compact row holds.
  if (what == 255) command.value = "\"" + std::string(17'000, 'x') + "\"";
  command.json = R"({"id":")" + command.entity + R"(","type":"EventGroupCollectorEntityDone","group":")" +
                 command.group + (command.failed ? R"(","error":)" : R"(","result":)") + command.value + "}";
}

void make_update(Choices& choices, Command& command) {
  command.kind = Command::Kind::Update;
  const int flags = choices.byte();
  if ((flags & 1) != 0) command.add = any_ids(choices);
  if ((flags & 2) != 0) set_ttl(choices, command);
  command.seal = (flags & 4) != 0 || (flags & 3) == 0;
  command.json = R"({"type":"EventGroupCollectorUpdate","group":")" + command.group + "\"";
  if ((flags & 1) != 0) command.json += R"(,"add":)" + list_of(command.add);
  if (!command.ttl.empty()) command.json += R"(,"ttl":)" + command.ttl;
  if (command.seal) command.json += R"(,"seal":true)";
  command.json += "}";
}

void make_cancel(Choices& choices, Command& command) {
  command.kind = Command::Kind::Cancel;
  if (choices.below(2) == 1) command.reason = R"("no \u0041 more")";
  command.json = R"({"type":"EventGroupCollectorCancel","group":")" + command.group + "\"" +
                 (command.reason.empty() ? "" : R"(,"reason":)" + command.reason) + "}";
}

/// The collector's messages in the words of the model.
std::vector<std::string> lines_of(const std::vector<ebc::test_support::Sent>& messages) {
  std::vector<std::string> lines;
  for (const auto& sent : messages) {
    std::string line = sent.topic + " ";
    if (sent.topic == "dead") {
      const auto header = [&sent](std::string_view name) -> std::string {
        for (const auto& [key, value] : sent.headers) {
          if (key == name) return value.value_or("");
        }
        return {};
      };
      line += header("dlq.reason") + " " + header("dlq.offset");
    } else {
      line += sent.value.value_or("(null)");
    }
    if (sent.topic == "in") line += " at " + std::to_string(ebc::to_ms(*sent.timestamp));
    lines.push_back(std::move(line));
  }
  return lines;
}

class History {
 public:
  explicit History(std::string_view input) : choices_(input), home_(options(), time(kStart)), model_(model_options()) {
    model_.advance_clock(kStart);
    committed_ = model_;
  }

  void play() {
    // Bounded, so that one input takes about as long as another.
    for (int steps = 0; choices_.left() && steps < 200; ++steps) step();
    home_.advance_clock(time(now_ + 100'000));
    model_.advance_clock(now_ + 100'000);
    compare();
    home_.advance_clock(time(now_ + 300'000));
    home_.commit();
    check(home_.rows() <= 1, "rows are left behind", std::to_string(home_.rows()));
    check(home_.stats().open_groups == 0 && home_.stats().waiting_events == 0, "a count is left behind");
  }

 private:
  static ebc::Timestamp time(std::int64_t ms) { return ebc::timestamp_from_ms(ms); }

  ebc::group::CollectorOptions options() {
    const int flags = choices_.byte();
    ebc::group::CollectorOptions options;
    options.input_topic = "in";
    options.output_topic = "out";
    options.dead_letter_topic = "dead";
    options.handler_topics = {"handler"};
    options.default_ttl = std::chrono::seconds(3);
    options.orphan_ttl = std::chrono::seconds(2);
    options.resolved_retention = std::chrono::seconds(4);
    options.late_to_dead_letters = (flags & 1) != 0;
    options.ignore_reuse = (flags & 2) != 0;
    if ((flags & 4) != 0) options.cache_bytes = 1;
    options.timers_per_turn = (flags & 8) != 0 ? 1 : 1'000;
    model_options_ = {3'000, 2'000, 4'000, options.late_to_dead_letters, options.ignore_reuse};
    return options;
  }
  const ModelOptions& model_options() const { return model_options_; }

  void step() {
    const int what = choices_.byte();
    const int kind = what % 16;
    if (kind < 11) return event(kind, what / 16);
    switch (kind) {
      case 11:
      case 12:
        now_ += 40 * (1 + what / 16);
        break;
      case 13:
        now_ += 700;
        home_.advance_clock(time(now_));
        model_.advance_clock(now_);
        clock_ = now_;
        break;
      case 14:
        home_.commit();
        committed_ = model_;
        return;
      default:
        crash();
        return;
    }
    home_.present(time(now_));
    compare();
  }

  void event(int kind, int which) {
    Command command;
    if (kind == 10 && !commands_.empty()) {
      // The very record once more, as a producer may repeat it.
      command = commands_[static_cast<std::size_t>(which) % commands_.size()];
    } else {
      command.group = "g" + std::to_string(which % 3);
      constexpr std::int64_t kSkews[] = {0, 0, -300, 500};
      command.timestamp = now_ + kSkews[which / 3 % 4];
      if (kind < 3) {
        make_create(choices_, command);
      } else if (kind < 8) {
        make_done(choices_, command);
      } else if (kind < 9) {
        make_update(choices_, command);
      } else {
        make_cancel(choices_, command);
      }
      commands_.push_back(command);
    }
    command.offset = offset_++;
    ebc::Record record;
    record.topic = "in";
    record.offset = command.offset;
    record.timestamp = time(command.timestamp);
    record.value = command.json;
    home_.process(record);
    model_.process(command, std::clamp(command.timestamp, clock_, std::max(clock_, now_)));
    compare();
  }

  /// Time doesn't run back: the clock that was seen stays (a home that restarts has it from its inputs again).
  void crash() {
    home_.crash();
    model_ = committed_;
    if (!model_options_.ignore_reuse) model_.forget_markers();
    home_.advance_clock(time(clock_));
    model_.advance_clock(clock_);
    compare();
  }

  void compare() {
    std::vector<std::string> seen = lines_of(home_.take());
    std::vector<std::string> expected = model_.take();
    // What one tick of the clock makes has no order.
    std::sort(seen.begin(), seen.end());
    std::sort(expected.begin(), expected.end());
    if (seen == expected) return;
    std::string detail = "expected:\n";
    for (const std::string& line : expected) detail += "  " + line + "\n";
    detail += "seen:\n";
    for (const std::string& line : seen) detail += "  " + line + "\n";
    detail += "last event: " + (commands_.empty() ? "" : commands_.back().json);
    check(false, "the collector differs from the model", detail);
  }

  Choices choices_;
  ModelOptions model_options_;
  ebc::test_support::MemoryHome home_;
  ReferenceModel model_, committed_{ModelOptions{}};
  std::vector<Command> commands_;
  std::int64_t now_ = kStart, clock_ = kStart;
  std::int64_t offset_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  History(ebc::fuzz::text_of(data, size)).play();
  return 0;
}
