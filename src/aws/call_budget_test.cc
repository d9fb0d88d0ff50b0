// The budget of calls under virtual time: rate, order, deadlines, throttle answers.
#include "aws/call_budget.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/scope.h"
#include "base/sim_loop.h"

namespace blox::aws {
namespace {

using namespace std::chrono_literals;

class CallBudgetTest : public testing::Test {
 protected:
  CallBudgetTest() { loop_.run_for(1min); }  // The bucket is full.

  Async<void> take(std::string name, CallPriority priority, Duration wait_max) {
    const Status got = co_await budget_.take(priority, loop_.now() + wait_max);
    log_.push_back(name + (got ? "" : " timed out"));
    if (!got) errors_.push_back(got.error());
    times_.push_back(loop_.now().time_since_epoch());
  }
  void ask(std::string name, CallPriority priority = CallPriority::kAct, Duration wait_max = 1h) {
    scope_->spawn(take(std::move(name), priority, wait_max));
    loop_.run_for(1us);
  }

  SimLoop loop_{3};
  CallBudget budget_{loop_, {4, 2}, 0.5};  // Ours: a burst of 2, then 1 a second.
  std::vector<std::string> log_;
  std::vector<Duration> times_;
  std::vector<Error> errors_;
  std::unique_ptr<Scope> scope_ = std::make_unique<Scope>(loop_);
};

TEST_F(CallBudgetTest, GivesABurstAndThenItsRate) {
  for (const char* name : {"a", "b", "c", "d"}) ask(name);
  EXPECT_EQ(log_, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(budget_.waiting(), 2u);
  loop_.run_for(1010ms);
  EXPECT_EQ(log_.size(), 3u);
  loop_.run_for(1s);
  EXPECT_EQ(log_, (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(budget_.waiting(), 0u);
}

TEST_F(CallBudgetTest, WakesByPriorityThenByOrder) {
  ask("burst 1");
  ask("burst 2");
  ask("reconcile 1", CallPriority::kReconcile);
  ask("act 1", CallPriority::kAct);
  ask("resolve", CallPriority::kResolve);
  ask("act 2", CallPriority::kAct);
  ask("reconcile 2", CallPriority::kReconcile);
  loop_.run_for(10s);
  EXPECT_EQ(log_, (std::vector<std::string>{"burst 1", "burst 2", "resolve", "act 1", "act 2",
                                            "reconcile 1", "reconcile 2"}));
}

TEST_F(CallBudgetTest, GivesUpAtTheDeadlineWithoutTakingAToken) {
  ask("burst 1");
  ask("burst 2");
  ask("hasty", CallPriority::kAct, 300ms);
  ask("patient");
  loop_.run_for(900ms);
  EXPECT_EQ(log_.back(), "hasty timed out");
  loop_.run_for(200ms);
  EXPECT_EQ(log_.back(), "patient");
}

TEST_F(CallBudgetTest, ForgetsAWaiterThatIsDestroyed) {
  ask("burst 1");
  ask("burst 2");
  ask("gone");
  scope_ = std::make_unique<Scope>(loop_);
  EXPECT_EQ(budget_.waiting(), 0u);
  ask("next");
  loop_.run_for(1010ms);
  EXPECT_EQ(log_.back(), "next");
}

TEST_F(CallBudgetTest, HalvesItsRateAtAThrottleAnswerAndRecovers) {
  budget_.on_throttled();
  budget_.on_throttled();  // Of the same burst.
  EXPECT_DOUBLE_EQ(budget_.rate(), 0.5);
  EXPECT_DOUBLE_EQ(budget_.tokens(), 0);
  for (int i = 0; i < 50; ++i) {
    loop_.run_for(2s);
    budget_.on_throttled();
  }
  EXPECT_DOUBLE_EQ(budget_.rate(), 0.1);
  loop_.run_for(15s);
  EXPECT_NEAR(budget_.rate(), 0.6, 0.01);
  loop_.run_for(10min);
  EXPECT_DOUBLE_EQ(budget_.rate(), 1);
  EXPECT_DOUBLE_EQ(budget_.tokens(), 2);
}

TEST_F(CallBudgetTest, NeverGivesMoreThanBurstAndRate) {
  for (int i = 0; i < 100; ++i) ask("n" + std::to_string(i));
  loop_.run_for(50s);
  EXPECT_GE(log_.size(), 51u);
  EXPECT_LE(log_.size(), 52u);
}

TEST_F(CallBudgetTest, StartsWithWhatASecondBrings) {
  EXPECT_DOUBLE_EQ((CallBudget{loop_, {100, 20}}.tokens()), 20);
  EXPECT_DOUBLE_EQ((CallBudget{loop_, {100, 20}, 0.01}.tokens()), 1);
  EXPECT_DOUBLE_EQ((CallBudget{loop_, {10, 20}}.tokens()), 10);
}

TEST_F(CallBudgetTest, TellsOneWaiterTooManyAtOnce) {
  ask("burst 1");
  ask("burst 2");
  for (std::size_t i = 0; i < CallBudget::kWaitersMax; ++i) {
    scope_->spawn(take("waits", CallPriority::kAct, 1h));
  }
  loop_.run_for(0s);
  EXPECT_EQ(budget_.waiting(), CallBudget::kWaitersMax);
  scope_->spawn(take("one more", CallPriority::kAct, 1h));
  loop_.run_for(0s);
  EXPECT_EQ(log_.back(), "one more timed out");
}

TEST_F(CallBudgetTest, PeopleGoLast) {
  ask("burst 1");
  ask("burst 2");
  ask("person", CallPriority::kPeople);
  ask("reconcile", CallPriority::kReconcile);
  ask("act", CallPriority::kAct);
  ask("resolve", CallPriority::kResolve);
  loop_.run_for(10s);
  EXPECT_EQ(log_, (std::vector<std::string>{"burst 1", "burst 2", "resolve", "act", "reconcile",
                                            "person"}));
}

TEST_F(CallBudgetTest, RefusesTheNinthOfThePeopleAtOnce) {
  ask("burst 1");
  ask("burst 2");
  for (int i = 1; i <= 9; ++i) ask("person " + std::to_string(i), CallPriority::kPeople);
  ASSERT_EQ(log_.back(), "person 9 timed out");
  EXPECT_EQ(errors_.back(),
            (Error{ErrorKind::kThrottled,
                   "8 calls that people asked for wait already for our own budget of calls; try "
                   "again in a few seconds"}));
  EXPECT_EQ(budget_.waiting(), 8u);
  // The others have their place all the same, and a person who is served makes room for one more.
  ask("act", CallPriority::kAct);
  loop_.run_for(3500ms);
  EXPECT_EQ(log_.back(), "person 1");
  ask("person 10", CallPriority::kPeople);
  EXPECT_EQ(budget_.waiting(), 8u);
  EXPECT_EQ(errors_.size(), 1u);
}

TEST_F(CallBudgetTest, APersonWaitsNoLongerThanTheDeadline) {
  ask("burst 1");
  ask("burst 2");
  ask("person", CallPriority::kPeople, 500ms);
  loop_.run_for(1s);
  EXPECT_EQ(log_.back(), "person timed out");
  EXPECT_EQ(errors_.back().kind, ErrorKind::kThrottled);
  EXPECT_EQ(budget_.waiting(), 0u);
}

TEST_F(CallBudgetTest, APersonWhoLeavesGivesThePlaceBack) {
  ask("burst 1");
  ask("burst 2");
  auto leaver = std::make_unique<Scope>(loop_);
  leaver->spawn(take("leaver", CallPriority::kPeople, 1h));
  loop_.run_for(1us);
  for (int i = 1; i <= 7; ++i) ask("person " + std::to_string(i), CallPriority::kPeople);
  ASSERT_EQ(budget_.waiting(), 8u);
  leaver.reset();
  ask("heir", CallPriority::kPeople);
  EXPECT_EQ(budget_.waiting(), 8u);
  EXPECT_TRUE(errors_.empty());
}

// However many ask, and however full the bucket: what a second brings is left, and goes first.
TEST_F(CallBudgetTest, AFloodOfPeopleLeavesTheOthersTheirTokens) {
  CallBudget budget{loop_, {100, 20}};
  loop_.run_for(1min);
  ASSERT_DOUBLE_EQ(budget.tokens(), 100);
  int served = 0;
  const auto person = [&]() -> Async<void> {
    if (co_await budget.take(CallPriority::kPeople, loop_.now() + 10s)) ++served;
  };
  std::vector<Duration> waits;
  const auto other = [&](CallPriority priority) -> Async<void> {
    const TimePoint asked = loop_.now();
    EXPECT_TRUE(co_await budget.take(priority, loop_.now() + 10s));
    waits.push_back(loop_.now() - asked);
  };
  for (int i = 0; i < 300; ++i) scope_->spawn(person());
  loop_.run_for(0s);
  EXPECT_EQ(served, 80);
  EXPECT_EQ(budget.waiting(), 8u);
  EXPECT_DOUBLE_EQ(budget.tokens(), 20);
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 30; ++i) scope_->spawn(person());
    for (const auto priority :
         {CallPriority::kResolve, CallPriority::kAct, CallPriority::kReconcile}) {
      scope_->spawn(other(priority));
    }
    loop_.run_for(250ms);
  }
  ASSERT_EQ(waits.size(), 300u);
  for (const Duration wait : waits) EXPECT_EQ(wait, 0s);
  EXPECT_GT(served, 80 + 100) << "what the others leave is theirs";
  scope_.reset();
}

// A share so small that the bucket never holds two tokens.
TEST_F(CallBudgetTest, PeopleAreServedFromASmallBucketToo) {
  for (const double share : {0.01, 0.013, 0.033}) {
    CallBudget budget{loop_, kReadLimits, share};
    std::optional<Status> got;
    const auto person = [&]() -> Async<void> {
      got = co_await budget.take(CallPriority::kPeople, loop_.now() + 10s);
    };
    scope_->spawn(person());
    loop_.run_for(10s);
    EXPECT_TRUE(got && *got) << share;
  }
}

// Stronger calls ask without end: one token of ten is reconcile's all the same, and no more.
TEST_F(CallBudgetTest, ReconcileHasAFloorThatStrongerCallsCannotTake) {
  for (const auto stronger : {CallPriority::kResolve, CallPriority::kAct}) {
    CallBudget budget{loop_, {100, 20}};
    int reads = 0;
    int others = 0;
    const auto read = [&]() -> Async<void> {
      while (co_await budget.take(CallPriority::kReconcile, loop_.now() + 1h)) ++reads;
    };
    const auto other = [&]() -> Async<void> {
      while (co_await budget.take(stronger, loop_.now() + 1h)) ++others;
    };
    Scope scope{loop_};
    for (int i = 0; i < 50; ++i) scope.spawn(other());
    scope.spawn(read());
    loop_.run_for(100s);
    EXPECT_NEAR(reads, 200, 5);
    EXPECT_NEAR(others, 1'820, 10);
  }
}

// The floor is of what there is: it brings no token that the budget has not.
TEST_F(CallBudgetTest, TheFloorIsPartOfTheRateInForce) {
  CallBudget budget{loop_, {100, 20}};
  int reads = 0;
  int others = 0;
  const auto take_all = [&](CallPriority priority, int& count) -> Async<void> {
    while (co_await budget.take(priority, loop_.now() + 1h)) ++count;
  };
  Scope scope{loop_};
  for (int i = 0; i < 5; ++i) scope.spawn(take_all(CallPriority::kResolve, others));
  scope.spawn(take_all(CallPriority::kReconcile, reads));
  for (int second = 0; second < 200; ++second) {
    budget.on_throttled();
    loop_.run_for(1s);
  }
  EXPECT_GT(reads, (reads + others) / 12);
  EXPECT_LT(reads + others, 700) << "two or three a second";
}

TEST_F(CallBudgetTest, WhoeverLeavesInTheMidstWakesTheNextByTheFloor) {
  CallBudget budget{loop_, {1, 1}};
  int others = 0;
  const auto other = [&]() -> Async<void> {
    while (co_await budget.take(CallPriority::kAct, loop_.now() + 1h)) ++others;
  };
  std::optional<Status> left;
  std::optional<Status> stayed;
  const auto read = [&](std::optional<Status>& got, Duration patience) -> Async<void> {
    got = co_await budget.take(CallPriority::kReconcile, loop_.now() + patience);
  };
  Scope scope{loop_};
  scope.spawn(other());
  loop_.run_for(1us);
  scope.spawn(read(left, 10100ms));  // Its turn by the floor has come then, a token has not.
  loop_.run_for(1us);
  scope.spawn(read(stayed, 1h));
  loop_.run_for(10500ms);
  ASSERT_TRUE(left);
  loop_.run_for(20s);
  EXPECT_TRUE(stayed && *stayed);
  EXPECT_GT(others, 25);
}

TEST_F(CallBudgetTest, ARaisedShareEndsWithItsHolder) {
  CallBudget budget{loop_, {100, 20}, 0.5};
  {
    const RaisedShare raised{budget, 1.0};
    EXPECT_DOUBLE_EQ(budget.rate(), 20);
    EXPECT_DOUBLE_EQ(budget.tokens(), 10) << "it brings no tokens at once";
    loop_.run_for(1min);
    EXPECT_DOUBLE_EQ(budget.tokens(), 100);
  }
  EXPECT_DOUBLE_EQ(budget.rate(), 10);
  EXPECT_DOUBLE_EQ(budget.tokens(), 50);
  const RaisedShare less{budget, 0.2};
  EXPECT_DOUBLE_EQ(budget.rate(), 10) << "it takes nothing away";
}

TEST_F(CallBudgetTest, AThrottleAnswerEndsARaisedShareForGood) {
  CallBudget budget{loop_, {100, 20}, 0.25};
  std::optional<RaisedShare> raised;
  raised.emplace(budget, 1.0);
  budget.on_throttled();
  EXPECT_DOUBLE_EQ(budget.rate(), 5) << "half of it is still more than our own";
  loop_.run_for(10min);
  EXPECT_DOUBLE_EQ(budget.rate(), 5);
  EXPECT_DOUBLE_EQ(budget.tokens(), 25);
  raised.reset();
  EXPECT_DOUBLE_EQ(budget.rate(), 5);
  const RaisedShare again{budget, 1.0};
  EXPECT_DOUBLE_EQ(budget.rate(), 5);
}

TEST_F(CallBudgetTest, ARaisedShareServesWhoWaitsAlready) {
  ask("burst 1");
  ask("burst 2");
  ask("waits");
  const RaisedShare raised{budget_, 4.0};  // Eight a second.
  loop_.run_for(200ms);
  EXPECT_EQ(log_.back(), "waits");
}

TEST_F(CallBudgetTest, ShowsHowItStands) {
  Metrics metrics;
  CallBudget shown{loop_, {4, 2}};
  shown.show_in(metrics, "read");
  const auto shows = [&](const std::string& line) {
    const std::string text = metrics.to_text();
    EXPECT_NE(text.find(line + "\n"), std::string::npos) << line << "\n" << text;
  };
  shows(R"(blox_aws_budget_tokens{bucket="read"} 2)");
  const auto take_one = [&]() -> Async<void> {
    (void)co_await shown.take(CallPriority::kAct, loop_.now() + 1h);
  };
  for (int i = 0; i < 3; ++i) scope_->spawn(take_one());
  loop_.run_for(0s);
  shows(R"(blox_aws_budget_tokens{bucket="read"} 0)");
  shows(R"(blox_aws_budget_waiting{bucket="read"} 1)");
  shown.on_throttled();
  shows(R"(blox_aws_budget_rate{bucket="read"} 1)");
  loop_.run_for(2s);
  shows(R"(blox_aws_budget_waiting{bucket="read"} 0)");
  scope_.reset();
}

}  // namespace
}  // namespace blox::aws
