#include "topology/held_records.h"

#include <gtest/gtest.h>

namespace ebc::topology {
namespace {

struct Sent {
  std::string topic, key, value;
  bool has_key, has_value;
  std::optional<Partition> partition;
  Timestamp timestamp;
  int tag;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
};

std::vector<Sent> released(HeldRecords& held) {
  std::vector<Sent> sent;
  held.release([&](const SinkRecord& record) {
    Sent one{std::string(record.topic),
             std::string(record.key.value_or("")),
             std::string(record.value.value_or("")),
             record.key.has_value(),
             record.value.has_value(),
             record.partition,
             record.timestamp,
             record.tag,
             {}};
    for (const Header& header : record.headers) {
      one.headers.emplace_back(header.name, header.value ? std::optional<std::string>(*header.value) : std::nullopt);
    }
    sent.push_back(std::move(one));
  });
  return sent;
}

TEST(HeldRecords, ComeOutAsTheyWereAfterTheirViewsAreGone) {
  HeldRecords held;
  {
    std::string topic = "out", key("k\0y", 3), value = "a value", name = "trace", text = "id";
    const std::array<Header, 2> headers{Header{name, text}, Header{"none", std::nullopt}};
    held.add({.topic = topic,
              .partition = 3,
              .key = key,
              .value = value,
              .timestamp = timestamp_from_ms(1'700'000'000'123),
              .headers = headers,
              .tag = 7});
    topic = key = value = name = text = "gone with the wind, all of it, and long enough to be moved";
  }
  const std::vector<Sent> sent = released(held);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].topic, "out");
  EXPECT_EQ(sent[0].key, std::string("k\0y", 3));
  EXPECT_EQ(sent[0].value, "a value");
  EXPECT_EQ(sent[0].partition, 3);
  EXPECT_EQ(sent[0].timestamp, timestamp_from_ms(1'700'000'000'123));
  EXPECT_EQ(sent[0].tag, 7);
  ASSERT_EQ(sent[0].headers.size(), 2u);
  EXPECT_EQ(sent[0].headers[0].first, "trace");
  EXPECT_EQ(sent[0].headers[0].second, "id");
  EXPECT_EQ(sent[0].headers[1].second, std::nullopt);
}

TEST(HeldRecords, TellNullFromEmpty) {
  HeldRecords held;
  held.add({.topic = "t", .partition = {}, .key = "", .value = std::nullopt, .headers = {}});
  held.add({.topic = "t", .partition = {}, .key = std::nullopt, .value = "", .headers = {}});
  const std::vector<Sent> sent = released(held);
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_TRUE(sent[0].has_key);
  EXPECT_FALSE(sent[0].has_value);
  EXPECT_FALSE(sent[1].has_key);
  EXPECT_TRUE(sent[1].has_value);
  EXPECT_EQ(sent[0].partition, std::nullopt);
}

TEST(HeldRecords, KeepTheirOrderAndNothingOfTheRoundBefore) {
  HeldRecords held;
  const std::array<Header, 1> headers{Header{"h", "1"}};
  held.add({.topic = "long-topic", .partition = 1, .key = "first", .value = "round", .headers = headers});
  held.clear();
  EXPECT_EQ(held.bytes(), 0u);
  for (const char* key : {"a", "b", "c"})
    held.add({.topic = "t", .partition = 2, .key = key, .value = "v", .headers = {}});
  EXPECT_EQ(held.bytes(), 9u);
  const std::vector<Sent> sent = released(held);
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[0].key + sent[1].key + sent[2].key, "abc");
  EXPECT_TRUE(sent[0].headers.empty());
  EXPECT_EQ(sent[0].topic, "t");
  EXPECT_TRUE(released(held).empty());
}

}  // namespace
}  // namespace ebc::topology
