// The tests' own view of Kafka: topics, a producer and a reader that share nothing with the program under test.
// Whatever Kafka refuses here is thrown as std::runtime_error: it is a fault of the test's surroundings.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/broker/wait.h"

struct rd_kafka_s;

namespace ebc::broker_test {

using Settings = std::map<std::string, std::string>;

struct KafkaHandleDeleter {
  void operator()(rd_kafka_s* handle) const;
};
using KafkaHandle = std::unique_ptr<rd_kafka_s, KafkaHandleDeleter>;

/// Low (first offset held) and high (behind the last record) of a partition.
struct Watermarks {
  std::int64_t low = 0, high = 0;
};

class KafkaAdmin {
 public:
  explicit KafkaAdmin(std::string brokers);

  /// Returns once the topic can be written to.
  void create_topic(const std::string& topic, int partitions, const Settings& config = {}) const;
  /// Adds partitions until there are so many; returns once they can be written to.
  void grow_topic(const std::string& topic, int partitions) const;
  void delete_topics(const std::vector<std::string>& topics) const;
  std::vector<std::string> topics_with_prefix(const std::string& prefix) const;
  bool topic_exists(const std::string& topic) const { return partitions_of(topic) > 0; }
  int partitions_of(const std::string& topic) const;  ///< 0: no such topic

  /// By partition; open transactions count (read_uncommitted).
  std::vector<Watermarks> watermarks(const std::string& topic) const;
  /// Sum of the ends of all partitions.
  std::int64_t end_sum(const std::string& topic) const;
  /// Stable committed offsets of a consumer group, by partition; -1 where it has none.
  std::vector<std::int64_t> committed(const std::string& group, const std::string& topic) const;
  /// True when the group has committed everything that the topic holds, or the topic doesn't exist.
  bool consumed_by(const std::string& group, const std::string& topic) const;

 private:
  std::string brokers_;
  KafkaHandle handle_;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

struct ProducedRecord {
  std::string topic;
  std::optional<std::string> key = {};
  std::optional<std::string> value = {};
  std::optional<int> partition = {};  ///< none: the producer's partitioner chooses
  std::int64_t timestamp_ms = 0;      ///< 0: now
  Headers headers = {};
  std::size_t tag = 0;  ///< the caller's, see KafkaProducer::take_doubtful()
};

/// What a producer does when the library gives it up for good, as an idempotent one may be when its broker dies often.
enum class OnFatal {
  Throw,
  GoOn,  ///< by a new one. Whether the records under way are in the log isn't known then: take_doubtful().
};

/// Thread-safe, unless OnFatal::GoOn. Idempotent, so that the test itself neither repeats nor reorders. Learns of new
/// partitions in a second.
class KafkaProducer {
 public:
  /// `partitioner`: as librdkafka names them; murmur2_random is what Java's producers do.
  explicit KafkaProducer(const std::string& brokers, const std::string& partitioner = "murmur2_random",
                         OnFatal on_fatal = OnFatal::Throw);
  ~KafkaProducer();
  /// Waits while the queue is full.
  void produce(const ProducedRecord& record);
  /// Returns when all that was produced is acknowledged.
  void flush();
  /// Tags of the records that may or may not be in the log. After flush().
  std::vector<std::size_t> take_doubtful();
  /// The longest time that a record of each tag took from produce() until Kafka had it, where that was long. After
  /// flush().
  std::map<std::size_t, milliseconds> take_slow();

 private:
  struct Delivery {
    std::mutex mutex;
    std::string first_error;
    std::vector<std::size_t> doubtful;
    std::map<std::size_t, milliseconds> slow;
  };
  void make();
  void replace();

  const Settings settings_;
  const OnFatal on_fatal_;
  std::unique_ptr<Delivery> delivery_;  ///< outlives the handle, whose callbacks write to it
  KafkaHandle handle_;
};

struct ConsumedRecord {
  int partition = 0;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = 0;
  std::optional<std::string> key, value;
  Headers headers;
  std::int64_t seen_ms = 0;  ///< wall clock when the reader got it

  /// The value of a header, or "" when there is none.
  std::string header(const std::string& name) const;
};

/// Reads a whole topic from its beginning, committed records only, and remembers everything. One thread.
class KafkaReader {
 public:
  KafkaReader(std::string brokers, std::string topic);
  ~KafkaReader();

  /// Takes what comes within `wait`; returns how many records there were.
  std::size_t poll(milliseconds wait);
  /// Reads until everything is read that the topic holds now. False: an open transaction or the clock stands in the
  /// way.
  bool read_to_end(milliseconds limit);
  const std::vector<ConsumedRecord>& records() const { return records_; }

 private:
  std::string brokers_, topic_;
  KafkaHandle handle_;
  std::vector<std::int64_t> positions_;  ///< by partition: everything before it was read
  std::vector<ConsumedRecord> records_;
};

}  // namespace ebc::broker_test
