// A stream of v0.3 beside clusters that are not read yet: nothing of them before that, and all of
// it then.
#include <gtest/gtest.h>

#include "cluster_state/api/change_stream.h"
#include "cluster_state/view/view_world.h"
#include "codec/api_objects.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;
using Names = std::vector<std::string>;

class PlainStream : public ::testing::Test {
 protected:
  PlainStream() { world.settle(); }

  // All clusters that have objects and no mark are unread.
  UnreadPtr unread() {
    auto state = std::make_shared<UnreadState>();
    for (const auto& cluster : *world.view->snapshot()->unmarked)
      state->shown.insert(cluster.value);
    return state;
  }
  std::unique_ptr<http::BodyStream> open(std::optional<codec::EntityVersion> after = {}) {
    StreamOptions options;
    options.after = after;
    auto stream = open_change_stream(*world.view, ObjectKind::kTask, options, bookmarks,
                                     [this] { return unread(); });
    EXPECT_TRUE(stream);
    return stream ? *std::move(stream) : nullptr;
  }
  // What it sends until it has nothing more to send for a while.
  Names read(http::BodyStream& stream) {
    std::string text;
    Scope reading{world.loop};
    reading.spawn(take(stream, text));
    world.loop.run_for(30s);
    Names names;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin);
      const auto change = codec::decode_change<Task>(text.substr(begin, end - begin));
      begin = end + 1;
      EXPECT_TRUE(change);
      if (!change) break;
      last = change->entry.entity_version;
      const std::string& arn = change->entry.object.arn.value;
      names.push_back(arn.substr(arn.find('/') + 1));
    }
    return names;
  }
  void read_from_ecs(std::string_view cluster) {
    world.commit({ViewWorld::sync_mark(cluster, WallTime{1s})});
  }

  ViewWorld world{1};
  BookmarkLines bookmarks{*world.view, {}};
  codec::EntityVersion last = 0;  // Of the lines that were read.

 private:
  static Async<void> take(http::BodyStream& stream, std::string& text) {
    for (;;) {
      const auto slices = co_await stream.next();
      EXPECT_TRUE(slices);
      if (!slices || slices->empty()) co_return;
      for (const auto& slice : *slices) text += slice.bytes;
    }
  }
};

TEST_F(PlainStream, SendsWhatAClusterHasOnceItIsRead) {
  read_from_ecs("read");
  world.commit({ViewWorld::task("new/early", "RUNNING")});
  const auto stream = open();
  world.commit({ViewWorld::task("new/a", "PENDING"), ViewWorld::task("read/a", "RUNNING")});
  world.commit({ViewWorld::task("new/a", "RUNNING"), ViewWorld::task("new/gone", "RUNNING")});
  world.commit({ViewWorld::task_tombstone("new/gone"), ViewWorld::task("other/a", "RUNNING")});
  EXPECT_EQ(read(*stream), Names{"read/a"});
  EXPECT_EQ(read(*stream), Names{}) << "whatever the time";
  read_from_ecs("new");
  EXPECT_EQ(read(*stream), (Names{"new/early", "new/a"})) << "once, as they are";
  world.commit({ViewWorld::task("new/a", "STOPPED"), ViewWorld::task("other/b", "RUNNING")});
  EXPECT_EQ(read(*stream), Names{"new/a"});
  read_from_ecs("new");
  EXPECT_EQ(read(*stream), Names{}) << "the next read says nothing new";
  read_from_ecs("other");
  EXPECT_EQ(read(*stream), (Names{"other/a", "other/b"}));
}

// Or who resumes behind one of the changes would never be told.
TEST_F(PlainStream, SendsThatBeforeAnyLaterChange) {
  world.commit({ViewWorld::task("new/a", "RUNNING"), ViewWorld::task("new/b", "RUNNING")});
  const auto stream = open();
  read_from_ecs("new");
  world.commit({ViewWorld::task("new/b", "STOPPED"), ViewWorld::task("new/c", "RUNNING")});
  EXPECT_EQ(read(*stream), (Names{"new/a", "new/b", "new/c"}));
}

// Who was cut off in the midst of it lacks nothing, whichever version it resumes from.
TEST_F(PlainStream, GoesOnInTheMidstOfWhatItSends) {
  world.commit({ViewWorld::task("new/z", "RUNNING")});
  const auto second = world.commit({ViewWorld::task("new/a", "RUNNING")});
  world.commit({ViewWorld::task("new/m", "RUNNING")});
  read_from_ecs("new");
  EXPECT_EQ(read(*open(second)), (Names{"new/z", "new/a", "new/m"}));
  StreamOptions options;
  options.after = second - 1;
  options.is_v03_version = true;
  const auto stream = open_change_stream(*world.view, ObjectKind::kTask, options, bookmarks,
                                         [this] { return unread(); });
  ASSERT_TRUE(stream);
  EXPECT_EQ(read(**stream), (Names{"new/a", "new/m"}));
}

TEST_F(PlainStream, SendsItToWhoResumesFromBeforeTheRead) {
  read_from_ecs("read");
  world.commit({ViewWorld::task("new/a", "RUNNING"), ViewWorld::task("read/a", "RUNNING")});
  auto stream = open();
  world.commit({ViewWorld::task("read/b", "RUNNING")});
  EXPECT_EQ(read(*stream), Names{"read/b"});
  stream.reset();
  read_from_ecs("new");
  world.commit({ViewWorld::task("read/c", "RUNNING")});
  EXPECT_EQ(read(*open(last)), (Names{"new/a", "read/c"}));
  EXPECT_EQ(read(*open(last)), Names{}) << "that was behind the read";
}

// Its objects are older than the end of the read that has found them, in every list of v0.3.
TEST_F(PlainStream, SendsNothingAgainOfTheClusterThatWasListed) {
  world.commit({ViewWorld::task("a/1", "RUNNING"), ViewWorld::task("b/1", "RUNNING")});
  const auto version = world.commit({ViewWorld::task("b/2", "RUNNING")});
  read_from_ecs("b");
  StreamOptions options;
  options.after = version - 1;
  options.is_v03_version = true;
  const auto stream = open_change_stream(*world.view, ObjectKind::kTask, options, bookmarks,
                                         [this] { return unread(); });
  ASSERT_TRUE(stream);
  EXPECT_EQ(read(**stream), Names{"b/2"});
  read_from_ecs("a");
  EXPECT_EQ(read(**stream), Names{"a/1"});
}

// In more than one piece.
TEST_F(PlainStream, SendsLargeClustersWhole) {
  for (int hundred = 0; hundred < 7; ++hundred) {
    std::vector<store::Put> puts;
    for (int task = 0; task < 100; ++task) {
      puts.push_back(
          ViewWorld::task("new/" + std::to_string(1'000 + 100 * hundred + task), "RUNNING"));
    }
    world.commit(std::move(puts));
  }
  const auto stream = open();
  read_from_ecs("new");
  const Names names = read(*stream);
  ASSERT_EQ(names.size(), 700U);
  EXPECT_TRUE(std::ranges::is_sorted(names));
}

}  // namespace
}  // namespace blox::cluster_state
