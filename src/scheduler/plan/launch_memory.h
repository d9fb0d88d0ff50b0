// LaunchMemory: what a process remembers of its launches besides the stored intents and outcomes:
// starts and stops that ECS refused, and tasks that are known to be over. Lost with the process,
// which costs a retry or a look-up, never a task too many. Written by act, read by observe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "model/arn.h"

namespace blox::scheduler {

/// The start of the reason of every StopTask that Blox sends; shows in a task's stoppedReason.
inline constexpr std::string_view kStopReasonPrefix = "blox: ";

/// Starts in a row that ECS refused for one deployment on one instance.
struct StartRefusals {
  std::string started_by;
  int count = 0;
  TimePoint last_at;
  std::string reason;
  std::string resources;  ///< The instance's as the observer next saw them; set by the observer.
};

/// Calls in a row that were denied for one deployment: for its task definition, or a role of it.
struct StartDenial {
  int count = 0;
  TimePoint last_at;
  std::string reason;
};

/// Calls to stop a task that ECS refused one after the other.
struct StopRefusals {
  int count = 0;
  std::string reason;  ///< Of the newest.
};

/// How a task ended, as ECS said. Times are RFC 3339 text, empty when ECS gave none.
struct EndedTask {
  std::string created_at;
  std::string started_at;
  std::string stopped_at;  ///< Never empty.
  std::string stopped_reason;
  std::string stop_code = {};
};

/// What the health checks of a task say.
enum class HealthWord : std::uint8_t { kSilent, kHealthy, kIll };

/// What ECS said of a task's health when it was asked last.
struct AskedHealth {
  HealthWord word = HealthWord::kSilent;
  TimePoint since;    ///< It has said so whenever it was asked.
  std::string shown;  ///< What the picture showed then: another word of it is newer.
};

/// By environment uid and instance. Bounded by the instances; those gone are pruned by observe.
using RefusalKey = std::pair<std::string, ContainerInstanceArn>;

/// Threading: the executor's thread.
class LaunchMemory {
 public:
  void note_refusal(const RefusalKey& where, const std::string& started_by, TimePoint at,
                    std::string reason) {
    auto& entry = refusals[where];
    if (entry.started_by != started_by) entry = {started_by, 0, at, "", ""};
    ++entry.count;
    entry.last_at = at;
    entry.reason = std::move(reason);
    entry.resources.clear();
  }
  void forget_refusals(const RefusalKey& where) { refusals.erase(where); }
  void note_stop_refusal(const TaskArn& task, std::string reason) {
    StopRefusals& refused = stop_refusals[task];
    ++refused.count;
    refused.reason = std::move(reason);
  }
  /// Calls that were sent together and are denied together count once.
  void note_denial(const std::string& deployment, TimePoint sent_at, TimePoint at,
                   std::string reason) {
    StartDenial& denial = denials[deployment];
    if (denial.count > 0 && sent_at <= denial.last_at) return;
    ++denial.count;
    denial.last_at = at;
    denial.reason = std::move(reason);
  }

  std::map<RefusalKey, StartRefusals> refusals;
  /// Until a call is accepted. Pruned by act when no stop of the task is open.
  std::map<TaskArn, StopRefusals> stop_refusals;
  /// By deployment: what we have no right to start is refused on every instance. Until a start of
  /// it succeeds; pruned by observe when it is not in force any more.
  std::map<std::string, StartDenial> denials;
  /// The containers of a definition whose health checks count, perhaps none, once ECS was asked.
  /// Bounded by act.
  std::map<TaskDefinitionArn, std::vector<std::string>> checked_containers;
  /// Of tasks that were asked about, as no event tells of it. Pruned by act when the picture holds
  /// them no more.
  std::map<TaskArn, AskedHealth> health;
  /// Tasks that ECS called STOPPED before the picture showed it. Pruned by act when the picture
  /// does, or holds them no more.
  std::map<TaskArn, EndedTask> ended;
};

}  // namespace blox::scheduler
