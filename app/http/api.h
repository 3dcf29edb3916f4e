// The paths under /v1: which is answered by whom.
#pragma once

#include "app/http/config_view.h"
#include "app/http/dead_letters.h"
#include "app/http/event_hub.h"
#include "app/http/group_reads.h"
#include "app/http/group_writes.h"
#include "app/http/instance_views.h"
#include "app/http/outcome_waits.h"

namespace ebc::app {

/// The HTTP thread. Access was checked before.
class Api {
 public:
  struct Config {
    InstanceViews::Sources sources;
    group::CollectorOptions groups;
    BusSettings bus;
    std::string dead_letter_topic;
    OptionsInForce options;
  };

  Api(const ApiParts& parts, group::RecentOutcomes& recent, Config config);

  /// `target.path` begins with "v1".
  void handle(const Target& target, const HttpCall& call, const ExchangePtr& exchange);

 private:
  void groups(const Target& target, const HttpCall& call, const ExchangePtr& exchange);
  void one_group(const Target& target, const HttpCall& call, const ExchangePtr& exchange);

  const ApiParts parts_;
  const std::size_t max_id_bytes_;
  GroupReads reads_;
  OutcomeWaits waits_;
  ConfigView config_;
  InstanceViews instances_;
  EventHub hub_;
  KafkaSender sender_;
  GroupWrites writes_;
  KafkaTail dead_letters_;
};

/// The OpenAPI 3.1 document of all this.
std::string_view openapi_document();

}  // namespace ebc::app
