// What the lines of a stream tell besides the object.
#include "cluster_state/api/change_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "cluster_state/view/view_world.h"
#include "codec/api_objects.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;

// At least `count` whole lines.
std::vector<std::string> read_lines(ViewWorld& world, http::BodyStream& stream, std::size_t count) {
  std::string text;
  while (static_cast<std::size_t>(std::ranges::count(text, '\n')) < count) {
    const auto slices = world.await(stream.next());
    EXPECT_TRUE(slices && !slices->empty());
    if (!slices || slices->empty()) break;
    for (const http::Slice& slice : *slices) text += slice.bytes;
  }
  std::vector<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// They are written by others, and one line that cannot be read ends the picture of a scheduler.
TEST(ChangeStream, TimesThatCannotBeTellNoAge) {
  ViewWorld world{1};
  world.settle();
  const WallTime now = world.loop.wall_now();
  const std::vector<WallTime> times{parse_time("0001-01-01T00:00:00Z").value(),
                                    parse_time("9999-12-31T23:59:59Z").value(),
                                    now - codec::kAgeMax - 1ms,
                                    now + codec::kAgeMax + 1h,
                                    now - codec::kAgeMax + 1h,
                                    now + codec::kAgeMax - 1h};
  std::vector<store::Put> puts;
  for (std::size_t place = 0; place < times.size(); ++place) {
    puts.push_back(ViewWorld::instance("a/" + std::to_string(place), "ACTIVE", times[place]));
  }
  world.commit(std::move(puts));
  BookmarkLines bookmarks{*world.view, {}};
  StreamOptions options;
  options.bookmarks = true;
  auto stream = open_change_stream(*world.view, ObjectKind::kInstance, options, bookmarks, {});
  ASSERT_TRUE(stream);
  std::vector<std::optional<Duration>> ages;
  for (const auto& line : read_lines(world, **stream, times.size())) {
    const auto change = codec::decode_change<ContainerInstance>(line);
    ASSERT_TRUE(change) << line << ": " << change.error().message;
    if (change->kind != codec::ChangeKind::kPut) continue;
    EXPECT_EQ(line.contains("ageMilliseconds"), change->entry.age.has_value()) << line;
    ages.push_back(change->entry.age);
  }
  ASSERT_EQ(ages.size(), times.size());
  for (std::size_t place = 0; place < 4; ++place) EXPECT_EQ(ages[place], std::nullopt) << place;
  ASSERT_TRUE(ages[4] && ages[5]);
  EXPECT_GE(*ages[4], Duration{codec::kAgeMax - 1h});
  EXPECT_EQ(*ages[5], Duration{}) << "its clock is ahead of ours";
}

// A bookmark says what the whole snapshot is worth: who is behind takes it for what it has so far.
TEST(ChangeStream, TellsNoBookmarkToWhoIsBehind) {
  ViewWorld world{1};
  StreamOptions options;
  options.bookmarks = true;
  options.after = world.commit({ViewWorld::instance("a/1", "ACTIVE")});
  BookmarkLines bookmarks{*world.view, {}};
  auto stream = open_change_stream(*world.view, ObjectKind::kInstance, options, bookmarks, {});
  ASSERT_TRUE(stream);
  for (const char* hundred : {"1", "2", "3", "4"}) {
    std::vector<store::Put> puts;
    for (int number = 100; number < 200; ++number) {
      puts.push_back(ViewWorld::instance("a/" + (hundred + std::to_string(number)), "ACTIVE"));
    }
    world.commit(std::move(puts));
  }
  world.loop.run_for(20s);  // One is due.
  const auto lines = read_lines(world, **stream, 401);
  ASSERT_EQ(lines.size(), 401U);
  for (std::size_t place = 0; place < lines.size(); ++place) {
    const auto change = codec::decode_change<ContainerInstance>(lines[place]);
    ASSERT_TRUE(change) << lines[place];
    EXPECT_EQ(change->kind == codec::ChangeKind::kPut, place < 400) << lines[place];
  }
}

// The clock of the machine may be behind: what is old would be told to be new.
TEST(ChangeStream, TellsNoAgeBeforeTheDateIsKnown) {
  bool is_known = false;
  ClusterViewOptions view_options;
  view_options.knows_date = [&] { return is_known; };
  ViewWorld world{1, view_options};
  world.settle();
  world.commit({ViewWorld::instance("a/1", "ACTIVE", world.loop.wall_now() - 1h)});
  BookmarkLines bookmarks{*world.view, {}};
  StreamOptions options;
  options.bookmarks = true;
  for (const bool known : {false, true}) {
    is_known = known;
    auto stream = open_change_stream(*world.view, ObjectKind::kInstance, options, bookmarks, {});
    ASSERT_TRUE(stream);
    const auto change =
        codec::decode_change<ContainerInstance>(read_lines(world, **stream, 1).front());
    ASSERT_TRUE(change);
    EXPECT_EQ(change->entry.age.has_value(), known);
  }
}

}  // namespace
}  // namespace blox::cluster_state
