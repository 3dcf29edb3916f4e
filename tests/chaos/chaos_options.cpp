#include "tests/chaos/chaos_options.h"

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace ebc::chaos {
namespace {

template <typename Number>
void read(const char* name, Number& number) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') return;
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  if (*end != '\0' || value < 0) throw std::runtime_error(std::string(name) + " is no number: " + text);
  number = static_cast<Number>(value);
}

}  // namespace

ChaosOptions from_environment(ChaosOptions options) {
  auto seconds = static_cast<double>(options.duration.count()) / 1'000;
  read("EBC_CHAOS_SEED", options.seed);
  read("EBC_CHAOS_DURATION", seconds);
  read("EBC_CHAOS_KILLS", options.kills);
  read("EBC_CHAOS_BROKER_KILLS", options.broker_kills);
  read("EBC_CHAOS_INSTANCES", options.instances);
  read("EBC_CHAOS_RATE", options.groups_per_second);
  options.duration = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1'000));
  if (options.instances < 1) options.instances = 1;
  return options;
}

}  // namespace ebc::chaos
