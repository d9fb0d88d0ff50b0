// The worker on a thread of its own, ended in the middle of its work.
#include "store/sqlite_worker.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <optional>
#include <semaphore>
#include <string>

#include "base/io_loop.h"

namespace blox::store {
namespace {

class SqliteWorkerTest : public testing::Test {
 protected:
  void SetUp() override { remove_files(); }
  void TearDown() override { remove_files(); }
  void remove_files() const {
    for (const char* suffix : {"", "-wal"}) std::remove((path_ + suffix).c_str());
  }
  std::unique_ptr<SqliteWorker> open(SqliteWorker::OnGroup on_group) {
    return std::make_unique<SqliteWorker>(loop_, SqliteCore::open(path_, {}).value(),
                                          SqliteThreading::kThread, Duration::zero(), kBytesMax,
                                          std::move(on_group));
  }
  // Submits a job; its caller is the future.
  template <class Work>
  std::optional<Future<SqliteAnswer<bool>>> ask(SqliteWorker& worker, std::size_t bytes,
                                                Work work) {
    auto [promise, future] = make_promise<SqliteAnswer<bool>>(loop_);
    auto job = std::make_unique<SqliteAsked<bool, Work>>(std::move(promise), std::move(work));
    if (!worker.submit(std::move(job), bytes)) return std::nullopt;
    return std::move(future);
  }
  static Commit put_one(int number) {
    Commit commit;
    commit.puts.push_back(Put{"key", std::to_string(number)});
    return commit;
  }
  void run_what_is_posted() {
    loop_.post([this] { loop_.stop(); });
    loop_.run();
  }

  static constexpr std::size_t kBytesMax = 1 << 20;
  const std::string path_ = testing::TempDir() + "blox-sqlite-worker.db";
  IoLoop loop_;
};

TEST_F(SqliteWorkerTest, ItsEndWaitsForTheJobUnderWayAndDropsTheRest) {
  int groups = 0;
  auto worker = open([&](const SqliteGroupDone&) { ++groups; });
  std::binary_semaphore begun{0};
  std::binary_semaphore go_on{0};
  bool ended = false;
  const auto asked = ask(*worker, 1, [&](SqliteCore&) {
    begun.release();
    go_on.acquire();
    return ended = true;
  });
  ASSERT_TRUE(asked);
  begun.acquire();
  // The commits wait behind the job; whether a group of them begins before the end is a race.
  std::vector<Future<Result<Revision>>> futures;
  for (int i = 0; i < 10; ++i) {
    auto [promise, future] = make_promise<Result<Revision>>(loop_);
    ASSERT_TRUE(worker->submit(put_one(i), std::move(promise)));
    futures.push_back(std::move(future));
  }
  go_on.release();
  worker.reset();
  EXPECT_TRUE(ended);
  run_what_is_posted();
  EXPECT_EQ(groups, 0);  // Nothing is told after the end.
  for (const auto& future : futures) EXPECT_FALSE(future.await_ready());
  EXPECT_TRUE(SqliteCore::open(path_, {}));  // The file is let go.
}

// The disk is slow, and callers come and leave: what they asked takes no room and is not done.
TEST_F(SqliteWorkerTest, WhatItsCallersHaveLeftIsNotDone) {
  int groups = 0;
  auto worker = open([&](const SqliteGroupDone&) { ++groups; });
  std::binary_semaphore begun{0};
  std::binary_semaphore go_on{0};
  const auto slow = ask(*worker, 1, [&](SqliteCore&) {
    begun.release();
    go_on.acquire();
    return true;
  });
  struct Release {  // Also where the test fails: the worker's end waits for the job.
    std::binary_semaphore& semaphore;
    ~Release() { semaphore.release(); }
  };
  auto release = std::make_optional<Release>(go_on);
  begun.acquire();
  int run_count = 0;
  const auto count = [&](SqliteCore&) { return ++run_count > 0; };
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(ask(*worker, kBytesMax / 4, count)) << i;
  EXPECT_LE(worker->waiting_bytes(), kBytesMax) << "those that have left made room";
  const auto first = ask(*worker, kBytesMax / 2, count);
  ASSERT_TRUE(first);
  auto [promise, revision] = make_promise<Result<Revision>>(loop_);
  EXPECT_TRUE(worker->submit(put_one(1), std::move(promise)));
  EXPECT_FALSE(ask(*worker, kBytesMax / 2, count)) << "beside what somebody waits for";
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(ask(*worker, 1, count));
  const auto last = ask(*worker, 1, count);
  ASSERT_TRUE(last);
  release.reset();
  while (!last->await_ready() || groups == 0) run_what_is_posted();
  EXPECT_EQ(run_count, 2) << "the two that are waited for";
}

TEST_F(SqliteWorkerTest, WhatWasAcknowledgedIsThereWhereverItEnded) {
  for (int round = 0; round < 20; ++round) {
    Revision acknowledged = 0;
    auto worker = open([&](const SqliteGroupDone& done) { acknowledged = done.info.revision; });
    for (int i = 0; i < round; ++i) {
      auto [promise, future] = make_promise<Result<Revision>>(loop_);
      ASSERT_TRUE(worker->submit(put_one(i), std::move(promise)));
      run_what_is_posted();
    }
    worker.reset();
    run_what_is_posted();
    const auto core = SqliteCore::open(path_, {}).value();
    EXPECT_GE(core->info().revision, acknowledged);
  }
}

}  // namespace
}  // namespace blox::store
