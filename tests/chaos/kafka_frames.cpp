#include "tests/chaos/kafka_frames.h"

namespace ebc::chaos {
namespace {

constexpr std::size_t kLength = 4;

std::uint32_t big_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

}  // namespace

const char* name_of(Api api) {
  switch (api) {
    case Api::Produce:
      return "Produce";
    case Api::Fetch:
      return "Fetch";
    case Api::InitProducerId:
      return "InitProducerId";
    case Api::AddOffsetsToTxn:
      return "AddOffsetsToTxn";
    case Api::EndTxn:
      return "EndTxn";
    case Api::TxnOffsetCommit:
      return "TxnOffsetCommit";
  }
  return "another call";
}

std::optional<RequestHeader> request_header(std::string_view frame) {
  if (frame.size() < kLength + 8) return std::nullopt;
  return RequestHeader{static_cast<Api>(big_endian(frame, kLength, 2)),
                       static_cast<std::int32_t>(big_endian(frame, kLength + 4, 4))};
}

std::optional<std::int32_t> correlation_of_response(std::string_view frame) {
  if (frame.size() < kLength + 4) return std::nullopt;
  return static_cast<std::int32_t>(big_endian(frame, kLength, 4));
}

std::optional<std::string> FrameSplitter::next() {
  if (bytes_.size() < kLength) return std::nullopt;
  const std::size_t whole = kLength + big_endian(bytes_, 0, kLength);
  if (bytes_.size() < whole) return std::nullopt;
  std::string frame = bytes_.substr(0, whole);
  bytes_.erase(0, whole);
  return frame;
}

}  // namespace ebc::chaos
