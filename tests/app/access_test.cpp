#include "app/http/access.h"

#include <gtest/gtest.h>

namespace ebc::app {
namespace {

HttpCall with_token(std::string authorization, std::string host = "localhost:8080") {
  return {.method = "GET", .target = "/", .authorization = std::move(authorization), .host = std::move(host)};
}

TEST(Access, LeavesProbesOpenWhateverTheAddress) {
  const AccessRule strict("t0p", false, false);
  EXPECT_EQ(strict.check("livez", with_token("")), Access::Allowed);
  EXPECT_EQ(strict.check("metrics", with_token("Bearer wrong")), Access::Allowed);
}

TEST(Access, WantsTheTokenWhereOneIsSet) {
  for (const bool loopback : {false, true}) {
    const AccessRule rule("t0p", loopback, true);
    EXPECT_EQ(rule.check("v1", with_token("")), Access::Unauthorized);
    EXPECT_EQ(rule.check("v1", with_token("t0p")), Access::Unauthorized);
    EXPECT_EQ(rule.check("v1", with_token("Bearer t0")), Access::Unauthorized);
    EXPECT_EQ(rule.check("v1", with_token("Bearer t0p ")), Access::Unauthorized);
    EXPECT_EQ(rule.check("v1", with_token("Basic t0p")), Access::Unauthorized);
    EXPECT_EQ(rule.check("v1", with_token("Bearer t0p")), Access::Allowed);
    EXPECT_EQ(rule.check("v1", with_token("bearer t0p")), Access::Allowed);
  }
}

TEST(Access, ClosesOtherAddressesWithoutAToken) {
  EXPECT_EQ(AccessRule("", false, false).check("v1", with_token("Bearer ")), Access::Forbidden);
  EXPECT_EQ(AccessRule("", true, false).check("v1", with_token("")), Access::Allowed);
  EXPECT_EQ(AccessRule("", false, true).check("v1", with_token("")), Access::Allowed);
}

TEST(Access, WithoutATokenAnswersOnlyCallsToThisMachineByName) {
  const AccessRule rule("", true, false);
  for (const auto host : {"localhost", "localhost:8080", "127.0.0.1:8080", "127.1.2.3", "[::1]:8080"}) {
    EXPECT_EQ(rule.check("v1", with_token("", host)), Access::Allowed) << host;
  }
  for (const auto host : {"", "example.org", "example.org:8080", "localhost.example.org", "[::", "10.0.0.1:8080"}) {
    EXPECT_EQ(rule.check("v1", with_token("", host)), Access::ForeignHost) << host;
  }
  EXPECT_EQ(AccessRule("t0p", true, false).check("v1", with_token("Bearer t0p", "example.org")), Access::Allowed);
  EXPECT_EQ(AccessRule("", true, true).check("v1", with_token("", "example.org")), Access::Allowed);
}

TEST(Access, RefusesWhatABrowserDoesForAnotherSite) {
  const AccessRule rule("", true, false);
  auto call = with_token("");
  call.origin = "http://localhost:8080";
  call.fetch_site = "same-origin";
  EXPECT_EQ(rule.check("v1", call), Access::Allowed);
  for (const auto origin :
       {"http://example.org", "http://localhost:3000", "null", "http://localhost:8080.example.org"}) {
    call.origin = origin;
    EXPECT_EQ(rule.check("v1", call), Access::CrossSite) << origin;
  }
  call.origin = "";
  for (const auto site : {"cross-site", "same-site"}) {
    call.fetch_site = site;
    EXPECT_EQ(rule.check("v1", call), Access::CrossSite) << site;
  }
}

TEST(Loopback, KnowsItsNames) {
  for (const auto host : {"localhost", "127.0.0.1", "127.9.9.9", "::1"}) EXPECT_TRUE(is_loopback(host)) << host;
  for (const auto host : {"0.0.0.0", "::", "10.0.0.1", "example.org"}) EXPECT_FALSE(is_loopback(host)) << host;
}

TEST(ConstantTimeComparison, IsAComparison) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abcd"));
}

}  // namespace
}  // namespace ebc::app
