// What the flags of every command that listens say, by table.
#include "blox/listen_flags.h"

#include <gmock/gmock.h>

namespace blox::apps {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Parses them. Shape: the error's text, empty when there is none.
std::string parse(ListenFlags& flags, std::vector<std::string> arguments) {
  CLI::App app;
  flags.add_to(app);
  std::ranges::reverse(arguments);
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::Error& error) {
    return error.what();
  }
  return "";
}

TEST(ListenFlags, AreTheLimitsThatShip) {
  ListenFlags flags;
  ASSERT_EQ(parse(flags, {}), "");
  const http::ProcessLimits limits = flags.limits();
  EXPECT_EQ(limits.connection_count, 10'000u);
  EXPECT_EQ(limits.stream_count, 4'000u);
  EXPECT_EQ(limits.request_bytes, std::size_t{64} << 20);
  EXPECT_EQ(limits.peer_share_percent, 50u);
  EXPECT_EQ(limits.peer_reserve_percent, 5u);
  EXPECT_EQ(limits.peer_small_count, 8u);
}

TEST(ListenFlags, SayWhoIsLetInAndHowMuchThereIs) {
  ListenFlags flags;
  ASSERT_EQ(parse(flags, {"--allowed-host", "blox.example", "--trusted-proxy", "10.0.0.0/8",
                          "--trusted-proxy", "::1", "--max-connections", "100", "--max-streams",
                          "30", "--request-memory", "2MiB", "--peer-share", "25%", "--peer-reserve",
                          "10%", "--peer-small", "3"}),
            "");
  const auto budgets = flags.make_budgets();
  EXPECT_EQ(budgets->connections->rules().total, 100u);
  EXPECT_EQ(budgets->connections->rules().share_percent, 25u);
  EXPECT_EQ(budgets->connections->rules().reserve_percent, 10u);
  EXPECT_EQ(budgets->connections->rules().small, 3u);
  EXPECT_EQ(budgets->streams->rules().total, 30u);
  EXPECT_EQ(budgets->request_bytes->rules().total, std::size_t{2} << 20);
  const auto options = flags.options("127.0.0.1:1", budgets);
  EXPECT_EQ(options.bind, "127.0.0.1:1");
  EXPECT_THAT(options.allowed_hosts, ElementsAre("blox.example"));
  EXPECT_THAT(options.trusted_proxies, ElementsAre("10.0.0.0/8", "::1"));
  EXPECT_EQ(options.budgets, budgets);
}

TEST(ListenFlags, RefuseWhatIsOutOfBounds) {
  const std::pair<std::vector<std::string>, const char*> rows[] = {
      {{"--max-connections", "0"}, "--max-connections"},
      {{"--max-streams", "-1"}, "--max-streams"},
      {{"--request-memory", "1KiB"}, "--request-memory"},
      {{"--peer-share", "0%"}, "1% to 100%"},
      {{"--peer-share", "50"}, "'50'"},
      {{"--peer-reserve", "51%"}, "0% to 50%"},
      {{"--peer-small", "0"}, "--peer-small"},
  };
  for (const auto& [arguments, why] : rows) {
    ListenFlags flags;
    EXPECT_THAT(parse(flags, arguments), HasSubstr(why)) << arguments.front();
  }
}

}  // namespace
}  // namespace blox::apps
