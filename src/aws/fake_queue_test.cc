// The queue in memory: deliveries hide, come again, and are deleted by their newest receipt alone.
#include "aws/fake_queue.h"

#include <gmock/gmock.h>

#include <optional>

#include "base/run_to_end_for_tests.h"
#include "base/scope.h"
#include "base/sim_loop.h"

namespace blox::aws {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

class FakeQueueTest : public testing::Test {
 protected:
  template <class T>
  T run(Async<T> work) {
    return run_to_end(loop_, std::move(work));
  }

  SimLoop loop_{5};
  FakeQueue queue_{loop_, 30s};
};

TEST_F(FakeQueueTest, DeliversOldestFirstInBatchesOfTen) {
  for (int i = 0; i < 12; ++i) queue_.push("b" + std::to_string(i));
  const auto first = run(queue_.receive(0s));
  ASSERT_EQ(first.value().size(), 10u);
  EXPECT_EQ(first->at(0).body, "b0");
  EXPECT_EQ(first->at(0).id, "m1");
  EXPECT_EQ(run(queue_.receive(0s)).value().size(), 2u);
  EXPECT_THAT(run(queue_.receive(0s)).value(), IsEmpty());
  EXPECT_EQ(queue_.size(), 12u);
}

TEST_F(FakeQueueTest, WaitsForAMessage) {
  std::optional<TimePoint> got_at;
  const auto work = [&]() -> Async<void> {
    const auto batch = co_await queue_.receive(20s);
    EXPECT_EQ(batch.value().size(), 1u);
    got_at = loop_.now();
  };
  Scope scope{loop_};
  scope.spawn(work());
  loop_.run_for(5s);
  queue_.push("late");
  loop_.run_for(1s);
  EXPECT_EQ(got_at.value().time_since_epoch(), 5s);
}

TEST_F(FakeQueueTest, DeliversAgainUnderAnotherReceipt) {
  queue_.push("b");
  const std::string old = run(queue_.receive(0s)).value().at(0).receipt;
  const std::string newest = run(queue_.receive(1min)).value().at(0).receipt;
  EXPECT_EQ(loop_.now().time_since_epoch(), 30s);
  const auto left = run(queue_.remove({old})).value();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].receipt, old);
  EXPECT_THAT(run(queue_.remove({newest})).value(), IsEmpty());
  EXPECT_EQ(queue_.size(), 0u);
  EXPECT_EQ(queue_.removed_count, 1u);
  loop_.run_for(1min);
  EXPECT_THAT(run(queue_.receive(0s)).value(), IsEmpty());
}

TEST_F(FakeQueueTest, CountsWhatIsInFlight) {
  queue_.shown.identity = "made first";
  for (int i = 0; i < 12; ++i) queue_.push("b");
  const auto in_flight = [&] { return run(queue_.look()).value().in_flight_count; };
  EXPECT_EQ(in_flight(), 0u);
  const auto batch = run(queue_.receive(0s)).value();
  EXPECT_EQ(in_flight(), 10u);
  EXPECT_THAT(run(queue_.remove({batch[0].receipt})).value(), IsEmpty());
  EXPECT_EQ(in_flight(), 9u);
  queue_.foreign_in_flight = 3;
  EXPECT_EQ(in_flight(), 12u);
  loop_.run_for(30s);
  EXPECT_EQ(in_flight(), 3u) << "visible again";
  EXPECT_EQ(run(queue_.look()).value().identity, "made first");
  queue_.look_fault = Error{ErrorKind::kDenied, "no"};
  EXPECT_FALSE(run(queue_.look()));
}

TEST_F(FakeQueueTest, FailsOnOrder) {
  queue_.push("b");
  queue_.receive_faults.push_back({ErrorKind::kThrottled, "slow"});
  queue_.remove_faults.push_back({ErrorKind::kUnavailable, "gone"});
  EXPECT_EQ(run(queue_.receive(0s)).error().kind, ErrorKind::kThrottled);
  EXPECT_EQ(run(queue_.remove({"r"})).error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(run(queue_.receive(0s)).value().size(), 1u);
}

}  // namespace
}  // namespace blox::aws
