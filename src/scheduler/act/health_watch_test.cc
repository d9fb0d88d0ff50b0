// What is asked of ECS about the health of a rollout's new tasks, and how often.
#include "scheduler/act/health_watch.h"

#include "scheduler/act/act_for_tests.h"

namespace blox::scheduler {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const TaskDefinitionArn kDefinition{"logs:1"};

class HealthWatchTest : public ActorTest {
 protected:
  HealthWatchTest() {
    query_.task_definitions["logs:1"] = {kDefinition, true, {"main"}};
    put_young("t", "UNKNOWN");
  }
  void put_young(const std::string& arn, const std::string& health) {
    show(arn, kA, "RUNNING");
    put_in_ecs(arn, kA, "RUNNING");
    say(arn, health);
    plan_.health_wanted.emplace_back(arn);
  }
  void say(const std::string& arn, const std::string& health) {
    query_.tasks.at(TaskArn{arn}).report.describe_only =
        R"({"containerHealthStatus":{"main":")" + health + R"("}})";
  }
  const AskedHealth* known(const std::string& arn) const {
    const auto found = process_->memory.health.find(TaskArn{arn});
    return found == process_->memory.health.end() ? nullptr : &found->second;
  }
  std::ptrdiff_t count_calls(const std::string& operation) const {
    return std::ranges::count_if(
        query_.calls, [&](const std::string& call) { return call.starts_with(operation); });
  }
  Plan plan_;
};

TEST_F(HealthWatchTest, AsksUntilNobodyWaitsForIt) {
  run_for(seconds{5}, plan_);
  ASSERT_NE(known("t"), nullptr);
  EXPECT_EQ(known("t")->word, HealthWord::kSilent);
  const TimePoint since = known("t")->since;
  EXPECT_EQ(count_calls("DescribeTasks"), 1);
  run_for(seconds{20}, plan_);
  EXPECT_EQ(count_calls("DescribeTasks"), 3) << "every ten seconds";
  EXPECT_EQ(known("t")->since, since);
  say("t", "HEALTHY");
  run_for(seconds{10}, plan_);
  EXPECT_EQ(known("t")->word, HealthWord::kHealthy);
  EXPECT_GT(known("t")->since, since);
  plan_.health_wanted.clear();
  run_for(minutes{1}, plan_);
  EXPECT_EQ(count_calls("DescribeTasks"), 4);
  EXPECT_NE(known("t"), nullptr) << "the picture may not show it for long";
}

TEST_F(HealthWatchTest, GetsSlowWithWhatSaysTheSameForLong) {
  run_for(minutes{10}, plan_);
  const auto asked = count_calls("DescribeTasks");
  EXPECT_GE(asked, 50);
  run_for(minutes{10}, plan_);
  EXPECT_LE(count_calls("DescribeTasks"), asked + 12);
  EXPECT_EQ(count_calls("DescribeTaskDefinition"), 1) << "what it has does not change";
}

TEST_F(HealthWatchTest, AsksNothingOfTasksWithoutACheck) {
  query_.task_definitions["logs:1"].checked_containers.clear();
  run_for(minutes{1}, plan_);
  EXPECT_EQ(count_calls("DescribeTaskDefinition"), 1);
  EXPECT_EQ(count_calls("DescribeTasks"), 0);
  EXPECT_TRUE(process_->memory.checked_containers.at(kDefinition).empty());
}

// Said so, and asked again now and then: a policy may have been mended.
TEST_F(HealthWatchTest, WhatIsDeniedCountsAsWithoutACheck) {
  query_.broken["DescribeTaskDefinition"] = Error{ErrorKind::kDenied, "AccessDeniedException"};
  run_for(minutes{9}, plan_);
  EXPECT_EQ(count_calls("DescribeTaskDefinition"), 1);
  EXPECT_TRUE(process_->memory.checked_containers.at(kDefinition).empty());
  EXPECT_NE(metrics_.to_text().find("blox_scheduler_unknown_health_checks_total 1"),
            std::string::npos);
  query_.broken.clear();
  run_for(minutes{2}, plan_);
  EXPECT_EQ(process_->memory.checked_containers.at(kDefinition), std::vector<std::string>{"main"});
  EXPECT_NE(known("t"), nullptr);
}

TEST_F(HealthWatchTest, CredentialsThatNobodyTakesSayNothingOfADefinition) {
  query_.broken["DescribeTaskDefinition"] = Error{ErrorKind::kDenied, "ExpiredTokenException"};
  run_for(seconds{2}, plan_);
  EXPECT_FALSE(process_->memory.checked_containers.contains(kDefinition));
  query_.broken.clear();
  run_for(minutes{1}, plan_);
  EXPECT_EQ(process_->memory.checked_containers.at(kDefinition), std::vector<std::string>{"main"});
}

TEST_F(HealthWatchTest, WhatEcsDoesNotTellCountsAsSilent) {
  for (const bool denied : {false, true}) {
    query_.broken.clear();
    query_.unspoken.clear();
    process_->memory.health.clear();
    if (denied) {
      query_.broken["DescribeTasks"] = Error{ErrorKind::kDenied, "AccessDeniedException"};
    } else {
      query_.unspoken.insert("t");
    }
    run_for(minutes{1}, plan_);
    ASSERT_NE(known("t"), nullptr) << denied;
    EXPECT_EQ(known("t")->word, HealthWord::kSilent);
    const TimePoint since = known("t")->since;
    run_for(minutes{1}, plan_);
    EXPECT_EQ(known("t")->since, since);
  }
}

// One of two is refused by itself, the call about the other one is throttled.
TEST_F(HealthWatchTest, ACallThatFailsSaysNothingOfWhomItWasAbout) {
  put_young("u", "UNKNOWN");
  run_for(seconds{5}, plan_);
  process_->memory.health.clear();
  query_.faults = {error(ErrorKind::kInvalid), error(ErrorKind::kInvalid),
                   error(ErrorKind::kThrottled)};
  run_for(seconds{10}, plan_);
  EXPECT_TRUE(query_.faults.empty());
  EXPECT_NE(known("t") == nullptr, known("u") == nullptr);
}

TEST_F(HealthWatchTest, SilenceIsNoNewerWordThanThePicture) {
  for (const char* told : {"HEALTHY", "UNHEALTHY"}) {
    tasks_.at(TaskArn{"t"}).object.health_status = told;
    query_.unspoken.insert("t");
    run_for(minutes{1}, plan_);
    EXPECT_EQ(known("t"), nullptr) << told;
  }
}

TEST_F(HealthWatchTest, NothingIsKnownWhileEcsCannotBeReached) {
  query_.broken["DescribeTaskDefinition"] = error(ErrorKind::kThrottled);
  run_for(seconds{1}, plan_);
  EXPECT_FALSE(process_->memory.checked_containers.contains(kDefinition));
  query_.broken["DescribeTaskDefinition"] = error(ErrorKind::kUnavailable);
  run_for(minutes{1}, plan_);
  EXPECT_FALSE(process_->memory.checked_containers.contains(kDefinition));
  EXPECT_GE(count_calls("DescribeTaskDefinition"), 4);
  EXPECT_LE(count_calls("DescribeTaskDefinition"), 7) << "it waits longer each time";
  query_.broken["DescribeTasks"] = error(ErrorKind::kThrottled);
  query_.broken.erase("DescribeTaskDefinition");
  run_for(minutes{1}, plan_);
  EXPECT_EQ(known("t"), nullptr);
  EXPECT_LE(count_calls("DescribeTasks"), 7);
  query_.broken.clear();
  run_for(seconds{11}, plan_);
  EXPECT_NE(known("t"), nullptr);
}

TEST_F(HealthWatchTest, AsksForManyByTurns) {
  for (int i = 0; i < 250; ++i) put_young("m" + std::to_string(i), "HEALTHY");
  run_for(seconds{5}, plan_);
  EXPECT_EQ(process_->memory.health.size(), 251U);
  EXPECT_EQ(count_calls("DescribeTasks"), 2) << "200 and the rest; the real one asks by hundreds";
}

// An UNHEALTHY that the picture has from an earlier Describe must not stand against a newer word.
TEST_F(HealthWatchTest, KeepsWhatThePictureShowedMeanwhile) {
  tasks_.at(TaskArn{"t"}).object.health_status = "UNHEALTHY";
  say("t", "HEALTHY");
  run_for(seconds{5}, plan_);
  ASSERT_NE(known("t"), nullptr);
  EXPECT_EQ(known("t")->word, HealthWord::kHealthy);
  EXPECT_EQ(known("t")->shown, "UNHEALTHY");
}

// By itself, to ask it when it wants to be called again.
class HealthDuesTest : public HealthWatchTest {
 protected:
  void watch(const std::string& uid, const TaskDefinitionArn& definition,
             const std::vector<TaskArn>& tasks) {
    Environment environment = records().environments.at(kUid);
    environment.uid = EnvironmentUid{uid};
    watch_.watch(environment, definition, tasks);
    loop_.run_for(seconds{1});
  }
  HealthWatch watch_{process_->context};
  const std::vector<TaskArn> young_{TaskArn{"t"}};
};

TEST_F(HealthDuesTest, EndWithTheTasksThatSomebodyWaitsFor) {
  watch(kUid.value, kDefinition, young_);
  watch(kUid.value, kDefinition, young_);
  ASSERT_EQ(count_calls("DescribeTasks"), 1);
  EXPECT_LE(watch_.next_due(), loop_.now() + seconds{10});
  watch(kUid.value, kDefinition, {});
  EXPECT_EQ(watch_.next_due(), TimePoint::max());
}

TEST_F(HealthDuesTest, EndWithTheEnvironment) {
  watch("removed", kDefinition, young_);
  watch("removed", kDefinition, young_);
  EXPECT_LE(watch_.next_due(), loop_.now() + seconds{10});
  watch(kUid.value, kDefinition, {});
  EXPECT_EQ(watch_.next_due(), TimePoint::max());
}

TEST_F(HealthDuesTest, AreNotHiddenByADefinitionThatNobodyAsksFor) {
  query_.broken["DescribeTaskDefinition"] = error(ErrorKind::kUnavailable);
  watch(kUid.value, TaskDefinitionArn{"logs:2"}, young_);
  query_.broken.clear();
  watch(kUid.value, kDefinition, young_);
  watch(kUid.value, kDefinition, young_);
  loop_.run_for(seconds{5});
  EXPECT_GT(watch_.next_due(), loop_.now());
  EXPECT_LE(watch_.next_due(), loop_.now() + seconds{10});
}

TEST_F(HealthDuesTest, FewAreAskedForAtATime) {
  watch(kUid.value, kDefinition, {TaskArn{"t"}});
  slow_query_.describe_time = minutes{1};
  for (const char* uid : {"1", "2", "3", "4", "5", "6"}) watch(uid, kDefinition, young_);
  EXPECT_EQ(count_calls("DescribeTasks"), 4);
}

TEST_F(HealthDuesTest, NotAllDefinitionsAreRemembered) {
  for (std::size_t number = 0; number <= HealthWatch::kDefinitionsMax; ++number) {
    const TaskDefinitionArn other{"other:" + std::to_string(number)};
    query_.task_definitions[other.value] = {other, true, {"main"}};
    watch(kUid.value, other, {TaskArn{"unseen"}});
  }
  EXPECT_LE(process_->memory.checked_containers.size(), HealthWatch::kDefinitionsMax);
}

TEST_F(HealthWatchTest, LearnsThatATaskHasEnded) {
  put_in_ecs("t", kA, "STOPPED");
  run_for(seconds{5}, plan_);
  EXPECT_TRUE(process_->memory.ended.contains(TaskArn{"t"}));
  EXPECT_EQ(known("t"), nullptr);
}

TEST_F(HealthWatchTest, ForgetsTasksThatAreGone) {
  run_for(seconds{5}, plan_);
  ASSERT_NE(known("t"), nullptr);
  tasks_.clear();
  plan_.health_wanted.clear();
  put_young("u", "UNKNOWN");
  run_for(seconds{5}, plan_);
  EXPECT_EQ(known("t"), nullptr);
  EXPECT_NE(known("u"), nullptr);
}

}  // namespace
}  // namespace blox::scheduler
