// Statuses: every documented word, any case, and unknown words kept.
#include "model/status.h"

#include <gtest/gtest.h>

namespace blox {
namespace {

TEST(TaskStatus, KeepsEveryWord) {
  for (const char* word : {"PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING",
                           "STOPPING", "DEPROVISIONING", "STOPPED", "DELETED"}) {
    const TaskStatus status = make_task_status(word);
    EXPECT_NE(status.kind, TaskStatusKind::kOther) << word;
    EXPECT_EQ(format(status), word);
  }
  EXPECT_EQ(make_task_status("Running"), make_task_status("RUNNING"));
  const TaskStatus news = make_task_status("HIBERNATING");
  EXPECT_EQ(news.kind, TaskStatusKind::kOther);
  EXPECT_EQ(format(news), "HIBERNATING");
  EXPECT_EQ(make_task_status("").kind, TaskStatusKind::kOther);
}

TEST(TaskStatus, OnlyStoppedAndDeletedAreFinal) {
  EXPECT_TRUE(make_task_status("STOPPED").is_final());
  EXPECT_TRUE(make_task_status("DELETED").is_final());
  for (const char* live : {"PROVISIONING", "RUNNING", "STOPPING", "DEPROVISIONING", "NEWS", ""}) {
    EXPECT_FALSE(make_task_status(live).is_final()) << live;
  }
}

TEST(InstanceStatus, KeepsEveryWord) {
  for (const char* word : {"REGISTERING", "REGISTRATION_FAILED", "ACTIVE", "DRAINING",
                           "DEREGISTERING", "INACTIVE", "SOMETHING_NEW"}) {
    EXPECT_EQ(format(make_instance_status(word)), word);
  }
  EXPECT_TRUE(make_instance_status("active").is_active());
  EXPECT_TRUE(make_instance_status("DRAINING").is_draining());
  EXPECT_TRUE(make_instance_status("INACTIVE").is_final());
  EXPECT_FALSE(make_instance_status("SOMETHING_NEW").is_final());
}

}  // namespace
}  // namespace blox
