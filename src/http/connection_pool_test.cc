// The count of connections that the servers of a process share.
#include "http/connection_pool.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace blox::http {
namespace {

TEST(ConnectionPool, GivesNoMoreThanItHas) {
  ConnectionPool pool{2};
  EXPECT_TRUE(pool.take());
  EXPECT_TRUE(pool.take());
  EXPECT_FALSE(pool.take());
  EXPECT_FALSE(pool.take());
  pool.give_back();
  EXPECT_TRUE(pool.take());
}

TEST(ConnectionPool, TheProcessKeepsFilesForTheRest) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit lowered = before;
  lowered.rlim_cur = 200;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &lowered), 0);
  const std::size_t raised = raise_open_files_max();
  rlimit after{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  EXPECT_GT(raised, 200u);
  EXPECT_LT(process_connections()->count_max(), raised);
  EXPECT_EQ(process_connections(), process_connections());
  setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace blox::http
