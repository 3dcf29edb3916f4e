#include "state/changelog_codec.h"

#include "tests/state/store_language.h"

namespace ebc::state {
namespace {

using namespace std::string_literals;

TEST(ChangelogCodec, ReadsBackWhatItWrote) {
  for (const std::string& key : {"k"s, "\x01progress"s, "nul\0inside"s, std::string(512, 'x')}) {
    for (const std::string& value : {""s, "v"s, "\0\x01\xff"s, std::string(1'000'000, 'y')}) {
      std::string scratch = "left over";
      const ChangelogRecord record = encode_changelog({key, value}, scratch);
      Result<Write> write = decode_changelog(record.key, record.value);
      ASSERT_THAT(write.status(), IsOk());
      EXPECT_EQ(write->key, key);
      EXPECT_EQ(write->value, value);
    }
  }
}

TEST(ChangelogCodec, ErasesWithATombstone) {
  std::string scratch;
  const ChangelogRecord record = encode_changelog({"k", std::nullopt}, scratch);
  EXPECT_EQ(record.value, std::nullopt);
  Result<Write> write = decode_changelog(record.key, record.value);
  ASSERT_THAT(write.status(), IsOk());
  EXPECT_EQ(write->key, "k");
  EXPECT_EQ(write->value, std::nullopt);
}

TEST(ChangelogCodec, KeepsItsFormat) {
  std::string scratch;
  EXPECT_EQ(encode_changelog({"k", "v"}, scratch).value, "\x01v");
}

TEST(ChangelogCodec, RefusesAVersionItDoesNotKnow) {
  const Status refused = decode_changelog("k", "\x02v").status();
  EXPECT_THAT(refused, Fails(Verdict::Fatal, "format 2"));
  EXPECT_THAT(refused, Fails(Verdict::Fatal, "reads format 1"));
  EXPECT_THAT(decode_changelog("k", "{\"json\":1}").status(), Fails(Verdict::Fatal, "format 123"));
}

TEST(ChangelogCodec, RefusesWhatItCanNotHaveWritten) {
  EXPECT_THAT(decode_changelog(std::nullopt, "\x01v").status(), Fails(Verdict::Fatal, "no key"));
  EXPECT_THAT(decode_changelog("", "\x01v").status(), Fails(Verdict::Fatal, "no key"));
  EXPECT_THAT(decode_changelog("k", "").status(), Fails(Verdict::Fatal, "empty"));
}

}  // namespace
}  // namespace ebc::state
