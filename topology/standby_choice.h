// Which instances follow which homes: the same answer everywhere, as far as the same is known, without a word between
// them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "processor/api/types.h"

namespace ebc::topology {

/// The homes whose changelog `self` should follow: for each of the `homes`, the `count` live members other than its
/// holder that a hash of member and home ranks highest. So when a member comes or goes, only the standbys that it gets
/// or had are placed anew. Holders that aren't known are taken for nobody.
std::vector<Partition> standby_homes(const std::string& self, const std::vector<std::string>& live,
                                     const std::map<Partition, std::string>& holders, int homes, int count);

}  // namespace ebc::topology
