// What is told of the queue, and for how long.
#include "cluster_state/ingest/queue_condition.h"

#include <gtest/gtest.h>

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;

class QueueConditionTest : public ::testing::Test {
 protected:
  // The trouble by the metric, which agrees with health; "" when there is none.
  std::string trouble() {
    condition.show(now);
    std::string found;
    for (const char* one : {"receive", "delete", "unreadable", "shared"}) {
      const double value =
          metrics.gauge("blox_ingest_queue_trouble", "", {{"trouble", one}}).Value();
      if (value == 1) found += one;
    }
    EXPECT_EQ(condition.health(now).has_value(), found.empty());
    return found;
  }
  std::string health() {
    const Status health = condition.health(now);
    return health ? "" : health.error().message;
  }

  Metrics metrics;
  TimePoint now{};
  QueueCondition condition{metrics};
};

TEST_F(QueueConditionTest, ReceivesThatFailForAWhile) {
  EXPECT_EQ(trouble(), "");
  condition.note_receive_failure({ErrorKind::kUnavailable, "away"}, now);
  EXPECT_EQ(health(), "cannot receive from the queue: away") << "it never worked";
  condition.note_received(0, now);
  condition.note_receive_failure({ErrorKind::kUnavailable, "reset"}, now);
  now += 29s;
  EXPECT_EQ(trouble(), "");
  condition.note_receive_failure({ErrorKind::kUnavailable, "refused"}, now);
  now += 1s;
  EXPECT_EQ(trouble(), "receive");
  EXPECT_EQ(health(), "cannot receive from the queue: reset");
  condition.note_received(0, now);
  EXPECT_EQ(trouble(), "");
}

// KMS denies only where there is a message, which is hidden then: calls without one succeed.
TEST_F(QueueConditionTest, ADenialOutlivesAnswersWithoutMessages) {
  condition.note_received(0, now);
  for (int minute = 0; minute < 3; ++minute) {
    condition.note_receive_failure({ErrorKind::kDenied, "KMS.AccessDeniedException"}, now);
    for (int second = 0; second < 60; ++second) {
      now += 1s;
      condition.note_received(0, now);
      EXPECT_EQ(trouble(), minute == 0 && second < 29 ? "" : "receive");
    }
  }
  now += 89s;
  condition.note_received(0, now);
  EXPECT_EQ(trouble(), "receive");
  now += 1s;
  condition.note_received(0, now);
  EXPECT_EQ(trouble(), "") << "denied long ago";
  condition.note_receive_failure({ErrorKind::kDenied, "KMS.AccessDeniedException"}, now);
  now += 40s;
  condition.note_received(1, now);
  EXPECT_EQ(trouble(), "") << "a message comes";
}

// Where the call itself is denied, one that is not proves that it no longer is.
TEST_F(QueueConditionTest, ADenialOfTheCallEndsWithTheNextAnswer) {
  const Error denied{ErrorKind::kDenied, "HTTP 400 AccessDeniedException: no"};
  condition.note_receive_failure(denied, now);
  EXPECT_EQ(trouble(), "receive") << "it never worked";
  condition.note_received(0, now += 2s);
  EXPECT_EQ(trouble(), "");
  condition.note_receive_failure(denied, now);
  condition.note_receive_failure(denied, now += 40s);
  EXPECT_EQ(trouble(), "receive");
  condition.note_received(0, now += 1s);
  EXPECT_EQ(trouble(), "");
  condition.note_receive_failure(denied, now);
  condition.note_receive_failure({ErrorKind::kDenied, "HTTP 400 KMS.DisabledException"}, now += 1s);
  condition.note_received(0, now += 40s);
  EXPECT_EQ(trouble(), "receive") << "KMS denies, whatever was denied before";
}

TEST_F(QueueConditionTest, DeletesThatAreRefused) {
  condition.note_delete_failure({ErrorKind::kDenied, "no sqs:DeleteMessage"}, now);
  EXPECT_EQ(trouble(), "delete");
  EXPECT_NE(health().find("no sqs:DeleteMessage"), std::string::npos);
  condition.note_deleted();
  EXPECT_EQ(trouble(), "");
  condition.note_delete_failure({ErrorKind::kDenied, "no"}, now);
  now += 29s;
  EXPECT_EQ(trouble(), "");
  now += 1s;
  EXPECT_EQ(trouble(), "delete");
}

TEST_F(QueueConditionTest, MessagesNobodyCanRead) {
  for (int message = 0; message < 19; ++message) condition.note_unreadable("no JSON");
  EXPECT_EQ(trouble(), "");
  condition.note_readable();
  for (int message = 0; message < 19; ++message) condition.note_unreadable("no JSON");
  EXPECT_EQ(trouble(), "");
  condition.note_unreadable("id is missing");
  EXPECT_EQ(trouble(), "unreadable");
  EXPECT_NE(health().find("the last 20 messages"), std::string::npos) << health();
  EXPECT_NE(health().find("id is missing"), std::string::npos) << health();
  condition.note_readable();
  EXPECT_EQ(trouble(), "");
}

TEST_F(QueueConditionTest, SomeoneElse) {
  for (int look = 0; look < 8; ++look) condition.in_flight().look(5, now += 10s);
  EXPECT_EQ(trouble(), "shared");
  EXPECT_NE(health().find("5 messages in flight are not ours"), std::string::npos) << health();
  EXPECT_EQ(metrics.gauge("blox_ingest_foreign_in_flight", "").Value(), 5);
}

}  // namespace
}  // namespace blox::cluster_state
