#include "topology/routing_advice.h"

#include <spdlog/spdlog.h>

namespace ebc::topology {
namespace {
constexpr Duration kWindow{60'000};
constexpr int kWindows = 3;
constexpr std::uint64_t kEnough = 100;  ///< records in a window that say anything
constexpr std::uint64_t kHighShare = 4;
}  // namespace

bool RoutingAdvice::see(std::uint64_t records, std::uint64_t rekeyed, Timestamp now) {
  if (given_) return false;
  const bool begins = !minute_began_ || now < *minute_began_;
  if (!begins && now - *minute_began_ < kWindow) return false;
  const std::uint64_t came = records - records_, moved = rekeyed - rekeyed_;
  minute_began_ = now;
  records_ = records;
  rekeyed_ = rekeyed;
  if (begins) return false;
  high_ = came >= kEnough && moved * kHighShare > came ? high_ + 1 : 0;
  if (high_ < kWindows) return false;
  given_ = true;
  spdlog::warn(
      "{} % of the records come in partitions other than their group's and take a second way through Kafka. Outcomes "
      "are "
      "right nevertheless; to spare it, let the producers key by group id with Java's partitioner "
      "(partitioner=murmur2_random in librdkafka)",
      moved * 100 / came);
  return true;
}

}  // namespace ebc::topology
