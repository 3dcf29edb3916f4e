#include "tests/conformance/case.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <stdexcept>

#include "tests/conformance/json_view.h"

namespace ebc::conformance {
namespace {

/// Every member of an object must be asked for, so that a misspelt one is found.
class Object {
 public:
  explicit Object(const JsonView& json) : json_(json) {
    for (const auto& [name, value] : json.members()) left_.insert(name);
  }
  std::optional<JsonView> take(const std::string& name) {
    left_.erase(name);
    return json_.find(name);
  }
  std::optional<JsonView> find(const std::string& name) const { return json_.find(name); }
  void done() const {
    if (!left_.empty()) throw std::runtime_error("unknown member " + *left_.begin());
  }

 private:
  const JsonView& json_;
  std::set<std::string> left_;
};

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

CaseHeaders headers_of(const std::optional<JsonView>& json) {
  CaseHeaders headers;
  if (!json) return headers;
  for (const auto& [name, value] : json->members()) headers.emplace_back(name, value.string());
  return headers;
}

/// As a well-keyed producer has it: the group's id.
std::optional<std::string> group_of(const JsonView& event) {
  if (!event.is_object()) return std::nullopt;
  for (const char* name : {"group", "id"}) {
    const auto id = event.find(name);
    if (id && id->is_string()) return id->string();
  }
  return std::nullopt;
}

Step send_step(Object& object) {
  Step step;
  if (const auto event = object.take("send")) {
    step.value = event->text();
    if (!object.find("key")) step.key = group_of(*event);
  }
  if (const auto text = object.take("text")) step.value = text->string();
  if (const auto hex = object.take("hex")) step.value = from_hex(hex->string());
  if (const auto fill = object.take("fill")) {
    // A text too long for a file: @ stands for that many letters.
    if (!step.value) throw std::runtime_error("fill without send");
    const auto at = step.value->find('@');
    step.value->replace(at, 1, std::string(static_cast<std::size_t>(fill->integer()), 'x'));
  }
  object.take("tombstone");
  if (const auto key = object.take("key")) {
    step.key = key->is_null() ? std::nullopt : std::optional(key->string());
  }
  if (const auto partition = object.take("partition")) step.partition = static_cast<int>(partition->integer());
  if (const auto at = object.take("at")) step.at_ms = at->integer();
  step.headers = headers_of(object.take("headers"));
  return step;
}

Step read_step(const JsonView& json) {
  Object object(json);
  Step step;
  if (const auto pass = object.take("pass")) {
    step.kind = Step::Kind::Pass;
    step.ms = pass->integer();
  } else if (const auto repeat = object.take("repeat")) {
    step.kind = Step::Kind::Repeat;
    step.step = static_cast<std::size_t>(repeat->integer());
  } else if (object.take("commit")) {
    step.kind = Step::Kind::Commit;
  } else if (object.take("crash")) {
    step.kind = Step::Kind::Crash;
  } else if (object.take("restart")) {
    step.kind = Step::Kind::Restart;
  } else {
    step = send_step(object);
  }
  object.done();
  return step;
}

ExpectedOutcome read_outcome(const JsonView& json) {
  ExpectedOutcome outcome;
  for (const auto& [name, value] : json.members()) {
    if (name == "create") {
      outcome.create = static_cast<std::size_t>(value.integer());
    } else if (name == "created") {
      outcome.any_created = value.is_null();
      if (!value.is_null()) outcome.created_ms = value.integer();
    } else if (name == "resolved") {
      outcome.resolved_ms = value.integer();
    } else if (name == "headers") {
      outcome.headers = headers_of(value);
    } else if (name == "type") {
      outcome.fields[name] = "\"EventGroupCollector" + value.string() + "\"";
    } else {
      outcome.fields[name] = value.text();
    }
  }
  outcome.fields.try_emplace("results", "{}");
  outcome.fields.try_emplace("payload", "null");
  outcome.key = JsonView{outcome.fields.at("id")}.string();
  if (outcome.fields.contains("cause")) outcome.fields.try_emplace("entity", outcome.fields.at("id"));
  return outcome;
}

ExpectedDeadLetter read_dead_letter(const JsonView& json) {
  Object object(json);
  ExpectedDeadLetter letter;
  letter.reason = object.take("reason").value().string();
  letter.step = static_cast<std::size_t>(object.take("step").value().integer());
  if (const auto value = object.take("value")) letter.value = value->text();
  if (const auto key = object.take("key")) letter.key = key->string();
  if (const auto detail = object.take("detail")) letter.detail = detail->string();
  object.done();
  return letter;
}

ExpectedMessage read_message(const JsonView& json) {
  Object object(json);
  ExpectedMessage message;
  message.topic = object.take("topic").value().string();
  message.key = object.take("key").value().string();
  if (const auto value = object.take("value")) message.value = value->text();
  if (const auto outcome = object.take("outcome")) message.outcome = static_cast<std::size_t>(outcome->integer());
  object.done();
  return message;
}

Case read_case(const JsonView& json) {
  Object object(json);
  Case one;
  one.name = object.take("name").value().string();
  try {
    for (const JsonView& row : object.take("proves").value().elements()) one.proves.push_back(row.string());
    if (const auto options = object.take("options")) {
      for (const auto& [name, value] : options->members()) one.options[name] = value.string();
    }
    if (const auto read = object.take("read")) one.live = read->string() == "live";
    if (const auto stage = object.take("stage")) one.process_only = stage->string() == "process";
    if (const auto end = object.take("end")) one.end_ms = end->integer();
    for (const JsonView& step : object.take("steps").value().elements()) one.steps.push_back(read_step(step));
    if (const auto list = object.take("outcomes")) {
      for (const JsonView& outcome : list->elements()) one.outcomes.push_back(read_outcome(outcome));
    }
    if (const auto list = object.take("dead")) {
      for (const JsonView& letter : list->elements()) one.dead_letters.push_back(read_dead_letter(letter));
    }
    if (const auto list = object.take("messages")) {
      for (const JsonView& message : list->elements()) one.messages.push_back(read_message(message));
    }
    object.done();
  } catch (const std::exception& error) {
    throw std::runtime_error("case \"" + one.name + "\": " + error.what());
  }
  return one;
}

}  // namespace

std::vector<Case> read_cases(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  std::vector<Case> cases;
  try {
    for (const JsonView& json : JsonView{text}.find("cases").value().elements()) {
      cases.push_back(read_case(json));
      cases.back().file = file.filename().string();
    }
  } catch (const std::exception& error) {
    throw std::runtime_error(file.string() + ": " + error.what());
  }
  return cases;
}

std::vector<Case> read_all_cases(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<Case> cases;
  for (const auto& file : files) {
    for (Case& one : read_cases(file)) cases.push_back(std::move(one));
  }
  return cases;
}

}  // namespace ebc::conformance
