// What requests of the admin client have in common.
#pragma once

#include <fmt/format.h>

#include <span>
#include <string>

#include "processor/api/status.h"
#include "topology/kafka_handle.h"

namespace ebc::topology {

using KafkaEvent = std::unique_ptr<rd_kafka_event_t, KafkaDeleter<rd_kafka_event_destroy>>;

constexpr int kKafkaRequestMs = 15'000;

/// Makes one request of the admin client and waits for its answer: `send(queue)` hands it to the library. Retry: no
/// answer came in time, or the request as a whole failed; what became of its parts is in the event. `what` names it.
template <typename Send>
Result<KafkaEvent> ask_kafka(rd_kafka_t* client, const std::string& what, Send&& send) {
  const KafkaQueue queue(rd_kafka_queue_new(client));
  send(queue.get());
  KafkaEvent event(rd_kafka_queue_poll(queue.get(), kKafkaRequestMs + 1'000));
  if (!event) return Status(Verdict::Retry, what + ": no answer in time");
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Status(Verdict::Retry, fmt::format("{}: {}", what, rd_kafka_event_error_string(event.get())));
  }
  return event;
}

/// Of a request to delete: Fatal with the first part that failed. `code_of` gives a part's code; that it was not there
/// (`absent`) is success.
template <typename Part, typename CodeOf>
Status all_deleted(const std::string& what, std::span<Part* const> parts, CodeOf code_of, rd_kafka_resp_err_t absent) {
  for (Part* part : parts) {
    const rd_kafka_resp_err_t code = code_of(part);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == absent) continue;
    return {Verdict::Fatal, fmt::format("{}: {}", what, rd_kafka_err2str(code))};
  }
  return {};
}

}  // namespace ebc::topology
