// The load: event groups, one event after the other, the same for the same seed. Knows no Kafka.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace ebc::bench {

struct LoadShape {
  std::int64_t groups = 1'000;
  int entities = 3;
  int result_bytes = 100;
  int payload_bytes = 100;
  std::int64_t interleave = 1'000;  ///< groups open at the same time, taken from at random
  double ttl = 3'600;
  double fail_percent = 0;     ///< groups of which one entity reports an error
  double timeout_percent = 0;  ///< groups of which one entity never comes
  double timeout_ttl = 5;      ///< ttl of those
  bool creates_first = false;  ///< all groups of the window are opened before the first Done
  std::uint64_t seed = 1;
  std::string prefix = "g";  ///< ids are PREFIX-NUMBER-KIND, KIND one of s, f, t; so a checker needs no list
};

/// `now_ns` goes into each result: what an outcome's latency is counted from.
class GroupLoad {
 public:
  explicit GroupLoad(LoadShape shape);

  /// False: there are no more events. `key` is the group's id; both views are valid until the next call.
  bool next(std::int64_t now_ns, std::string_view& key, std::string_view& value);

 private:
  struct Open {
    std::string id;
    char kind = 's';
    std::vector<std::uint32_t> order;  ///< of the entities
    std::size_t step = 0;              ///< 0: the Create; i: entity order[i - 1]
    std::size_t odd = 0;               ///< the step that fails or never comes
  };

  void open(Open& slot);
  std::size_t pick();
  void write_create(const Open& slot);
  void write_done(const Open& slot, std::int64_t now_ns);

  const LoadShape shape_;
  std::mt19937_64 random_;
  std::vector<Open> slots_;
  std::int64_t opened_ = 0;
  std::size_t created_ = 0;  ///< with creates_first: slots whose Create is out
  std::size_t finished_ = kNone;
  static constexpr std::size_t kNone = ~std::size_t{0};
  std::string payload_, filler_, expected_, key_, value_;
};

/// What a group of this kind must come to.
struct GroupName {
  std::int64_t number = -1;
  char kind = 0;
};
/// `number` -1: not one of the load with this prefix.
GroupName parse_group(std::string_view id, std::string_view prefix);

}  // namespace ebc::bench
