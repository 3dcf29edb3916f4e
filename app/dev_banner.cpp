#include "app/dev_banner.h"

#include <fmt/format.h>

namespace ebc::app {

std::string dev_banner(const std::string& bootstrap, const std::string& topic, const std::string& output_topic,
                       const std::string& http) {
  std::string text = fmt::format(
      R"(
eb-collector dev: the collector and an embedded broker run in this process.
  broker  {0}    topic  {1}{2}{3}

What it is not: a Kafka cluster. All is in memory and gone at the end, each partition keeps 5 MB, and without
transactions the guarantee is at-least-once, in this one process.
With a real broker (exactly-once, survives a kill):
  scripts/kafka start && eb-collector run --create-topics all        or        make compose/up

Follow the outcomes, in a second terminal:
  kcat -C -b {0} -t {4} -o beginning
Produce, in a third one, then paste these lines:
  kcat -P -b {0} -t {1}

{{"id":"F0CABCA1-64AE-40A3-ABEB-0741ACF1FF81","type":"EventGroupCollectorCreate","expected":["A0CABCA1-64AE-40A3-ABEB-0741ACF1FF81","366B21B5-E499-40E1-882A-B3EC99B27E47","11ACC3BA-F0E5-4962-BC00-0E54497AB296"],"ttl":120,"payload":{{"group":"payload"}}}}
{{"id":"A0CABCA1-64AE-40A3-ABEB-0741ACF1FF81","type":"EventGroupCollectorEntityDone","group":"F0CABCA1-64AE-40A3-ABEB-0741ACF1FF81","result":{{"job":"A","bar":true}}}}
{{"id":"366B21B5-E499-40E1-882A-B3EC99B27E47","type":"EventGroupCollectorEntityDone","group":"F0CABCA1-64AE-40A3-ABEB-0741ACF1FF81","result":{{"job":"B","bar":true}}}}
{{"id":"11ACC3BA-F0E5-4962-BC00-0E54497AB296","type":"EventGroupCollectorEntityDone","group":"F0CABCA1-64AE-40A3-ABEB-0741ACF1FF81","result":{{"job":"C","bar":{{"buzz":42}}}}}}

Or without JSON:
  eb-collector create --brokers {0} order-1 --expected payment,stock --wait
  eb-collector done --brokers {0} order-1 payment ; eb-collector done --brokers {0} order-1 stock

End it with Ctrl-C.

)",
      bootstrap, topic, output_topic == topic ? "" : "  to  " + output_topic,
      http.empty() ? "" : fmt::format("    http  http://{}/metrics", http), output_topic);
  return text;
}

}  // namespace ebc::app
