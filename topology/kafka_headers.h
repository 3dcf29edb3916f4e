// The headers of a record as librdkafka hands them out.
#pragma once

#include <librdkafka/rdkafka.h>

#include <optional>
#include <string_view>

namespace ebc::topology {

/// Calls visit(std::string_view name, std::optional<std::string_view> value) for each header, in the order in which
/// they stand in the record. The views live as long as the message.
template <typename Visit>
void visit_headers(const rd_kafka_message_t& message, Visit&& visit) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    std::optional<std::string_view> bytes;
    if (value != nullptr) bytes.emplace(static_cast<const char*>(value), size);
    visit(std::string_view(name), bytes);
  }
}

}  // namespace ebc::topology
