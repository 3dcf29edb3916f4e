// POST, PATCH and DELETE under /v1/groups: one command each, checked as the collector will check it, and stored on the
// input topic before it is answered.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/http/api_parts.h"
#include "app/kafka_sender.h"
#include "processor/group/options.h"

namespace ebc::app {

/// The HTTP thread; answers come on the sender's.
class GroupWrites {
 public:
  GroupWrites(KafkaSender& sender, group::CollectorOptions options) : sender_(sender), options_(std::move(options)) {}

  void create(const HttpCall& call, const ExchangePtr& exchange);
  void settle(const std::string& group, const std::string& entity, const HttpCall& call, const ExchangePtr& exchange);
  void update(const std::string& group, const HttpCall& call, const ExchangePtr& exchange);
  void cancel(const std::string& group, const Target& target, const HttpCall& call, const ExchangePtr& exchange);

 private:
  /// 400 with the reason when the collector would refuse the event.
  std::optional<HttpReply> check(const std::string& event) const;
  void send(const std::string& group, const std::string& event, const HttpCall& call, const ExchangePtr& exchange,
            bool location);

  KafkaSender& sender_;
  const group::CollectorOptions options_;
};

}  // namespace ebc::app
