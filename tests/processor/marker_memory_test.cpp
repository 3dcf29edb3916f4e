#include "processor/group/marker_memory.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "processor/group/entry_table.h"
#include "processor/group/hash.h"

namespace ebc::group {
namespace {

constexpr std::size_t kNoBound = ~std::size_t{0};

Timestamp ms(std::int64_t count) { return timestamp_from_ms(count); }

struct Memory : MarkerMemory {
  // A poor hash, so that many ids meet in the table.
  static std::uint64_t hash(std::string_view id) { return fingerprint(id) % 50; }
  void put(std::string_view id, std::int64_t expires) {
    remember(id, hash(id), {ms(expires - 100), fingerprint(id), ms(expires)});
  }
  bool has(std::string_view id) const { return find(id, hash(id)).has_value(); }
};

TEST(MarkerMemory, GivesBackWhatItWasGiven) {
  Memory memory;
  memory.put("a", 500);
  const auto found = memory.find("a", Memory::hash("a"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->create_timestamp, ms(400));
  EXPECT_EQ(found->create_fingerprint, fingerprint("a"));
  EXPECT_EQ(found->expires, ms(500));
  EXPECT_FALSE(memory.has("b"));
}

TEST(MarkerMemory, ForgetsTheOldestBeyondItsBound) {
  Memory memory;
  for (int i = 0; i < 1'000; ++i) memory.put(std::to_string(i), 1'000);
  memory.trim(ms(0), 10'000);
  EXPECT_LE(memory.bytes(), 10'000u);
  EXPECT_GT(memory.count(), 100u);
  EXPECT_TRUE(memory.has("999"));
  EXPECT_FALSE(memory.has("0"));
}

TEST(MarkerMemory, AgreesWithAMapOnRandomHistories) {
  std::mt19937_64 random(7);
  Memory memory;
  std::map<std::string, std::int64_t> model;
  std::int64_t clock = 0;
  for (int step = 0; step < 60'000; ++step) {
    // Long ids, too, so that chunks end at all kinds of places.
    const std::string id = fmt::format("{:0{}}", random() % 400, 1 + (random() % 8 == 0 ? random() % 3'000 : 3));
    switch (random() % 4) {
      case 0:
        memory.forget(id, Memory::hash(id));
        model.erase(id);
        break;
      case 1:
        EXPECT_EQ(memory.has(id), model.contains(id)) << "step " << step;
        break;
      case 2:
        clock += static_cast<std::int64_t>(random() % 3);
        memory.trim(ms(clock), kNoBound);
        std::erase_if(model, [clock](const auto& entry) { return entry.second < clock; });
        break;
      default:
        // All live equally long, as the markers of an application do.
        memory.put(id, clock + 200);
        model[id] = clock + 200;
    }
    ASSERT_EQ(memory.count(), model.size()) << "step " << step;
  }
  for (const auto& [id, expires] : model) EXPECT_TRUE(memory.has(id)) << id;
  memory.trim(ms(clock + 1'000), kNoBound);
  EXPECT_EQ(memory.count(), 0u);
  EXPECT_EQ(memory.bytes(), 0u);
}

struct Item {
  std::string id;
  std::uint64_t hash = 0;
};

TEST(EntryTable, AgreesWithAMapOnRandomHistories) {
  std::mt19937_64 random(11);
  EntryTable<Item> table;
  std::map<std::string, Item> model;
  for (int step = 0; step < 20'000; ++step) {
    const std::string id = std::to_string(random() % 300);
    const std::uint64_t hash = fingerprint(id) % 40;
    const auto known = model.find(id);
    Item* const found = table.find(id, hash);
    ASSERT_EQ(found, known == model.end() ? nullptr : &known->second) << "step " << step;
    if (found == nullptr) {
      table.insert(model.emplace(id, Item{id, hash}).first->second);
    } else if (random() % 2 == 0) {
      table.erase(*found);
      model.erase(known);
    }
  }
  std::size_t count = 0;
  table.visit([&count](const Item&) { ++count; });
  EXPECT_EQ(count, model.size());
}

}  // namespace
}  // namespace ebc::group
