// The options as the parts of the program want them: typed, and checked against each other.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "app/options/in_force.h"
#include "app/options/resolve.h"
#include "processor/group/options.h"
#include "topology/engine_config.h"

namespace ebc::app {

/// Where and how HTTP is served.
struct HttpSettings {
  bool enabled = true;
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  ///< 0: any free one
  std::string advertise{};    ///< HOST:PORT for the other instances; empty: derived from host and port
  std::string token{};        ///< empty: none is asked for
  bool insecure = false;      ///< serve /v1 without a token on any address
};

struct LogSettings {
  std::string format = "text";
  std::string level = "info";
};

/// How a client command reaches the bus.
struct BusSettings {
  std::string brokers, topic, output_topic;
  std::vector<topology::KafkaSetting> kafka;
  Duration timeout{};
};

struct CollectorSettings {
  topology::EngineConfig engine;
  group::CollectorOptions groups;
  HttpSettings http;
  std::size_t recent_outcome_bytes = 0;
  OptionsInForce in_force;  ///< all of this as people are shown it
};

/// Of `run` and `dev`. Combinations that can't work become faults.
CollectorSettings collector_settings(const ResolvedOptions& options, const Environment& environment, Faults& faults);
/// Of every command that talks to Kafka.
BusSettings bus_settings(const ResolvedOptions& options, Faults& faults);
/// --state-dir, or where it is by default.
std::filesystem::path state_folder(const ResolvedOptions& options, const Environment& environment, Faults& faults);
/// Of `topics`, and part of collector_settings.
topology::EngineConfig topic_settings(const ResolvedOptions& options, Faults& faults);
LogSettings log_settings(const ResolvedOptions& options);
HttpSettings http_settings(const ResolvedOptions& options, Faults& faults);
/// The token that /v1 calls bring; empty: none.
std::string token_settings(const ResolvedOptions& options, Faults& faults);

/// "http://HOST:PORT" under which other instances find the server that listens on `port`; empty when there is none.
std::string advertised_address(const HttpSettings& http, std::uint16_t port);

/// "127.0.0.1:8080", "[::1]:8080" or ":8080" (every address) into host and port; false when it is none of them.
bool split_address(std::string_view text, std::string& host, std::uint16_t& port);

}  // namespace ebc::app
