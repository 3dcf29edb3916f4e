// A member's id and generation, as its transactions carry them.
#pragma once

#include "topology/kafka_handle.h"
#include "topology/source.h"

namespace ebc::topology {

class KafkaMembership final : public Membership {
 public:
  explicit KafkaMembership(KafkaGroupMetadata metadata);
  bool valid() const override { return valid_; }
  /// The group has taken this member in, whether or not it still is one; true also when the client doesn't say.
  bool entered() const { return entered_; }
  const rd_kafka_consumer_group_metadata_t* raw() const { return metadata_.get(); }

 private:
  KafkaGroupMetadata metadata_;
  bool valid_ = false;
  bool entered_ = true;
};

}  // namespace ebc::topology
