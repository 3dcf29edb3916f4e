// What the load tool needs of librdkafka: clients from lists of settings, topics, and reading a topic from its start.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>

#include "topology/kafka_handle.h"

namespace ebc::bench {

using Settings = std::initializer_list<std::pair<const char*, std::string>>;

/// Any trouble of setting up ends the program with the reason: a measurement of something else is worse than none.
[[noreturn]] void fail(const std::string& why);

topology::KafkaConf make_conf(const std::string& brokers, Settings settings);
topology::KafkaClient make_client(rd_kafka_type_t type, topology::KafkaConf conf);

/// Creating one that exists is no fault.
void create_topic(const std::string& brokers, const std::string& topic, int partitions);
void delete_topic(const std::string& brokers, const std::string& topic);

/// Assigns all partitions of the topic, from their beginning; returns their number.
int assign_whole_topic(rd_kafka_t* consumer, const std::string& topic);

/// Nanoseconds of a clock that all processes of the machine share.
std::int64_t steady_ns();

/// CPU seconds of this process so far.
double cpu_seconds();

}  // namespace ebc::bench
