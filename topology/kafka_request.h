// What requests of the admin client have in common.
#pragma once

#include <fmt/format.h>

#include <string>

#include "processor/api/status.h"
#include "topology/kafka_handle.h"

namespace ebc::topology {

using KafkaEvent = std::unique_ptr<rd_kafka_event_t, KafkaDeleter<rd_kafka_event_destroy>>;

constexpr int kKafkaRequestMs = 15'000;

/// Waits for the answer to the request that `what` names. Retry: none came in time, or the request as a whole failed;
/// what became of its parts is in the event.
inline Result<KafkaEvent> answer_to_request(rd_kafka_queue_t* queue, const std::string& what) {
  KafkaEvent event(rd_kafka_queue_poll(queue, kKafkaRequestMs + 1'000));
  if (!event) return Status(Verdict::Retry, what + ": no answer in time");
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Status(Verdict::Retry, fmt::format("{}: {}", what, rd_kafka_event_error_string(event.get())));
  }
  return event;
}

}  // namespace ebc::topology
