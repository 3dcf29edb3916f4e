// ebc-load: makes load, reads outcomes and checks them, and measures the ceiling. For bench/run, and by hand.
#include <CLI/CLI.hpp>

#include "bench/load/commands.h"
#include "bench/load/kafka_client.h"

int main(int argc, char** argv) {
  using namespace ebc::bench;
  CLI::App app{"Makes load for the collector, reads its outcomes and checks them."};
  app.require_subcommand(1);
  std::string brokers = "127.0.0.1:9092";
  app.add_option("--brokers", brokers)->capture_default_str();

  std::string topic;
  int partitions = 4;
  CLI::App* const make = app.add_subcommand("create", "create a topic");
  make->add_option("--topic", topic)->required();
  make->add_option("--partitions", partitions)->capture_default_str();
  CLI::App* const remove = app.add_subcommand("delete", "delete a topic");
  remove->add_option("--topic", topic)->required();

  ProduceOptions load;
  LoadShape& shape = load.shape;
  CLI::App* const writing = app.add_subcommand("produce", "write a load");
  writing->add_option("--topic", load.topic)->required();
  writing->add_option("--groups", shape.groups)->capture_default_str();
  writing->add_option("--entities", shape.entities)->capture_default_str();
  writing->add_option("--result-bytes", shape.result_bytes)->capture_default_str();
  writing->add_option("--payload-bytes", shape.payload_bytes)->capture_default_str();
  writing->add_option("--interleave", shape.interleave, "groups open at the same time")->capture_default_str();
  writing->add_flag("--creates-first", shape.creates_first, "open all of them before the first Done");
  writing->add_option("--ttl", shape.ttl, "seconds")->capture_default_str();
  writing->add_option("--fail-percent", shape.fail_percent, "groups of which one entity fails")->capture_default_str();
  writing->add_option("--timeout-percent", shape.timeout_percent, "groups of which one entity never comes")
      ->capture_default_str();
  writing->add_option("--timeout-ttl", shape.timeout_ttl, "seconds, of those")->capture_default_str();
  writing->add_option("--rate", load.rate, "events a second; 0: as fast as it goes")->capture_default_str();
  writing->add_option("--max-events", load.max_events, "stop there; 0: no")->capture_default_str();
  writing->add_option("--seed", shape.seed)->capture_default_str();
  writing->add_option("--prefix", shape.prefix, "of the group ids")->capture_default_str();

  DrainOptions reading;
  reading.prefix = "g";
  CLI::App* const drained =
      app.add_subcommand("drain", "read outcomes and check them; 1: not one right outcome a group");
  drained->add_option("--topic", reading.topic)->required();
  drained->add_option("--groups", reading.groups)->required();
  drained->add_option("--entities", reading.entities)->capture_default_str();
  drained->add_option("--prefix", reading.prefix)->capture_default_str();
  drained->add_option("--idle", reading.idle_s, "give up after so many seconds without any")->capture_default_str();
  drained->add_option("--grace", reading.grace_s, "seconds to wait for doubles")->capture_default_str();
  drained->add_flag("--light", reading.light, "count first, check afterwards");

  RelayOptions ceiling;
  bool plain = false;
  CLI::App* const relayed = app.add_subcommand("relay", "consume and produce, nothing else");
  relayed->add_option("--input", ceiling.input)->required();
  relayed->add_option("--output", ceiling.output)->required();
  relayed->add_option("--commit-ms", ceiling.commit_ms)->capture_default_str();
  relayed->add_flag("--at-least-once", plain, "no transactions");

  CLI11_PARSE(app, argc, argv);
  load.brokers = reading.brokers = ceiling.brokers = brokers;
  ceiling.transactional = !plain;
  if (*make) return create_topic(brokers, topic, partitions), 0;
  if (*remove) return delete_topic(brokers, topic), 0;
  if (*writing) return produce(load);
  if (*drained) return drain(reading);
  return relay(ceiling);
}
