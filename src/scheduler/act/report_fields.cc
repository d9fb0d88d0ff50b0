#include "scheduler/act/report_fields.h"

#include <string>

#include "base/bounded_text.h"

namespace blox::scheduler {

std::string_view find_text(std::string_view detail, std::string_view member) {
  const std::string key = "\"" + std::string{member} + "\":\"";
  const auto at = detail.find(key);
  if (at == std::string_view::npos) return {};
  const auto begin = at + key.size();
  const auto end = detail.find('"', begin);
  if (end == std::string_view::npos) return {};
  return detail.substr(begin, end - begin);
}

bool has_connected_agent(const InstanceReport& report) {
  return report.detail.find("\"agentConnected\":true") != std::string::npos;
}

TaskStatus desired_status(const TaskReport& report) {
  return make_task_status(std::string{find_text(report.detail, "desiredStatus")});
}

WallTime created_at(const TaskReport& report) {
  return parse_time(find_text(report.detail, "createdAt")).value_or(WallTime{});
}

HealthWord health_of(const TaskReport& report, const std::vector<std::string>& containers) {
  constexpr std::string_view kBegin = R"("containerHealthStatus":{)";
  std::string_view words{report.describe_only};
  const auto begin = words.find(kBegin);
  if (begin == std::string_view::npos) return HealthWord::kSilent;
  words.remove_prefix(begin + kBegin.size());
  words = words.substr(0, words.find('}'));
  HealthWord together = HealthWord::kHealthy;
  for (const std::string& name : containers) {
    const std::string_view word = find_text(words, name);
    if (word == "UNHEALTHY") return HealthWord::kIll;
    if (word != "HEALTHY") together = HealthWord::kSilent;
  }
  return together;
}

EndedTask end_of(const TaskReport& report, WallTime now) {
  EndedTask ended;
  ended.created_at = find_text(report.detail, "createdAt");
  ended.started_at = find_text(report.detail, "startedAt");
  ended.stopped_at = find_text(report.detail, "stoppedAt");
  ended.stopped_reason = shorten(find_text(report.detail, "stoppedReason"));
  ended.stop_code = find_text(report.detail, "stopCode");
  if (ended.stopped_at.empty()) ended.stopped_at = format_time(now);
  return ended;
}

}  // namespace blox::scheduler
