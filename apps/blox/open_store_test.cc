// Which store the text of --store opens, and how much of the past it keeps.
#include "blox/open_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/scope.h"
#include "base/sim_loop.h"

namespace blox::apps {
namespace {

using testing::HasSubstr;

class OpenStoreTest : public testing::Test {
 protected:
  // Commits changes of the same keys, kChanges at a time, as often as asked.
  Async<void> write(store::Store& store, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
      store::Commit commit;
      for (int key = 0; key < kChanges; ++key) commit.puts.push_back({std::to_string(key), "x"});
      const auto written = co_await store.commit(std::move(commit));
      EXPECT_TRUE(written);
    }
    is_written = true;
  }

  static constexpr int kChanges = 125;
  SimLoop loop{1};
  Metrics metrics;
  bool is_written = false;
};

TEST_F(OpenStoreTest, KeepsTheHistoryInMemorySmall) {
  const auto opened = open_store(loop, metrics, "memory:", "unused.db", 1 << 20);
  ASSERT_TRUE(opened);
  Scope scope{loop};
  scope.spawn(write(**opened, kMemoryHistory.changes_max / kChanges + 10));
  ASSERT_TRUE(loop.run_while_not([&] { return is_written; }, std::chrono::minutes{1}));
  EXPECT_GE((*opened)->info().compact_revision, 9);
}

TEST_F(OpenStoreTest, NamesWhatItCanOpen) {
  for (const char* text : {"mysql:x", "sqlite:", "memory", "etcd:h:1"}) {
    const auto refused = open_store(loop, metrics, text, "unused.db", 1 << 20);
    ASSERT_FALSE(refused) << text;
    EXPECT_THAT(refused.error().message, HasSubstr("sqlite:PATH or memory:")) << text;
  }
}

TEST_F(OpenStoreTest, RefusesADirectoryByName) {
  const std::string directory = testing::TempDir();
  const auto refused = open_store(loop, metrics, "sqlite:" + directory, "unused.db", 1 << 20);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "--store 'sqlite:" + directory + "': is a directory; sqlite:PATH takes a file");
  const auto below = open_store(loop, metrics, "sqlite:/dev/null/x.db", "unused.db", 1 << 20);
  ASSERT_FALSE(below);
  EXPECT_THAT(below.error().message, HasSubstr("/dev/null"));
}

TEST_F(OpenStoreTest, RepeatsNoPassword) {
  for (const char* text :
       {"etcd:user:secret@h:2379", "etcd:http://user:secret@h", "http://u:secret@h"}) {
    const auto opened = open_store(loop, metrics, text, "unused.db", 1 << 20);
    ASSERT_FALSE(opened) << text;
    EXPECT_THAT(opened.error().message,
                testing::AllOf(HasSubstr("h"), testing::Not(HasSubstr("secret"))));
  }
}

}  // namespace
}  // namespace blox::apps
