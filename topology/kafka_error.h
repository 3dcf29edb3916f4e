// librdkafka's errors as verdicts: the only such mapping.
#pragma once

#include <librdkafka/rdkafka.h>

#include <string_view>

#include "processor/api/status.h"
#include "topology/denial.h"
#include "topology/kafka_handle.h"

namespace ebc::topology {

/// Of a call that returns a code; ok for NO_ERROR. `what` names the call and its object: "commit of offsets". `right`
/// is what Kafka's administrator must grant for it, named when that is what is missing: "Write on the topic x".
Status kafka_status(rd_kafka_resp_err_t code, std::string_view what, std::string_view right = {});

/// Of a transactional call; ok for null. A fenced producer comes as a *fatal* error: the code is looked at first. After
/// an error that requires an abort every further call repeats it.
Status kafka_status(const KafkaErrorPtr& error, std::string_view what, std::string_view right = {});

/// Of a record that no repetition gets into its topic, whatever it holds.
bool is_refusal(rd_kafka_resp_err_t code);

}  // namespace ebc::topology
