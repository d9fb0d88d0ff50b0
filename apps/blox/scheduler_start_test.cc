// What the scheduler waits for before it decides anything: the date of ECS, and, on a store that
// was copied back, what it started since the copy was made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <variant>

#include "aws/ecs_client.h"
#include "base/log.h"
#include "base/run_to_end_for_tests.h"
#include "base/sim_loop.h"
#include "blox/aws_account.h"
#include "blox/scheduler_service.h"
#include "http/local_transport.h"
#include "http/router.h"
#include "scheduler/environments/repository.h"
#include "scheduler/environments/repository_world_for_tests.h"
#include "simulator/face.h"
#include "simulator/sim_transport.h"
#include "simulator/simulator.h"
#include "store/memory_store.h"

namespace blox::apps {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Ge;
using testing::HasSubstr;
using testing::Le;
using testing::StartsWith;

constexpr const char* kEndpoint = "http://aws.sim";
constexpr const char* kRegion = "us-east-1";

class SchedulerStart : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(log::configure(log::Level::kWarn, log_path)); }
  void TearDown() override {
    ASSERT_TRUE(log::configure(log::Level::kWarn, ""));
    std::remove(log_path.c_str());
  }
  // Lines that hold the text.
  int count_logged(const std::string& text) const {
    std::ifstream file{log_path};
    int count = 0;
    for (std::string line; std::getline(file, line);) count += line.contains(text) ? 1 : 0;
    return count;
  }
  // An environment, as an earlier process has left it.
  void fill(store::Store& into) {
    scheduler::Environment environment;
    environment.uid = scheduler::EnvironmentUid{"uid-1"};
    environment.name = scheduler::EnvironmentName{"logs"};
    environment.cluster = ClusterArn{"arn:aws:ecs:us-east-1:123456789012:cluster/prod"};
    scheduler::Repository repository{loop, into};
    ASSERT_TRUE(run_to_end(loop, repository.load()));
    ASSERT_TRUE(run_to_end(loop, repository.put({environment}, {})));
  }
  void start(store::Store& on, std::function<bool()> knows_date = {}) {
    scheduler.emplace(SchedulerParts{loop,
                                     random,
                                     on,
                                     to_state,
                                     directory,
                                     ecs,
                                     ecs,
                                     metrics,
                                     nullptr,
                                     {},
                                     std::move(knows_date)});
  }
  std::string readiness() {
    const auto answer =
        run_to_end(loop, scheduler->handler().handle(http::Request{"GET", "/readyz", {}, ""}));
    return std::get<std::string>(answer.body);
  }

  const std::string log_path = testing::TempDir() + "blox-scheduler-start-test.log";
  SimLoop loop{1};
  Random random{1};
  Metrics metrics;
  simulator::Simulator simulator{loop, random};
  simulator::Face face{simulator};
  simulator::SimTransport transport{loop, random, face, simulator.faults};
  aws::StaticCredentials credentials{{"id", "secret", ""}};
  aws::AwsClock clock{loop};
  aws::DatedTransport dated{transport, clock};
  aws::AwsContext context{loop, random, dated, credentials, metrics};
  aws::EcsBudgets budgets{loop};
  aws::EcsClient ecs{context, kEndpoint, kRegion, budgets, aws::CallPriority::kResolve};
  http::Router no_state;
  http::LocalTransport to_state{loop, no_state};
  EcsDirectory directory{ecs};
  std::shared_ptr<store::MemoryDisk> disk = store::make_memory_disk(1);
  std::optional<store::MemoryStore> store;
  std::optional<scheduler::FaultyStore> faulty;
  std::optional<SchedulerService> scheduler;
};

TEST_F(SchedulerStart, DecidesAtOnceOnItsOwnStore) {
  fill(store.emplace(loop, disk));
  start(*store);
  EXPECT_TRUE(loop.run_while_not([&] { return scheduler->is_loaded(); }, 1s));
}

TEST_F(SchedulerStart, DecidesNothingBeforeEcsHasToldItsDate) {
  store.emplace(loop, disk);
  transport.set_cut_off(true);
  start(*store, [&] { return clock.is_known(); });
  loop.run_for(5min);
  EXPECT_FALSE(scheduler->is_loaded());
  const std::string why = "ECS has not answered yet, so its date is not known: ecs ListClusters: ";
  EXPECT_THAT(readiness(), StartsWith(why));
  EXPECT_THAT(count_logged(why), AllOf(Ge(1), Le(6))) << "one a minute, of some forty tries";
  transport.set_cut_off(false);
  loop.run_for(30s);
  EXPECT_TRUE(scheduler->is_loaded());
}

TEST_F(SchedulerStart, ASlowEcsIsNoReasonToWaitForEver) {
  store.emplace(loop, disk);
  start(*store, [] { return false; });
  loop.run_for(5s);
  EXPECT_EQ(readiness(),
            "ECS has not answered yet, so its date is not known: the answer took too long");
  loop.run_for(2min);
  EXPECT_TRUE(scheduler->is_loaded());
}

// Its waits do not grow with the time for which the store was away.
TEST_F(SchedulerStart, ReadsItsStoreSoonAfterThatIsBack) {
  fill(store.emplace(loop, disk));
  faulty.emplace(loop, *store);
  faulty->range_faults.assign(100'000, ErrorKind::kUnavailable);
  start(*faulty);
  loop.run_for(1h);
  ASSERT_FALSE(faulty->range_faults.empty());
  faulty->range_faults.clear();
  EXPECT_TRUE(loop.run_while_not([&] { return scheduler->is_loaded(); }, 15s));
}

TEST_F(SchedulerStart, DecidesNothingOnACopyBeforeThatIsStored) {
  fill(store.emplace(loop, disk));
  store.emplace(loop, store::copy_memory_disk(*disk, 2));
  faulty.emplace(loop, *store);
  faulty->commit_faults.assign(10'000, {ErrorKind::kUnavailable});
  start(*faulty);
  loop.run_for(2h);
  EXPECT_FALSE(scheduler->is_loaded());
  faulty->commit_faults.clear();
  loop.run_for(2s);
  EXPECT_TRUE(scheduler->is_loaded());
}

TEST_F(SchedulerStart, TellsWhyItsRecordsAreNotRead) {
  fill(store.emplace(loop, disk));
  const std::string key = "scheduler/environments/of-a-newer-blox";
  ASSERT_TRUE(run_to_end(loop, store->commit(store::Commit{{}, {{key, R"({"v":9})"}}, {}})));
  start(*store);
  loop.run_for(5min);
  const std::string why = "the records are not read yet: ";
  EXPECT_THAT(readiness(), AllOf(StartsWith(why), HasSubstr("of-a-newer-blox")));
  EXPECT_THAT(count_logged(why), AllOf(Ge(1), Le(6)));
  ASSERT_TRUE(run_to_end(loop, store->commit(store::Commit{{}, {}, {key}})));
  loop.run_for(30s);
  EXPECT_TRUE(scheduler->is_loaded());
  scheduler.reset();
}

TEST_F(SchedulerStart, DecidesNothingOnACopyBeforeWhatItLacksShows) {
  fill(store.emplace(loop, disk));
  store.emplace(loop, store::copy_memory_disk(*disk, 2));
  start(*store);
  loop.run_for(6min);
  EXPECT_FALSE(scheduler->is_loaded());
  EXPECT_TRUE(readiness().starts_with("its store was copied back: ")) << readiness();
  loop.run_for(1min);
  EXPECT_TRUE(scheduler->is_loaded()) << "the clusters wait by themselves";
  scheduler.reset();
  start(*store);
  EXPECT_TRUE(loop.run_while_not([&] { return scheduler->is_loaded(); }, 1s)) << "once is enough";
}

}  // namespace
}  // namespace blox::apps
