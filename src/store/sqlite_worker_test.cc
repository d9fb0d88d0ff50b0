// The worker on a thread of its own, ended in the middle of its work.
#include "store/sqlite_worker.h"

#include <gtest/gtest.h>

#include <cstdio>
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
                                          SqliteThreading::kThread, Duration::zero(),
                                          std::move(on_group));
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

  const std::string path_ = testing::TempDir() + "blox-sqlite-worker.db";
  IoLoop loop_;
};

TEST_F(SqliteWorkerTest, ItsEndWaitsForTheJobUnderWayAndDropsTheRest) {
  int groups = 0;
  auto worker = open([&](const SqliteGroupDone&) { ++groups; });
  std::binary_semaphore begun{0};
  std::binary_semaphore go_on{0};
  bool ended = false;
  worker->submit([&](SqliteCore&) {
    begun.release();
    go_on.acquire();
    ended = true;
  });
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
