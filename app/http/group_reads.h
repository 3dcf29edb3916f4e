// GET /v1/groups and GET /v1/groups/{id}: committed state, whichever instance is asked.
#pragma once

#include <string>

#include "app/http/api_parts.h"
#include "app/http/outcome_view.h"
#include "processor/group/open_groups.h"

namespace ebc::app {

/// The HTTP thread, but for what its workers do.
class GroupReads {
 public:
  explicit GroupReads(const ApiParts& parts) : parts_(parts) {}

  void one(const std::string& id, const HttpCall& call, const ExchangePtr& exchange);
  void list(const Target& target, const HttpCall& call, const ExchangePtr& exchange);

 private:
  struct ListQuery {
    bool resolved = false;
    ResolvedKind kind = ResolvedKind::Any;
    group::PageQuery page;
  };
  struct Gathering;

  static std::optional<HttpReply> parse_list(const Target& target, Timestamp now, ListQuery& query);
  group::OpenPage own_page(const ListQuery& query) const;
  void gather(const std::shared_ptr<Gathering>& gathering, const std::string& target);
  static void finish(Gathering& gathering);

  const ApiParts parts_;
};

}  // namespace ebc::app
