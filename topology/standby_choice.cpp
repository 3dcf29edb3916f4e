#include "topology/standby_choice.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace ebc::topology {
namespace {

/// FNV-1a, and a finaliser so that neighbouring homes rank the members independently.
std::uint64_t weight(const std::string& member, Partition home) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto mix = [&hash](unsigned char byte) { hash = (hash ^ byte) * 0x100000001b3; };
  for (const char c : member) mix(static_cast<unsigned char>(c));
  for (int shift = 0; shift < 32; shift += 8)
    mix(static_cast<unsigned char>(static_cast<std::uint32_t>(home) >> shift));
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccd;
  hash ^= hash >> 33;
  hash *= 0xc4ceb9fe1a85ec53;
  return hash ^ (hash >> 33);
}

}  // namespace

std::vector<Partition> standby_homes(const std::string& self, const std::vector<std::string>& live,
                                     const std::map<Partition, std::string>& holders, int homes, int count) {
  std::vector<Partition> chosen;
  for (Partition home = 0; home < homes; ++home) {
    const auto holder = holders.find(home);
    const auto holds = [&](const std::string& member) { return holder != holders.end() && holder->second == member; };
    if (holds(self)) continue;
    const auto rank = std::pair(weight(self, home), self);
    const auto better = std::count_if(live.begin(), live.end(), [&](const std::string& member) {
      return member != self && !holds(member) && std::pair(weight(member, home), member) > rank;
    });
    if (better < count) chosen.push_back(home);
  }
  return chosen;
}

}  // namespace ebc::topology
