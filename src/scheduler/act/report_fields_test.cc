// What is read from the text of a report: members alone, never what stands within their strings.
#include "scheduler/act/report_fields.h"

#include <gtest/gtest.h>

namespace blox::scheduler {
namespace {

TEST(ReportFields, FindMembersAlone) {
  constexpr std::string_view kDetail =
      R"({"name":"a \"group\":\"fake\"","group":"blox:logs","startedBy":""})";
  EXPECT_EQ(find_text(kDetail, "group"), "blox:logs");
  EXPECT_EQ(find_text(kDetail, "startedBy"), "");
  EXPECT_EQ(find_text(kDetail, "missing"), "");
  EXPECT_EQ(find_text(R"({"group":"cut)", "group"), "");
}

TEST(ReportFields, TellHowATaskEnded) {
  const WallTime now{std::chrono::days{20'000}};
  TaskReport report;
  EXPECT_EQ(end_of(report, now).stopped_at, format_time(now));
  EXPECT_EQ(end_of(report, now).started_at, "");
  report.detail = R"({"startedAt":"2024-10-04T00:00:00Z","stoppedAt":"2024-10-04T00:00:03Z",)"
                  R"("stoppedReason":"Essential container exited",)"
                  R"("stopCode":"EssentialContainerExited"})";
  const EndedTask ended = end_of(report, now);
  EXPECT_EQ(ended.started_at, "2024-10-04T00:00:00Z");
  EXPECT_EQ(ended.stopped_at, "2024-10-04T00:00:03Z");
  EXPECT_EQ(ended.stopped_reason, "Essential container exited");
  EXPECT_EQ(ended.stop_code, "EssentialContainerExited");
}

TEST(ReportFields, TellWhatTheHealthChecksSayTogether) {
  TaskReport report;
  const auto health = [&](const std::string& words, const std::vector<std::string>& names) {
    report.describe_only = R"({"healthStatus":"UNKNOWN","containerHealthStatus":{)" + words +
                           R"(},"tags":[{"key":"HEALTHY","value":"b"}]})";
    return health_of(report, names);
  };
  EXPECT_EQ(health_of(report, {"a"}), HealthWord::kSilent);
  EXPECT_EQ(health(R"("a":"HEALTHY","b":"UNKNOWN")", {"a"}), HealthWord::kHealthy);
  EXPECT_EQ(health(R"("a":"HEALTHY","b":"UNKNOWN")", {"a", "b"}), HealthWord::kSilent);
  EXPECT_EQ(health(R"("a":"UNKNOWN","b":"UNHEALTHY")", {"a", "b"}), HealthWord::kIll);
  EXPECT_EQ(health(R"("a":"HEALTHY")", {"key"}), HealthWord::kSilent);
}

TEST(ReportFields, KnowAConnectedAgent) {
  InstanceReport report;
  EXPECT_FALSE(has_connected_agent(report));
  report.detail = R"({"agentConnected":false})";
  EXPECT_FALSE(has_connected_agent(report));
  report.detail = R"({"agentConnected":true})";
  EXPECT_TRUE(has_connected_agent(report));
}

}  // namespace
}  // namespace blox::scheduler
