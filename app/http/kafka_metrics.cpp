#include "app/http/kafka_metrics.h"

#include <simdjson.h>

#include <algorithm>
#include <cstdlib>

#include "app/http/metric_table.h"

namespace ebc::app {
namespace {

namespace dom = simdjson::dom;
using prometheus::MetricFamily;

double number(const dom::object& object, std::string_view key) {
  std::int64_t value = 0;
  return object[key].get(value) == simdjson::SUCCESS ? static_cast<double>(value) : 0.0;
}

// What is kept of all brokers of one client.
struct Brokers {
  double errors = 0, timeouts = 0, disconnects = 0, up = 0, round_trip_s = 0;
};

Brokers read_brokers(const dom::object& client) {
  Brokers all;
  dom::object brokers;
  if (client["brokers"].get(brokers) != simdjson::SUCCESS) return all;
  for (const auto& [name, value] : brokers) {
    dom::object broker;
    if (value.get(broker) != simdjson::SUCCESS) continue;
    all.errors += number(broker, "txerrs") + number(broker, "rxerrs");
    all.timeouts += number(broker, "req_timeouts");
    all.disconnects += number(broker, "disconnects");
    std::string_view state;
    if (broker["state"].get(state) == simdjson::SUCCESS && state == "UP") ++all.up;
    dom::object round_trip;  // in microseconds
    if (broker["rtt"].get(round_trip) == simdjson::SUCCESS) {
      all.round_trip_s = std::max(all.round_trip_s, number(round_trip, "p99") / 1e6);
    }
  }
  return all;
}

// Partitions of `topic` that this client reads, with what open transactions hold back; and the records that wait to be
// read, of all topics.
double read_partitions(const dom::object& client, std::string_view topic, std::vector<Sample>& held_back) {
  double waiting = 0;
  dom::object topics;
  if (client["topics"].get(topics) != simdjson::SUCCESS) return waiting;
  for (const auto& [name, value] : topics) {
    dom::object partitions;
    if (value["partitions"].get(partitions) != simdjson::SUCCESS) continue;
    for (const auto& [id, details] : partitions) {
      dom::object partition;
      if (details.get(partition) != simdjson::SUCCESS) continue;
      waiting += number(partition, "fetchq_cnt");
      std::string_view state;
      if (name != topic || partition["fetch_state"].get(state) != simdjson::SUCCESS || state != "active") continue;
      const double stable = number(partition, "ls_offset"), end = number(partition, "hi_offset");
      if (stable >= 0 && end >= 0) held_back.push_back({std::max(0.0, end - stable), {std::string(id)}});
    }
  }
  return waiting;
}

}  // namespace

std::vector<MetricFamily> KafkaMetrics::Collect() const {
  std::map<std::string_view, std::vector<Sample>> samples;
  std::vector<Sample> held_back;
  dom::parser parser;
  for (const auto& [client, json] : statistics_()) {
    dom::object document;
    if (parser.parse(json).get(document) != simdjson::SUCCESS) continue;
    const auto add = [&samples, &name = client](std::string_view metric, double value) {
      samples[metric].push_back({value, {name}});
    };
    add("kafka_sent_requests_total", number(document, "tx"));
    add("kafka_sent_bytes_total", number(document, "tx_bytes"));
    add("kafka_received_bytes_total", number(document, "rx_bytes"));
    const Brokers brokers = read_brokers(document);
    add("kafka_request_errors_total", brokers.errors);
    add("kafka_request_timeouts_total", brokers.timeouts);
    add("kafka_disconnects_total", brokers.disconnects);
    add("kafka_brokers_up", brokers.up);
    add("kafka_round_trip_seconds", brokers.round_trip_s);
    const double waiting = read_partitions(document, input_topic_, held_back);
    std::string_view type;
    if (document["type"].get(type) == simdjson::SUCCESS && type == "producer") {
      add("kafka_sent_records_total", number(document, "txmsgs"));
      add("kafka_queued_records", number(document, "msg_cnt"));
      add("kafka_queued_bytes", number(document, "msg_size"));
    } else {
      add("kafka_received_records_total", number(document, "rxmsgs"));
      add("kafka_fetched_waiting_records", waiting);
      dom::object group;
      if (document["cgrp"].get(group) == simdjson::SUCCESS) {
        add("kafka_rebalances_total", number(group, "rebalance_cnt"));
      }
    }
  }
  std::vector<MetricFamily> out;
  for (auto& [metric, found] : samples) out.push_back(metric_family(metric, std::move(found)));
  out.push_back(metric_family("input_lso_lag_records", std::move(held_back)));
  return out;
}

}  // namespace ebc::app
