// ChangelogReader over a librdkafka consumer of its own, with partitions assigned by hand.
#pragma once

#include <memory>
#include <set>

#include "topology/changelog_reader.h"
#include "topology/kafka_names.h"

namespace ebc::topology {

class KafkaChangelogReader final : public ChangelogReader {
 public:
  enum class Use {
    Restore,  ///< somebody waits: reads ahead
    Follow,   ///< nobody does: little memory
  };

  /// Fatal: a refused setting.
  static Result<std::unique_ptr<KafkaChangelogReader>> make(const EngineConfig& config, Use use);
  ~KafkaChangelogReader() override;

  Status start(Partition home, Offset from) override;
  void stop(Partition home) override;
  Status renew() override;
  Status poll(Duration wait, const Visitor& visitor) override;
  std::string denial() const override { return denial_; }

 private:
  KafkaChangelogReader(const EngineConfig& config, Use use) : config_(config), use_(use), names_(config_) {}
  void visit(const rd_kafka_message_t& message, const Visitor& visitor);
  KafkaMessage next(Duration wait);
  void rouse();

  const EngineConfig config_;
  const Use use_;
  const TopicNames names_;
  KafkaClient client_;
  KafkaQueue queue_;
  std::set<Partition> reading_;
  std::size_t brought_bytes_ = 0;  ///< since rouse()
  std::string denial_;
};

}  // namespace ebc::topology
