// Outcomes as the API shows them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "processor/group/open_groups.h"
#include "processor/group/recent_outcomes.h"

namespace ebc::app {

/// A resolved group: id, state, home, created, resolved, the cause and the error, and the whole outcome.
std::string resolved_view(std::string_view id, const group::RecentOutcomes::Found& outcome, Partition home);
/// In short, for lists and events: without results and payload.
std::string resolved_summary(const group::RecentOutcome& outcome, Partition home);
/// Its `labels` as JSON; empty: none.
std::string_view labels_of(std::string_view outcome_json);

enum class ResolvedKind : unsigned char { Any, Success, Failure };

/// Remembered outcomes, latest first, as a page whose keys sort that way.
group::Page recent_page(const group::RecentOutcomes& recent, ResolvedKind kind, const group::PageQuery& query,
                        const std::function<Partition(std::string_view)>& home_of);

}  // namespace ebc::app
