// AwsClock: the date by the answers of AWS, whatever the clock of the machine says.
#include "aws/aws_clock.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/run_to_end_for_tests.h"
#include "base/sim_loop.h"

namespace blox::aws {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// 1994-11-06T08:49:37Z, as AWS has it.
constexpr WallTime kDate{seconds{784'111'777}};
constexpr std::string_view kTold = "Sun, 06 Nov 1994 08:49:37 GMT";

TEST(AwsClock, HasTheDateOfTheMachineUntilAwsHasAnswered) {
  SimLoop loop{1, kDate};
  AwsClock clock{loop};
  loop.run_for(seconds{5});
  EXPECT_FALSE(clock.is_known());
  EXPECT_EQ(clock.wall_now(), kDate + seconds{5});
  clock.note(loop.now(), "");
  EXPECT_TRUE(clock.is_known()) << "who tells no date is not waited for";
  EXPECT_EQ(clock.wall_now(), kDate + seconds{5});
}

TEST(AwsClock, LeavesADateAloneThatMayBeRight) {
  SimLoop loop{1, kDate + milliseconds{300}};
  AwsClock clock{loop};
  clock.note(loop.now(), kTold);
  EXPECT_EQ(clock.wall_now(), kDate + milliseconds{300});
}

TEST(AwsClock, IsHeldWithinWhatAwsTells) {
  for (const Duration wrong : {Duration{minutes{-5}}, Duration{minutes{5}}}) {
    SimLoop loop{1, kDate + std::chrono::floor<milliseconds>(wrong)};
    AwsClock clock{loop};
    const TimePoint sent_at = loop.now();
    loop.run_for(milliseconds{200});
    clock.note(sent_at, kTold);
    EXPECT_GE(clock.wall_now(), kDate);
    EXPECT_LE(clock.wall_now(), kDate + milliseconds{1'200});
    const WallTime before = clock.wall_now();
    loop.run_for(minutes{1});
    EXPECT_EQ(clock.wall_now(), before + minutes{1});
  }
}

TEST(AwsClock, IsNotKnownByAnAnswerThatTookLong) {
  for (const seconds took : {seconds{3}, seconds{20}}) {
    SimLoop loop{1, kDate + minutes{1}};
    AwsClock clock{loop};
    const TimePoint sent_at = loop.now();
    loop.run_for(took);
    clock.note(sent_at, kTold);
    EXPECT_FALSE(clock.is_known()) << took.count();
    EXPECT_LE(clock.wall_now(), kDate + took + seconds{1}) << "it may have been given at once";
    clock.note(loop.now(), kTold);
    EXPECT_TRUE(clock.is_known());
    EXPECT_LE(clock.wall_now(), kDate + seconds{1});
  }
}

TEST(AwsClock, GoesOnByAQuickAnswerWhenOthersTakeLong) {
  SimLoop loop{1, kDate + minutes{5}};
  AwsClock clock{loop};
  const TimePoint begun = loop.now();
  clock.note(begun, kTold);
  const WallTime told = clock.wall_now();
  loop.run_for(seconds{20});
  clock.note(begun, "Sun, 06 Nov 1994 08:49:47 GMT");
  EXPECT_TRUE(clock.is_known());
  EXPECT_EQ(clock.wall_now(), told + seconds{20});
}

// Each leaves open when in its time it was dated; what all of them allow is one second here.
TEST(AwsClock, SlowAnswersTellTheDateTogether) {
  SimLoop loop{1, kDate + minutes{1}};
  AwsClock clock{loop};
  TimePoint sent_at = loop.now();
  loop.run_for(seconds{4});
  clock.note(sent_at, kTold);  // Dated at its beginning, …
  EXPECT_FALSE(clock.is_known());
  sent_at = loop.now();
  loop.run_for(seconds{4});
  clock.note(sent_at, "Sun, 06 Nov 1994 08:49:45 GMT");  // … and at its end.
  EXPECT_TRUE(clock.is_known());
  EXPECT_GE(clock.wall_now(), kDate + seconds{8});
  EXPECT_LE(clock.wall_now(), kDate + seconds{9});
}

// As when a clock there was set: the newer one holds, and what it allows alone.
TEST(AwsClock, AnswersThatDisagreeTellNothingTogether) {
  SimLoop loop{1, kDate};
  AwsClock clock{loop};
  TimePoint sent_at = loop.now();
  loop.run_for(seconds{4});
  clock.note(sent_at, kTold);
  sent_at = loop.now();
  loop.run_for(seconds{4});
  clock.note(sent_at, "Sun, 06 Nov 1994 08:50:45 GMT");
  EXPECT_FALSE(clock.is_known());
  EXPECT_GE(clock.wall_now(), kDate + seconds{68});
  EXPECT_LE(clock.wall_now(), kDate + seconds{73});
}

TEST(AwsClock, IsNotLedAstrayByWhatIsNoDate) {
  SimLoop loop{1, kDate};
  AwsClock clock{loop};
  for (const char* date : {"yesterday", "Sun, 06 Xxx 1994 08:49:37 GMT",
                           "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET"}) {
    clock.note(loop.now(), date);
    EXPECT_EQ(clock.wall_now(), kDate) << date;
  }
}

// Of what is within nanoseconds, and of AWS.
TEST(AwsClock, ADateThatCannotBeIsNone) {
  SimLoop loop{1, kDate};
  AwsClock clock{loop};
  for (const char* date : {"Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 2300 00:00:00 GMT",
                           "Wed, 31 Dec 1969 23:59:59 GMT", "Sat, 01 Jan 0000 00:00:00 GMT"}) {
    clock.note(loop.now(), date);
    EXPECT_EQ(clock.wall_now(), kDate) << date;
  }
  clock.note(loop.now(), "Thu, 31 Dec 2099 23:59:59 GMT");
  EXPECT_GT(clock.wall_now(), kDate + std::chrono::days{30'000});
}

class Answers final : public http::Transport {
 public:
  std::deque<http::Answer> answers;
  Async<Result<http::Answer>> send(http::OutgoingRequest) override {
    http::Answer next = std::move(answers.front());
    answers.pop_front();
    co_return next;
  }
  Async<Result<std::unique_ptr<http::LineStream>>> open_lines(http::OutgoingRequest,
                                                              Duration) override {
    co_return fail(ErrorKind::kInvalid, "none");
  }
};

TEST(DatedTransport, GoesByAnswersOfAwsAlone) {
  SimLoop loop{1, kDate + minutes{5}};
  AwsClock clock{loop};
  Answers real;
  DatedTransport transport{real, clock};
  real.answers.push_back({502, {{"Date", std::string{kTold}}}, ""});
  ASSERT_TRUE(run_to_end(loop, transport.send({})));
  EXPECT_FALSE(clock.is_known()) << "a proxy's";
  real.answers.push_back({400, {{"x-amzn-RequestId", "1"}, {"Date", std::string{kTold}}}, ""});
  ASSERT_TRUE(run_to_end(loop, transport.send({})));
  EXPECT_TRUE(clock.is_known()) << "a refusal, perhaps because of the very date";
  EXPECT_LE(clock.wall_now(), kDate + seconds{1});
}

}  // namespace
}  // namespace blox::aws
