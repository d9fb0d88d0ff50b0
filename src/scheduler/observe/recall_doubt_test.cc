// Tasks that a picture shows alive and that were over before our stop emptied their instance.
#include <gtest/gtest.h>

#include "scheduler/observe/observer_for_tests.h"

namespace blox::scheduler {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

struct RecallDoubtTest : ObserverTest {
  // Our stop has ended that task, the last one there.
  void note_emptied(const Task& stopped) {
    const IntentKey here{kUid, ContainerInstanceArn{"a"}};
    records_.emptied[here] = {kUid,        here.second, kDate,
                              stopped.arn, {},          parse_time(stopped.created_at).value()};
  }
};

// The store of the cluster state was put back, and Describe is silent: nothing tells of the end of
// what the picture shows, but nothing was started beside a live task.
TEST_F(RecallDoubtTest, ATaskThatWasOverBeforeOurStopMakesNothingGood) {
  add_task("old", "new");
  const Task stopped = add_task("stopped", "new");
  EXPECT_FALSE(observe_a().tasks.at(0).doubted_since);
  const IntentKey here{kUid, ContainerInstanceArn{"a"}};
  Emptied note{kUid, here.second, kDate, stopped.arn, {}, parse_time(stopped.created_at).value()};
  records_.emptied[here] = note;
  const TimePoint shown = now_;
  EXPECT_TRUE(observe_a().emptied_by_us);
  now_ += minutes{30};
  EXPECT_TRUE(observe_a().emptied_by_us);
  EXPECT_EQ(observe_a().tasks.at(0).doubted_since, shown);
  note.task_created_at.reset();
  records_.emptied[here] = note;
  EXPECT_FALSE(observe_a().emptied_by_us) << "another was to stay";
  EXPECT_FALSE(observe_a().tasks.at(0).doubted_since);
}

TEST_F(RecallDoubtTest, NorDoesOneThatEndedSince) {
  const Task stopped = add_task("stopped", "new");
  note_emptied(stopped);
  Task& heir = add_task("heir", "new");
  const Task alive = heir;
  heir.last_status = make_task_status("STOPPED");
  heir.stopped_at = format_time(kDate + seconds{3});
  EXPECT_TRUE(observe_a().emptied_by_us);
  heir = alive;
  EXPECT_TRUE(observe_a().emptied_by_us);
  now_ += minutes{5};
  EXPECT_TRUE(observe_a().emptied_by_us);
  add_task("another", "new");
  EXPECT_TRUE(observe_a().emptied_by_us) << "it is young";
  now_ += seconds{10};
  EXPECT_FALSE(observe_a().emptied_by_us);
}

// Nobody has heard of the stop's effect yet.
TEST_F(RecallDoubtTest, NorWhileOurStopIsOpen) {
  add_task("old", "new");
  const Task stopped = add_task("stopped", "new");
  Intent& stop = add_intent(IntentKind::kStop, {stopped.arn});
  stop.task_created_at = parse_time(stopped.created_at).value();
  EXPECT_TRUE(observe_a().tasks.at(0).doubted_since);
  EXPECT_FALSE(observe_a().tasks.at(1).doubted_since) << "it is said of that one elsewhere";
  records_.intents.clear();
  EXPECT_FALSE(observe_a().tasks.at(0).doubted_since) << "it was taken back";
}

// Until a picture shows it its age is by our clock, and the others' are by ECS's.
TEST_F(RecallDoubtTest, AStartThatIsNotShownYetIsNotDoubtedByOurClock) {
  const Task stopped = add_task("stopped", "new", "STOPPED");
  note_emptied(stopped);
  Task& dead = add_task("dead", "new", "STOPPED");
  dead.created_at = format_time(kDate + seconds{60});
  dead.stopped_at = format_time(kDate + seconds{61});
  observe();
  add_outcome("heir", kDate + seconds{59});
  EXPECT_FALSE(observe_a().tasks.at(0).doubted_since);
  add_outcome("heir", parse_time(stopped.created_at).value() - seconds{1});
  EXPECT_FALSE(observe_a().tasks.at(0).doubted_since);
  Task& heir = add_task("heir", "new");
  heir.created_at = format_time(kDate + seconds{62});
  EXPECT_FALSE(observe_a().tasks.at(0).doubted_since);
  now_ += seconds{10};
  EXPECT_FALSE(observe_a().emptied_by_us);
}

TEST_F(RecallDoubtTest, AStartIsDoubtedByEcsOnceItIsShown) {
  const Task stopped = add_task("stopped", "new", "STOPPED");
  note_emptied(stopped);
  Task& dead = add_task("dead", "new", "STOPPED");
  dead.created_at = format_time(kDate + seconds{60});
  dead.stopped_at = format_time(kDate + seconds{61});
  add_outcome("earlier", kDate + seconds{63});
  observe();
  EXPECT_FALSE(observe_a().tasks.at(0).doubted_since);
  add_task("earlier", "new").created_at = format_time(kDate + seconds{59});
  EXPECT_TRUE(observe_a().tasks.at(0).doubted_since);
  now_ += minutes{5};
  EXPECT_TRUE(observe_a().emptied_by_us);
}

TEST_F(RecallDoubtTest, OneThatLivedBesideAnotherIsNotDoubtedWhenThatEnds) {
  note_emptied(add_task("stopped", "new"));
  add_task("heir", "new");
  Task& twin = add_task("twin", "new");
  EXPECT_TRUE(observe_a().emptied_by_us);
  twin.last_status = make_task_status("STOPPED");
  twin.stopped_at = format_time(kDate + seconds{3});
  now_ += seconds{10};
  EXPECT_FALSE(observe_a().tasks.at(0).doubted_since);
  EXPECT_FALSE(observe_a().emptied_by_us);
}

}  // namespace
}  // namespace blox::scheduler
