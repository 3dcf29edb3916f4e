#include "topology/denial.h"

#include <gtest/gtest.h>

namespace ebc::topology {
namespace {

constexpr Timestamp kStart{};
constexpr const char* kDenied = "produce to x: Write on the topic x is missing";

TEST(Denial, IsKnownByItsMessageAlsoWhenThatWasPassedOn) {
  const Status denied = denial("the topic x is hidden", "Read on the topic x");
  EXPECT_EQ(denied.verdict(), Verdict::Fatal);
  EXPECT_TRUE(denies_a_right(denied));
  EXPECT_TRUE(denies_a_right("home 3 waits for " + denied.message()));
  EXPECT_NE(denied.message().find("Read on the topic x is missing"), std::string::npos);
  EXPECT_FALSE(denies_a_right(Status(Verdict::Retry, "no answer in time")));
  EXPECT_FALSE(denies_a_right(Status{}));
}

TEST(DenialWatch, GivesUpAtOnceWhatHasNeverRun) {
  DenialWatch watch;
  EXPECT_FALSE(watch.gives_up("", false, kStart));
  EXPECT_TRUE(watch.gives_up(kDenied, false, kStart));
}

TEST(DenialWatch, GivesAnAdministratorTimeOnceItHasRun) {
  DenialWatch watch;
  EXPECT_FALSE(watch.gives_up("", true, kStart));
  EXPECT_FALSE(watch.gives_up(kDenied, false, kStart + Duration{1}));
  EXPECT_FALSE(watch.gives_up(kDenied, true, kStart + DenialWatch::kPatience));
  EXPECT_TRUE(watch.gives_up(kDenied, false, kStart + DenialWatch::kPatience + Duration{1}));
}

TEST(DenialWatch, CountsAnewAfterItWasAllowed) {
  DenialWatch watch;
  EXPECT_FALSE(watch.gives_up("", true, kStart));
  EXPECT_FALSE(watch.gives_up(kDenied, false, kStart));
  EXPECT_FALSE(watch.gives_up("", true, kStart + Duration{9'000}));
  EXPECT_FALSE(watch.gives_up(kDenied, false, kStart + Duration{12'000}));
}

}  // namespace
}  // namespace ebc::topology
