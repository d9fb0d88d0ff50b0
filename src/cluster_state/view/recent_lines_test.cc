// The lines that are kept in memory: bounded in number and in bytes, with the version up to which
// they are gone.
#include "cluster_state/view/recent_lines.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace blox::cluster_state {
namespace {

Line line_of(codec::EntityVersion version, std::size_t bytes) {
  auto owner = std::make_shared<const std::string>(bytes, 'x');
  const std::string_view text{*owner};
  return {.version = version, .owner = std::move(owner), .bytes = text, .deleted = false};
}

TEST(RecentLines, KeepTheNewestWithinBothBounds) {
  RecentLines lines{{.count_max = 10, .bytes_max = 50}};
  lines.reset(7);
  EXPECT_EQ(lines.floor(), 7);
  for (codec::EntityVersion version = 8; version <= 107; ++version) {
    lines.append(line_of(version, 10));
  }
  EXPECT_EQ(lines.size(), 5U) << "each that went gave its bytes back";
  EXPECT_EQ(lines.floor(), 102);
  EXPECT_EQ(lines[0].version, 103);
  for (codec::EntityVersion version = 108; version <= 207; ++version) {
    lines.append(line_of(version, 1));
  }
  EXPECT_EQ(lines.size(), 10U);
  EXPECT_EQ(lines.floor(), 197);
  EXPECT_EQ(lines.find_after(200), 3U);
  EXPECT_EQ(lines.find_after(300), 10U);
  lines.reset(400);
  EXPECT_EQ(lines.size(), 0U);
  for (codec::EntityVersion version = 401; version <= 405; ++version) {
    lines.append(line_of(version, 10));
  }
  EXPECT_EQ(lines.size(), 5U) << "what was reset holds no bytes";
  EXPECT_EQ(lines.floor(), 400);
}

}  // namespace
}  // namespace blox::cluster_state
