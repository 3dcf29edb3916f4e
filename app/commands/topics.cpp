#include <fmt/format.h>

#include <thread>

#include "app/command_json.h"
#include "app/commands/commands.h"
#include "app/exit_codes.h"
#include "app/options/settings.h"
#include "topology/kafka_admin.h"
#include "topology/topic_setup.h"

namespace ebc::app {
namespace {

using topology::TopicsReport;

void print_table(const TopicsReport& report) {
  std::size_t width = 5;
  for (const auto& topic : report.topics) width = std::max(width, topic.name.size());
  fmt::print("{:<{}}  {:<12}  {:>10}  {:>8}  STATE\n", "TOPIC", width, "KIND", "PARTITIONS", "REPLICAS");
  for (const auto& topic : report.topics) {
    fmt::print("{:<{}}  {:<12}  {:>10}  {:>8}  {}\n", topic.name, width, topic.kind, topic.partitions,
               topic.replication_factor, topic.created ? "created" : "there");
  }
}

void print_json(const TopicsReport& report) {
  for (const auto& topic : report.topics) {
    fmt::print("{{\"topic\":{},\"kind\":{},\"partitions\":{},\"replicas\":{},\"created\":{}}}\n",
               json_string(topic.name), json_string(topic.kind), topic.partitions, topic.replication_factor,
               topic.created);
  }
}

int report_status(const Status& status) {
  return report_failure(status.verdict() == Verdict::Retry ? kExitKafka : kExitUsage, status.message());
}

}  // namespace

int topics_command(const CommandInput& input) {
  const auto config = topic_settings(input.options, input.faults);
  if (!input.faults.empty()) return report_faults(input.faults);
  auto admin = topology::KafkaAdmin::make(config);
  if (!admin.ok()) return report_status(admin.status());
  if (const auto status = (*admin)->connect(config.start_timeout); !status.ok()) {
    return report_failure(kExitKafka, status.message());
  }
  const auto report = topology::set_up_topics(**admin, config);
  if (!report.ok()) return report_status(report.status());
  if (input.options.on("json")) {
    print_json(report.value());
  } else {
    print_table(report.value());
  }
  return kExitDone;
}

}  // namespace ebc::app
