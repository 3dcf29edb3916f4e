#include "topology/kafka_error.h"

#include <fmt/format.h>

namespace ebc::topology {
namespace {

Verdict verdict_of(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      return Verdict::Ok;
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
      return Verdict::Fenced;
    default:
      return Verdict::Retry;
  }
}

}  // namespace

Status kafka_status(rd_kafka_resp_err_t code, std::string_view what) {
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return {verdict_of(code), fmt::format("{}: {} ({})", what, rd_kafka_err2str(code), rd_kafka_err2name(code))};
}

Status kafka_status(const KafkaErrorPtr& error, std::string_view what) {
  if (!error) return {};
  Verdict verdict = verdict_of(rd_kafka_error_code(error.get()));
  if (verdict != Verdict::Fenced) {
    verdict = rd_kafka_error_is_retriable(error.get()) != 0 ? Verdict::Retry : Verdict::AbortTransaction;
  }
  return {verdict,
          fmt::format("{}: {} ({})", what, rd_kafka_error_string(error.get()), rd_kafka_error_name(error.get()))};
}

}  // namespace ebc::topology
