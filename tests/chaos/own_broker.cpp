#include "tests/chaos/own_broker.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <stdexcept>

#include "tests/broker/http_get.h"

namespace ebc::chaos {
namespace {

using broker_test::Process;
using broker_test::ProcessOptions;

std::uint16_t free_port() { return static_cast<std::uint16_t>(broker_test::free_port()); }

}  // namespace

OwnBroker::OwnBroker(std::filesystem::path folder, int proxied) : folder_(std::move(folder)), port_(free_port()) {
  std::filesystem::create_directories(folder_);
  for (int i = 0; i < proxied; ++i) proxied_.push_back({free_port(), free_port()});
  look_after();
  begin_start();
  wait_until_settled();
}

/// A broker is no child of the test's, so it would outlive a test that was killed: a shell that isn't either waits for
/// the test's end, or for that of the folder.
void OwnBroker::look_after() const {
  const auto wait = fmt::format(
      "while [ -e '{0}' ] && kill -0 {1} 2>/dev/null; do sleep 1; done; [ ! -e '{0}' ] || KAFKA_DIR='{0}' "
      "'{2}/scripts/kafka' stop",
      folder_.string(), ::getpid(), EBC_SOURCE_DIR);
  (void)broker_test::run_process("sh",
                                 {.arguments = {"-c", "setsid sh -c \"$0\" &", wait},
                                  .environment = {},
                                  .input = "",
                                  .output = folder_.string() + ".caretaker.log"},
                                 10s);
}

OwnBroker::~OwnBroker() {
  try {
    if (script_) (void)script_->wait(120s);
    begin("stop");
    wait_until_settled();
  } catch (const std::exception& error) {
    fmt::print(stderr, "the broker of {}: {}\n", folder_.string(), error.what());
  }
}

std::string OwnBroker::address() const { return fmt::format("127.0.0.1:{}", port_); }

void OwnBroker::begin(const std::string& command) {
  std::string listeners;
  for (const auto& [port, advertised] : proxied_) listeners += fmt::format("{}:{} ", port, advertised);
  script_ = std::make_unique<Process>(
      fmt::format("{}/scripts/kafka", EBC_SOURCE_DIR),
      ProcessOptions{.arguments = {command},
                     .environment = {{"KAFKA_PORT", std::to_string(port_)},
                                     {"KAFKA_DIR", folder_.string()},
                                     {"KAFKA_HEAP", "512m"},
                                     // It starts often and lives short: no time for the best code.
                                     {"JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"},
                                     {"KAFKA_PROXIED", listeners},
                                     // The cleaner looks all the time, and forgotten transactions end soon.
                                     {"KAFKA_PROPS",
                                      "log.cleaner.backoff.ms=200 log.segment.delete.delay.ms=1000 "
                                      "transaction.abort.timed.out.transaction.cleanup.interval.ms=1000"}},
                     .input = "",
                     .output = folder_.string() + ".script.log"});
}

void OwnBroker::kill9() {
  begin("kill");
  wait_until_settled();
}

void OwnBroker::begin_stop() { begin("stop"); }
void OwnBroker::begin_start() { begin("start"); }

bool OwnBroker::settled() {
  if (!script_) return true;
  const auto end = script_->wait(0ms);
  if (!end) return false;
  const auto said = script_->output();
  script_.reset();
  if (end->code != 0) throw std::runtime_error("scripts/kafka: " + said);
  return true;
}

void OwnBroker::wait_until_settled(milliseconds limit) {
  if (!broker_test::eventually(
          limit, [this] { return settled(); }, 20ms))
    throw std::runtime_error("scripts/kafka takes too long: " + script_->output());
}

}  // namespace ebc::chaos
