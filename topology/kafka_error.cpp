#include "topology/kafka_error.h"

#include <fmt/format.h>

#include <string>

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

bool is_denial(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED || code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
         code == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED ||
         code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
}

/// What is appended to a message.
std::string denied(rd_kafka_resp_err_t code, std::string_view right) {
  return is_denial(code) ? fmt::format(": {}{}", right.empty() ? "a right" : right, kDenial) : std::string{};
}

}  // namespace

Status kafka_status(rd_kafka_resp_err_t code, std::string_view what, std::string_view right) {
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return {verdict_of(code),
          fmt::format("{}: {} ({}){}", what, rd_kafka_err2str(code), rd_kafka_err2name(code), denied(code, right))};
}

Status kafka_status(const KafkaErrorPtr& error, std::string_view what, std::string_view right) {
  if (!error) return {};
  const auto code = rd_kafka_error_code(error.get());
  Verdict verdict = verdict_of(code);
  if (verdict != Verdict::Fenced) {
    verdict = rd_kafka_error_is_retriable(error.get()) != 0 ? Verdict::Retry : Verdict::AbortTransaction;
  }
  return {verdict, fmt::format("{}: {} ({}){}", what, rd_kafka_error_string(error.get()),
                               rd_kafka_error_name(error.get()), denied(code, right))};
}

bool is_refusal(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
      return true;
    default:
      return false;
  }
}

}  // namespace ebc::topology
