// What the servers of a process share, and what open files leave of it.
#include "http/server_budgets.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace blox::http {
namespace {

TEST(ServerBudgets, KeepFilesForTheRest) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit lowered = before;
  lowered.rlim_cur = 400;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &lowered), 0);
  EXPECT_EQ(within_open_files({}).connection_count, 144u);
  EXPECT_EQ(within_open_files({.connection_count = 9}).connection_count, 9u);
  const std::size_t raised = raise_open_files_max();
  rlimit after{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  EXPECT_GT(raised, 400u);
  setrlimit(RLIMIT_NOFILE, &before);
}

TEST(ServerBudgets, LeavesAQuarterOfTheConnectionsToRequests) {
  EXPECT_EQ(ServerBudgets{{.connection_count = 100}}.streams->rules().total, 75u);
  EXPECT_EQ(ServerBudgets{ProcessLimits{}}.streams->rules().total, 4'000u);
}

}  // namespace
}  // namespace blox::http
