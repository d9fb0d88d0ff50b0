// OrderedIndex against std::map, and frozen views against what they were frozen from.
#include "cluster_state/view/ordered_index.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"

namespace blox::cluster_state {
namespace {

ShownPtr make_test_entry(std::string arn, std::string status, codec::EntityVersion version) {
  auto entry = std::make_shared<Shown>();
  entry->arn = std::move(arn);
  entry->status = std::move(status);
  entry->version = version;
  entry->bytes.assign(static_cast<std::size_t>(version % 97), '.');
  return entry;
}

using Truth = std::map<std::pair<std::string, std::string>, codec::EntityVersion>;

Truth to_truth(const FrozenIndex& index) {
  Truth truth;
  std::pair<std::string, std::string> last;
  Extent extent;
  auto cursor = index.walk();
  while (const Shown* entry = cursor.next()) {
    const std::pair key{entry->status, entry->arn};
    EXPECT_TRUE(truth.empty() || last < key) << "out of order";
    last = key;
    truth[key] = entry->version;
    ++extent.count;
    extent.bytes += entry->bytes.size();
  }
  EXPECT_EQ(cursor.next(), nullptr);
  EXPECT_EQ(index.extent(), extent);
  return truth;
}

void compare_groups(const FrozenIndex& index, const Truth& truth) {
  for (const std::string group : {"", "a", "b", "c", "x"}) {
    std::vector<std::string> expected;
    for (const auto& [key, version] : truth) {
      if (key.first == group) expected.push_back(key.second);
    }
    std::vector<std::string> found;
    Extent extent;
    auto cursor = index.walk(group);
    while (const Shown* entry = cursor.next()) {
      found.push_back(entry->arn);
      ++extent.count;
      extent.bytes += entry->bytes.size();
    }
    EXPECT_EQ(found, expected);
    EXPECT_EQ(index.extent(group), extent) << group;
  }
}

TEST(OrderedIndex, IsAMapWhateverTheOrderOfChanges) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Random random{seed};
    OrderedIndex index{group_by_status};
    Truth truth;
    std::vector<std::pair<FrozenIndex, Truth>> frozen;
    for (int step = 1; step <= 3'000; ++step) {
      const std::string arn = "t" + std::to_string(random.below(400));
      const std::string status{"abc"[random.below(3)]};
      const bool is_growing = step < 1'500;
      if (random.percent(is_growing ? 80 : 30)) {
        index.put(make_test_entry(arn, status, step));
        truth[{status, arn}] = step;
      } else {
        index.erase(status, arn);
        truth.erase({status, arn});
      }
      if (random.percent(2)) frozen.emplace_back(index.freeze(), truth);
    }
    frozen.emplace_back(index.freeze(), truth);
    for (const auto& [view, then] : frozen) {
      EXPECT_EQ(to_truth(view), then);
      compare_groups(view, then);
    }
    for (const auto& [key, version] : truth) {
      ASSERT_NE(index.find(key.first, key.second), nullptr);
      EXPECT_EQ(frozen.back().first.find(key.first, key.second)->version, version);
    }
    EXPECT_EQ(index.find("x", "t1"), nullptr);
    EXPECT_EQ(frozen.back().first.find("b", "t1000"), nullptr);
  }
}

TEST(OrderedIndex, TakesPiecesInOrder) {
  OrderedIndex index{no_group};
  for (int i = 0; i < 500; ++i) index.put(make_test_entry(std::to_string(1'000 + i), "", i));
  const FrozenIndex frozen = index.freeze();
  std::vector<ShownPtr> all;
  for (std::string after;;) {
    std::vector<ShownPtr> piece;
    frozen.take_after(after, 37, piece);
    if (piece.empty()) break;
    after = piece.back()->arn;
    all.insert(all.end(), piece.begin(), piece.end());
  }
  ASSERT_EQ(all.size(), 500U);
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(all[static_cast<std::size_t>(i)]->arn, std::to_string(1'000 + i));
  }
}

TEST(OrderedIndex, WritesToNothingThatAViewShared) {
  OrderedIndex index{no_group};
  for (int i = 0; i < 1'000; ++i) index.put(make_test_entry(std::to_string(i), "", 7));
  const FrozenIndex frozen = index.freeze();
  auto cursor = frozen.walk();  // In the midst of a list, while all of it changes.
  std::size_t count = 0;
  for (int i = 0; i < 1'000; ++i) {
    const Shown* entry = cursor.next();
    ASSERT_NE(entry, nullptr);
    ASSERT_EQ(entry->version, 7);
    ++count;
    index.erase("", std::to_string(999 - i));
    index.put(make_test_entry(std::to_string(i), "", 8));
    if (i % 100 == 0) index.freeze();
  }
  EXPECT_EQ(cursor.next(), nullptr);
  EXPECT_EQ(count, 1'000U);
}

TEST(OrderedIndex, FrozenViewsShareWhatDidNotChange) {
  OrderedIndex index{no_group};
  const auto entry = make_test_entry("a", "", 1);
  index.put(entry);
  for (int i = 0; i < 1'000; ++i) index.put(make_test_entry(std::to_string(i), "", i));
  const long before = entry.use_count();
  const FrozenIndex first = index.freeze();
  index.put(make_test_entry("0", "", 7));  // In another chunk than "a".
  const FrozenIndex second = index.freeze();
  EXPECT_EQ(entry.use_count(), before);
  EXPECT_EQ(first.find("", "0")->version, 0);
  EXPECT_EQ(second.find("", "0")->version, 7);
}

}  // namespace
}  // namespace blox::cluster_state
