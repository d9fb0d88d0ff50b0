// What the log is told of thousands of clusters and holes: once, with how many more.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/log.h"
#include "cluster_state/reconcile/testing_reconcile.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;
using testing::ReconcileWorld;
using testing::task_arn;

class ReconcilerLogTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(log::configure(log::Level::kWarn, path_)); }
  void TearDown() override {
    ASSERT_TRUE(log::configure(log::Level::kWarn, ""));
    std::filesystem::remove(path_);
  }
  std::vector<std::string> lines_with(std::string_view words) const {
    std::vector<std::string> found;
    std::ifstream file{path_};
    for (std::string line; std::getline(file, line);) {
      if (line.find(words) != line.npos) found.push_back(line);
    }
    return found;
  }

  ReconcileWorld world;

 private:
  // Tests run side by side.
  std::string path_ = ::testing::TempDir() + "/reconciler_log_test_" +
                      ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(ReconcilerLogTest, SaysOnceThatManyClustersAreDenied) {
  for (int number = 0; number < 300; ++number) {
    world.ecs.fake.clusters.emplace_back("arn:aws:ecs:eu-west-1:123456789012:cluster/c" +
                                         std::to_string(number));
  }
  world.ecs.fake.broken["ListContainerInstances"] = Error{ErrorKind::kDenied, "not authorized"};
  world.start();
  world.loop.run_for(10min);
  const auto lines = lines_with("cannot read");
  ASSERT_GE(lines.size(), 2U);
  EXPECT_LE(lines.size(), 11U);
  EXPECT_NE(lines[1].find(" more like this since the last such line)"), std::string::npos)
      << lines[1];
}

// A failure of another kind is not one more like those.
TEST_F(ReconcilerLogTest, SaysWhatFailsOtherwise) {
  // A name of its own: what other tests have logged is not written again so soon.
  const ClusterArn aside{"arn:aws:ecs:eu-west-1:123456789012:cluster/other-failure"};
  world.ecs.fake.clusters.push_back(aside);
  world.ecs.fake.broken["ListContainerInstances prod"] = Error{ErrorKind::kDenied, "denied"};
  world.ecs.broken_clusters = {aside};
  world.start();
  world.loop.run_for(10s);
  EXPECT_EQ(lines_with("cannot read").size(), 2U);
}

TEST_F(ReconcilerLogTest, SaysOnceThatAClusterHasManyHoles) {
  for (int number = 0; number < 300; ++number) {
    const std::string id = std::to_string(number);
    world.put({.id = id});
    world.ecs.fake.undescribed[task_arn(id).value] = "UNDECODABLE";
  }
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  EXPECT_EQ(lines_with("is not described").size(), 1U);
  EXPECT_EQ(lines_with("is read but for 300 tasks").size(), 1U);
  world.loop.run_for(1h);
  EXPECT_LE(lines_with("is not described").size(), 20U) << "at most once a look at them";
}

}  // namespace
}  // namespace blox::cluster_state
