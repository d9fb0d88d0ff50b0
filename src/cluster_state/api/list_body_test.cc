// ListBody against the whole list in one string, and how much of it is held at a time.
#include "cluster_state/api/list_body.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "base/random.h"

#ifdef __clang__
#include <sanitizer/allocator_interface.h>
#endif

namespace blox::cluster_state {
namespace {

constexpr const char* kEnd = R"(],"bookmark":{}})";

// A piece of 128 KiB, and what stands around it.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define BLOX_ROUNDS_UP
#endif
#endif
#ifdef BLOX_ROUNDS_UP  // As the allocator of the thread sanitizer does.
constexpr std::size_t kHeldMax = 140 << 10;
#else
constexpr std::size_t kHeldMax = 132 << 10;
#endif

std::size_t heap_bytes() {
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  return __sanitizer_get_current_allocated_bytes();
#endif
#endif
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

ShownPtr make_entry(const std::string& arn, std::string_view cluster, std::string_view status,
                    std::string_view started_by, std::size_t bytes) {
  auto entry = std::make_shared<Shown>();
  entry->arn = arn;
  entry->cluster_name = cluster;
  entry->cluster_arn = "arn/" + entry->cluster_name;
  entry->status = status;
  entry->started_by = started_by;
  entry->bytes = ",{" + arn + std::string(bytes, '.') + "}\n";
  return entry;
}

SnapshotPtr make_snapshot(const std::vector<ShownPtr>& entries, ObjectKind kind) {
  const auto freeze = [&](GroupOf group_of) {
    OrderedIndex index{group_of};
    for (const auto& entry : entries) index.put(entry);
    return index.freeze();
  };
  auto snapshot = std::make_shared<Snapshot>();
  Table& table = kind == ObjectKind::kTask ? snapshot->tasks : snapshot->instances;
  table.by_arn = freeze(no_group);
  table.by_cluster = freeze(group_by_cluster_name);
  if (kind == ObjectKind::kTask) {
    table.by_started_by = freeze(group_by_started_by);
    table.by_status = freeze(group_by_status);
  }
  return snapshot;
}

// `entries`: in the order of their ARNs.
std::string make_whole(const std::vector<ShownPtr>& entries, const ListFilter& filter,
                       const ClusterSetPtr& without) {
  std::string items;
  for (const auto& entry : entries) {
    const auto is = [](const std::optional<std::string>& wanted, const std::string& found) {
      return !wanted || *wanted == found;
    };
    if (is(filter.cluster_name, entry->cluster_name) &&
        is(filter.cluster_arn, entry->cluster_arn) && is(filter.status, entry->status) &&
        is(filter.started_by, entry->started_by) &&
        !(without && without->contains(entry->cluster_arn))) {
      items += entry->bytes.substr(0, entry->bytes.size() - 1);
    }
  }
  return R"({"items":[)" + (items.empty() ? items : items.substr(1)) + kEnd;
}

std::string read_whole(http::FrozenBody& body) {
  std::string whole;
  for (auto slices = body.next(); !slices.empty(); slices = body.next()) {
    std::size_t bytes = 0;
    for (const auto& slice : slices) {
      bytes += slice.bytes.size();
      whole += slice.bytes;
    }
    EXPECT_GT(bytes, 0U);
  }
  EXPECT_TRUE(body.next().empty());
  return whole;
}

TEST(ListBody, IsTheWholeListWhateverNarrowsIt) {
  const std::pair<std::size_t, std::size_t> sizes[] = {
      {0, 10}, {1, 10}, {1, 200'000}, {300, 1'000}, {150, 40'000}};
  for (const auto& [count, bytes_max] : sizes) {
    Random random{count};
    std::vector<ShownPtr> entries;
    for (std::size_t i = 0; i < count; ++i) {
      entries.push_back(make_entry(std::to_string(10'000 + i), random.percent(50) ? "a" : "b",
                                   random.percent(90) ? "RUNNING" : "STOPPED",
                                   random.percent(20) ? "x" : "", random.below(bytes_max)));
    }
    for (const auto kind : {ObjectKind::kTask, ObjectKind::kInstance}) {
      const SnapshotPtr snapshot = make_snapshot(entries, kind);
      for (unsigned fields = 0; fields < 1U << 6; ++fields) {
        SCOPED_TRACE(std::to_string(count) + " objects, fields " + std::to_string(fields));
        ListFilter filter;
        if ((fields & 1U) != 0) filter.cluster_name = "a";
        if ((fields & 2U) != 0) filter.cluster_arn = "arn/a";
        if ((fields & 4U) != 0) filter.status = "RUNNING";
        if ((fields & 8U) != 0) filter.started_by = "x";
        if ((fields & 16U) != 0) filter.status = "PENDING";
        const auto without = (fields & 32U) == 0
                                 ? nullptr
                                 : std::make_shared<const ClusterSet>(ClusterSet{"arn/b", "arn/c"});
        ListBody body{Selection{snapshot, kind, filter, without}, kEnd};
        const std::string expected = make_whole(entries, filter, without);
        EXPECT_EQ(body.size(), expected.size());
        EXPECT_TRUE(read_whole(body) == expected);  // Too long to print.
      }
    }
  }
}

TEST(ListBody, HoldsOnePieceAtATime) {
  std::vector<ShownPtr> entries;
  for (std::size_t i = 0; i < 20'000; ++i) {
    entries.push_back(make_entry(std::to_string(100'000 + i), "a", "RUNNING", "",
                                 i % 1'000 == 999 ? 200'000 : 800));
  }
  const SnapshotPtr snapshot = make_snapshot(entries, ObjectKind::kTask);
  const ListFilter some_of_group{
      .cluster_name = "a", .cluster_arn = "arn/a", .status = {}, .started_by = {}};
  for (const auto& filter : {ListFilter{}, some_of_group}) {
    const std::size_t before = heap_bytes();
    const auto body =
        std::make_unique<ListBody>(Selection{snapshot, ObjectKind::kTask, filter}, kEnd);
    std::size_t held_max = heap_bytes() - before;
    EXPECT_LE(held_max, 1'024U) << "before the first piece";
    std::size_t read = 0;
    for (auto slices = body->next(); !slices.empty(); slices = body->next()) {
      held_max = std::max(held_max, heap_bytes() - before);
      for (const auto& slice : slices) read += slice.bytes.size();
    }
    EXPECT_EQ(read, body->size());
    EXPECT_LE(held_max, kHeldMax);
  }
}

// The thread sanitizer looks on in `./dev test --all`.
TEST(ListBody, IsSentByAnotherThreadWhileTheStateGoesOn) {
  std::vector<ShownPtr> entries;
  OrderedIndex index{no_group};
  for (std::size_t i = 0; i < 2'000; ++i) {
    entries.push_back(make_entry(std::to_string(10'000 + i), "a", "RUNNING", "", 1'000));
    index.put(entries.back());
  }
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->tasks.by_arn = index.freeze();
  const std::string expected = make_whole(entries, {}, nullptr);
  auto body = std::make_unique<ListBody>(
      Selection{std::exchange(snapshot, nullptr), ObjectKind::kTask, {}}, kEnd);
  std::string sent;
  std::thread sender([&sent, body = std::move(body)] { sent = read_whole(*body); });
  for (ShownPtr& entry : entries) {
    auto changed = make_entry(entry->arn, "a", "STOPPED", "", 10);
    index.put(changed);
    entry = std::move(changed);
  }
  sender.join();
  EXPECT_TRUE(sent == expected);
}

// Slices are kept alive by their owners alone, also when the body has gone.
TEST(ListBody, PiecesOutliveIt) {
  const auto large = make_entry("2", "a", "RUNNING", "", 50'000);
  auto snapshot = make_snapshot({make_entry("1", "a", "RUNNING", "", 5), large}, ObjectKind::kTask);
  auto body = std::make_unique<ListBody>(Selection{snapshot, ObjectKind::kTask, {}}, kEnd);
  snapshot.reset();
  const auto first = body->next();
  const auto last = body->next();
  body.reset();
  ASSERT_EQ(first.size(), 2U);
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(first[1].bytes, large->item(/*first=*/false));
  EXPECT_EQ(last[0].bytes, kEnd);
}

}  // namespace
}  // namespace blox::cluster_state
