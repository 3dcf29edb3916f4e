// ChangelogReader over a librdkafka consumer of its own, with partitions assigned by hand.
#pragma once

#include <memory>
#include <set>

#include "topology/changelog_reader.h"
#include "topology/kafka_names.h"

namespace ebc::topology {

class KafkaChangelogReader final : public ChangelogReader {
 public:
  /// Fatal: a refused setting.
  static Result<std::unique_ptr<KafkaChangelogReader>> make(const EngineConfig& config);
  ~KafkaChangelogReader() override;

  Status start(Partition home, Offset from) override;
  void stop(Partition home) override;
  Status poll(Duration wait, const Visitor& visitor) override;

 private:
  KafkaChangelogReader(TopicNames names, KafkaClient client);
  void visit(const rd_kafka_message_t& message, const Visitor& visitor) const;

  const TopicNames names_;
  const KafkaClient client_;
  const KafkaQueue queue_;
  std::set<Partition> reading_;
};

}  // namespace ebc::topology
