#include "app/http/access.h"

#include <gtest/gtest.h>

namespace ebc::app {
namespace {

TEST(Access, LeavesProbesOpenWhateverTheAddress) {
  const AccessRule strict("t0p", false, false);
  EXPECT_EQ(strict.check("livez", ""), Access::Allowed);
  EXPECT_EQ(strict.check("metrics", "Bearer wrong"), Access::Allowed);
}

TEST(Access, WantsTheTokenWhereOneIsSet) {
  for (const bool loopback : {false, true}) {
    const AccessRule rule("t0p", loopback, true);
    EXPECT_EQ(rule.check("v1", ""), Access::Unauthorized);
    EXPECT_EQ(rule.check("v1", "t0p"), Access::Unauthorized);
    EXPECT_EQ(rule.check("v1", "Bearer t0"), Access::Unauthorized);
    EXPECT_EQ(rule.check("v1", "Bearer t0p "), Access::Unauthorized);
    EXPECT_EQ(rule.check("v1", "Basic t0p"), Access::Unauthorized);
    EXPECT_EQ(rule.check("v1", "Bearer t0p"), Access::Allowed);
    EXPECT_EQ(rule.check("v1", "bearer t0p"), Access::Allowed);
  }
}

TEST(Access, ClosesOtherAddressesWithoutAToken) {
  EXPECT_EQ(AccessRule("", false, false).check("v1", "Bearer "), Access::Forbidden);
  EXPECT_EQ(AccessRule("", true, false).check("v1", ""), Access::Allowed);
  EXPECT_EQ(AccessRule("", false, true).check("v1", ""), Access::Allowed);
}

TEST(ConstantTimeComparison, IsAComparison) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abcd"));
}

}  // namespace
}  // namespace ebc::app
