#include "topology/kafka_membership.h"

#include <cstdlib>
#include <cstring>
#include <string_view>

namespace ebc::topology {

KafkaMembership::KafkaMembership(KafkaGroupMetadata metadata) : metadata_(std::move(metadata)) {
  if (!metadata_) return;
  // Old clients have no accessors; the serialised form is "CGMDv2:", generation (int32), group id, member id, each
  // closed by a zero byte.
  void* buffer = nullptr;
  std::size_t size = 0;
  const KafkaErrorPtr error(rd_kafka_consumer_group_metadata_write(metadata_.get(), &buffer, &size));
  const std::unique_ptr<void, decltype(&std::free)> owner(buffer, std::free);
  constexpr std::size_t kMagic = 7;
  if (error || size < kMagic + 4) return;
  const char* bytes = static_cast<const char*>(buffer);
  std::int32_t generation = -1;
  std::memcpy(&generation, bytes + kMagic, 4);
  const std::string_view rest(bytes + kMagic + 4, size - kMagic - 4);
  const std::size_t group_end = rest.find('\0');
  const bool has_member =
      group_end != std::string_view::npos && group_end + 1 < rest.size() && rest[group_end + 1] != 0;
  valid_ = generation >= 0 && has_member;
  entered_ = generation >= 0 || has_member;
}

}  // namespace ebc::topology
