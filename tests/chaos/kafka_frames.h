// As much of Kafka's wire format as a proxy needs: where a message ends, which call it is, and which answer belongs to
// it. A message is a length (int32, big-endian) and that many bytes; a request begins with api key (int16), version
// (int16) and correlation id (int32), a response with the correlation id of its request.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ebc::chaos {

/// Calls that the tests name. Values of the protocol.
enum class Api : std::int16_t {
  Produce = 0,
  Fetch = 1,
  InitProducerId = 22,
  AddOffsetsToTxn = 25,
  EndTxn = 26,
  TxnOffsetCommit = 28,
};

const char* name_of(Api api);

struct RequestHeader {
  Api api{};  ///< may be a call without a name here
  std::int32_t correlation_id = 0;
};

/// `frame`: with its length. nullopt: too short to be a request.
std::optional<RequestHeader> request_header(std::string_view frame);
std::optional<std::int32_t> correlation_of_response(std::string_view frame);

/// Cuts a stream of bytes into frames.
class FrameSplitter {
 public:
  void add(std::string_view bytes) { bytes_ += bytes; }
  /// The next whole frame, its length included; nullopt: not all of it is there yet.
  std::optional<std::string> next();

 private:
  std::string bytes_;
};

}  // namespace ebc::chaos
