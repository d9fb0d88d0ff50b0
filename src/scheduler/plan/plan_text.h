// The notation of the planner's tables, for tests alone: a world and a plan, each in one line.
//
//   "a: t/old b(draining=2m,others=1): u/new? c: +stop=v v/new"
// reads: a is an ACTIVE, connected instance with a serving task t of definition old; b has been
// DRAINING for 2 minutes, with one other task and our u on its way up; on c a stop of v is open.
//   tasks        t/new serves, t/new? is on its way up, t/new! on its way down, t/new- so by our
//                stop, t/new~ is unhealthy, t/new^ has a check that said nothing, t/new* was
//                started but not seen, t/new% must be over; #t is unclaimed; the first is the
//                oldest
//   intents      +start, +stop=t; with ".seen": the picture shows its effect; ".refused": ECS has
//                refused its calls; @AGE: so long it is open
//   instances    draining=AGE off=AGE (disconnected) inactive gone (superseded) others=N
//                failed=N/AGE refused=N/AGE (by ECS) unserved=AGE emptied died (early) heir (a
//                predecessor has a start open) held=AGE (by such a start, or by unclaimed tasks); a
//                task's mark may be followed by @AGE: so long it is in its phase; ##t is unclaimed,
//                but the delete of its environment stops it
// The settings are words: max=2 max=50% pending running failing (has failed) deployed (before)
// again (it was completed once) undeployed deleting terminate unloaded unsynced moved (opened since
// the last read) holes synced=AGE contact=AGE listed=a,b (failed) since=AGE (deployed)
// words=SO_IT_IS (the record's reason; else the number of those listed, if it was completed).
#pragma once

#include <algorithm>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "scheduler/plan/daemon_plan.h"

namespace blox::scheduler {

inline std::vector<std::string> split_text(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream stream{text};
  for (std::string part; std::getline(stream, part, at);) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

/// "name=value" as a pair; no value is empty text.
inline std::pair<std::string, std::string> split_setting(const std::string& text) {
  const auto at = text.find('=');
  if (at == std::string::npos) return {text, ""};
  return {text.substr(0, at), text.substr(at + 1)};
}

inline Duration age_from_text(const std::string& text) {
  const auto age = parse_duration(text);
  check(age.has_value(), "an age in a table is a duration");
  return *age;
}

inline void read_instance_flags(const World& world, const std::string& flags,
                                ObservedInstance& instance) {
  for (const auto& flag : split_text(flags, ',')) {
    const auto [name, value] = split_setting(flag);
    if (name == "draining") {
      instance.status = make_instance_status("DRAINING");
      instance.draining_since = world.now - age_from_text(value);
    } else if (name == "off") {
      instance.agent_connected = false;
      instance.disconnected_since = world.now - age_from_text(value);
    } else if (name == "inactive") {
      instance.status = make_instance_status("INACTIVE");
    } else if (name == "hidden") {
      instance.status = make_instance_status("UNKNOWN");
      instance.hidden_until = world.now + age_from_text(value);
    } else if (name == "gone") {
      instance.superseded = true;
    } else if (name == "others") {
      instance.other_task_count = std::stoi(value);
    } else if (name == "failed" || name == "refused") {
      const auto parts = split_text(value, '/');
      instance.failures = {std::stoi(parts.at(0)), world.now - age_from_text(parts.at(1)),
                           "RESOURCE:MEMORY", name == "refused"};
    } else if (name == "held") {
      instance.held_up_since = world.now - age_from_text(value);
    } else if (name == "unserved") {
      instance.unserved_since = world.now - age_from_text(value);
    } else if (name == "heir") {
      instance.predecessor_starts = true;
    } else if (name == "died") {
      instance.early_death = EarlyDeath{TaskArn{"dead"}, "it ended after 5 s"};
      if (!value.empty()) instance.early_death->outlived_since = world.now - age_from_text(value);
    } else {
      check(name == "emptied", "a flag of an instance in a table is known");
      instance.emptied_by_us = true;
    }
  }
}

inline OpenIntent intent_from_text(std::string text, TimePoint now) {
  OpenIntent intent;
  intent.reason = "test";
  if (text.ends_with(".seen")) {
    intent.effect_seen = true;
    text.resize(text.size() - 5);
  }
  if (const auto at = text.find('@'); at != std::string::npos) {
    intent.since = now - age_from_text(text.substr(at + 1));
    text.resize(at);
  }
  if (text.ends_with(".refused")) {
    intent.refused_count = 3;
    intent.refusal = "AccessDenied";
    text.resize(text.size() - 8);
  }
  const auto [kind, task] = split_setting(text);
  intent.kind = kind == "+stop" ? OpenIntentKind::kStop : OpenIntentKind::kStart;
  intent.task = TaskArn{task};
  if (intent.kind == OpenIntentKind::kStart) intent.started_by = "deploy-new";
  return intent;
}

inline ObservedTask task_from_text(std::string text, int position, TimePoint now) {
  ObservedTask task;
  task.phase = TaskPhase::kServing;
  if (const auto at = text.find('@'); at != std::string::npos) {
    task.phase_since = now - age_from_text(text.substr(at + 1));
    text.resize(at);
  }
  const char mark = text.back();
  if (mark == '?') task.phase = TaskPhase::kStarting;
  if (mark == '!' || mark == '-') task.phase = TaskPhase::kEnding;
  task.stopped_by_us = mark == '-';
  if (mark == '~') {
    task.unhealthy = true;
    task.unhealthy_since = task.phase_since;
  }
  if (mark == '^') {
    task.awaits_health = true;
    task.silent_since = task.phase_since;
  }
  if (mark == '%') task.doubted_since = task.phase_since.value_or(now);
  if (mark == '*') {
    task.phase = TaskPhase::kStarting;
    task.seen = false;
  }
  if (std::string_view{"?!-~^*%"}.contains(mark)) text.pop_back();
  const auto parts = split_text(text, '/');
  task.arn = TaskArn{parts.at(0)};
  task.task_definition = TaskDefinitionArn{parts.at(1)};
  task.started_by = "deploy-" + parts.at(1);
  task.created_at = WallTime{std::chrono::seconds{position}};
  return task;
}

inline void read_settings(const std::string& settings, World& world) {
  DesiredDeployment deployment{
      "deploy-new", TaskDefinitionArn{"new"}, RolloutStatus::kCompleted, {}};
  bool deployed = true;
  for (const auto& setting : split_text(settings, ' ')) {
    const auto [name, value] = split_setting(setting);
    if (name == "max") {
      world.desired.unavailable_is_percent = value.ends_with('%');
      world.desired.unavailable_max = std::stoi(value);
    } else if (name == "pending" || name == "running" || name == "failing") {
      deployment.status = name == "pending"   ? RolloutStatus::kPending
                          : name == "running" ? RolloutStatus::kRunning
                                              : RolloutStatus::kFailed;
    } else if (name == "listed") {
      for (const auto& arn : split_text(value, ',')) {
        deployment.failed_instances.emplace_back(arn);
      }
    } else if (name == "leftout") {
      deployment.left_some_out = true;
    } else if (name == "words") {
      deployment.reason = value;
      std::ranges::replace(deployment.reason, '_', ' ');
    } else if (name == "synced") {
      world.picture.synced_age = age_from_text(value);
    } else if (name == "since") {
      deployment.since = world.now - age_from_text(value);
    } else if (name == "contact") {
      world.picture.contact_age = age_from_text(value);
    } else {
      deployed = deployed && name != "undeployed";
      if (name == "deployed" || name == "again") world.desired.deployed_before = true;
      if (name == "deployed") world.desired.has_predecessor = true;
      if (name == "deleting") world.desired.deleting = true;
      if (name == "terminate") world.desired.terminate_tasks = true;
      if (name == "unloaded") world.picture.loaded = false;
      if (name == "unsynced") world.picture.synced_age.reset();
      if (name == "copied") world.picture.awaits_read = true;
      if (name == "moved") world.picture.confirmed = false;
      if (name == "holes") world.picture.lacks_tasks = true;
    }
  }
  const std::size_t left_out = deployment.failed_instances.size();
  if (deployment.status == RolloutStatus::kCompleted && left_out > 0 && deployment.reason.empty()) {
    deployment.reason = std::to_string(left_out) +
                        (left_out == 1 ? " instance is left out" : " instances are left out");
  }
  if (deployed) world.desired.deployment = std::move(deployment);
}

inline World world_from_text(const std::string& text, const std::string& settings = "") {
  World world;
  world.now = TimePoint{std::chrono::hours{100}};
  world.picture = {true, true, false, std::chrono::minutes{1}, std::chrono::seconds{1}};
  read_settings(settings, world);
  int position = 0;
  for (const auto& word : split_text(text, ' ')) {
    if (word.ends_with(':')) {
      auto& instance = world.instances.emplace_back();
      const auto flags = word.find('(');
      instance.arn = ContainerInstanceArn{word.substr(0, std::min(flags, word.size() - 1))};
      instance.status = make_instance_status("ACTIVE");
      instance.agent_connected = true;
      if (flags != std::string::npos) {
        read_instance_flags(world, word.substr(flags + 1, word.size() - flags - 3), instance);
      }
      continue;
    }
    auto& instance = world.instances.back();
    if (word.front() == '+') {
      instance.intent = intent_from_text(word, world.now);
    } else if (word.front() == '#') {
      UnclaimedTask& task = instance.unclaimed.emplace_back();
      task.will_end = word.starts_with("##");
      task.arn = TaskArn{word.substr(word.find_first_not_of('#'))};
    } else {
      instance.tasks.push_back(task_from_text(word, ++position, world.now));
    }
  }
  return world;
}

/// "undecided start@a stop t stop u keeping v close@b withdraw@b silent@b double@c confirm list
/// completed|failed failed=a failed=b": what is done, in this order.
inline std::string to_text(const Plan& plan) {
  std::string text;
  if (!plan.decided) text += "undecided ";
  for (const auto& start : plan.starts) text += "start@" + start.instance.value + " ";
  for (const auto& stop : plan.stops) {
    text += "stop " + stop.task.value + " ";
    if (stop.kept) text += "keeping " + stop.kept->value + " ";
  }
  for (const auto& over : plan.closings) text += "close@" + over.instance.value + " ";
  for (const auto& arn : plan.withdrawals) text += "withdraw@" + arn.value + " ";
  for (const auto& arn : plan.silent_stops) text += "silent@" + arn.value + " ";
  for (const auto& arn : plan.doubled) text += "double@" + arn.value + " ";
  if (plan.needs_confirmation) text += "confirm ";
  if (plan.needs_listing) text += "list ";
  if (plan.deployment) {
    const auto status = plan.deployment->status;
    text += status == RolloutStatus::kPending   ? "pending "
            : status == RolloutStatus::kRunning ? "running "
            : status == RolloutStatus::kFailed  ? "failed "
                                                : "completed ";
    for (const auto& arn : plan.deployment->failed_instances) text += "failed=" + arn.value + " ";
  }
  if (!text.empty()) text.pop_back();
  return text;
}

/// "serving: runs the wanted task", of the first instance.
inline std::string first_line_text(const Plan& plan) {
  if (plan.lines.empty()) return "";
  return std::string{to_text(plan.lines.front().state)} + ": " + plan.lines.front().reason;
}

}  // namespace blox::scheduler
