// Judge: holds what really happened in the simulated world against the promises of Blox. It asks
// the world alone, at each transition, and never leans on the code that it judges.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "simulator/world.h"

namespace blox::simulator {

/// After so long an absence of its agent an instance gives its place in the budget back.
/// Source: design/scheduling.md, "Life of an instance".
inline constexpr Duration kUnreachableRelease = std::chrono::minutes{10};

/// True for "blox:<environment>", the groups whose tasks the judge watches.
bool is_blox_group(std::string_view group);

/// A task as it stood when something was noted about it.
struct TaskMention {
  std::string task_arn;
  std::string task_definition_arn;
  std::string started_by;
};

/// The most tasks of one environment that were live (lastStatus other than STOPPED) at one moment
/// on one container instance. For S1.
struct Peak {
  std::string group;
  std::string instance_arn;
  std::size_t live_max = 0;
  WallTime at;                     ///< When that number was first reached.
  std::vector<TaskMention> tasks;  ///< Who was live then.
};

/// A launch that named an instance which was not ACTIVE or whose agent was away. For S2: compare
/// `since` with the age that an observation may have.
struct BadStart {
  std::string group;
  std::string instance_arn;
  std::string instance_status;
  bool agent_connected = false;
  WallTime at;
  Duration since{};  ///< How long the instance had been so when the call came.
};

/// A StopTask for a task that is not ours. For S4.
struct ForeignStop {
  TaskMention task;
  std::string group;
  std::string reason;
  WallTime at;
};

/// An instance whose last serving task of the environment was ended by StopTask and which has not
/// served since. For S3. Stops on DRAINING instances are not counted, nor is an instance whose
/// agent came back after kUnreachableRelease or more.
struct OutOfService {
  std::string group;
  std::string instance_arn;
  std::string task_arn;  ///< The one that was stopped.
  WallTime at;
};

/// Threading: the executor's thread.
class Judge final : public WorldObserver {
 public:
  explicit Judge(const World& world) : world_(world) {}

  /// Tasks started by `started_by` are somebody else's, whatever their group says: S1 and S3 leave
  /// them out, and a StopTask for one of them is a foreign stop.
  void disown(std::string started_by) { disowned_.insert(std::move(started_by)); }
  /// True for a task of a Blox group that is not disowned.
  bool is_ours(const Task& task) const;
  /// A stop asked for up to `grace` after its instance was DRAINING counts as made by the drain:
  /// who asked could not know better. Zero at first.
  void set_drain_grace(Duration grace) { drain_grace_ = grace; }
  /// That an agent is back may be known only `grace` later: a stop asked for in that time, and
  /// kUnreachableRelease or more after the agent went away, may give the instance's place away.
  /// Zero at first.
  void set_return_grace(Duration grace) { return_grace_ = grace; }

  /// Peaks of two and more, in the order of group and instance. Empty: S1 was kept.
  std::vector<Peak> doubled() const;
  /// How many (environment, instance) pairs have two or more live tasks now. For S1b.
  std::size_t doubled_now() const;
  /// At most kRecordsMax of each; `bad_start_count` and `foreign_stop_count` count all.
  const std::vector<BadStart>& bad_starts() const { return bad_starts_; }
  const std::vector<ForeignStop>& foreign_stops() const { return foreign_stops_; }
  std::uint64_t bad_start_count() const { return bad_start_count_; }
  std::uint64_t foreign_stop_count() const { return foreign_stop_count_; }
  /// The environments' groups that had a task, in order.
  std::vector<std::string> groups() const;
  /// In the order of instance. Stops that a delete made are among them: who judges a budget has to
  /// know of deletes.
  std::vector<OutOfService> out_of_service(std::string_view group) const;
  /// The most instances that were out of service at one moment with their agents connected, since
  /// the last reset.
  std::size_t out_of_service_max(std::string_view group) const;
  /// Starts counting out_of_service_max anew, from what is out now.
  void reset_out_of_service_max(std::string_view group);
  /// How many instances that were out of service came back after kUnreachableRelease or more.
  std::uint64_t released_count() const { return released_count_; }

  void on_task(const Task& task, const TaskState* before) override;
  void on_instance(const Instance& instance, const InstanceState* before) override;
  void on_start_asked(const Instance& instance, std::string_view group) override;
  void on_stop_asked(const Task& task, std::string_view reason) override;

  static constexpr std::size_t kRecordsMax = 1'000;

 private:
  using Place = std::pair<std::string, std::string>;  // Group, instance ARN.
  struct Presence {
    std::set<const Task*, bool (*)(const Task*, const Task*)> live{&by_arn};
    std::size_t serving = 0;
    Peak peak;
  };
  // What the judge remembers of an instance beside its present state.
  struct Past {
    std::optional<TimePoint> drained_until;  // When it was last seen to be DRAINING.
    std::optional<TimePoint> away_since;     // Since when its agent is away.
    // When somebody may have given it up who had not heard that its agent was back. Empty at first.
    TimePoint given_up_from = TimePoint::max();
    TimePoint given_up_until = TimePoint::min();
  };
  using OutByInstance = std::map<std::string, OutOfService>;
  static bool by_arn(const Task* left, const Task* right);
  bool is_drained(const Instance& instance) const;
  void note_peak(Presence& presence);
  void take_out(const Task& task);
  void leave_out(const Place& place);
  void forgive_unheard(const std::string& group);
  std::size_t count_reachable(const OutByInstance& out) const;
  void note_out_max(const std::string& group);

  const World& world_;
  std::map<Place, Presence> presences_;
  std::map<std::string, OutByInstance, std::less<>> out_;  // By group.
  std::map<std::string, std::size_t, std::less<>> out_max_;
  std::map<std::string, Past> pasts_;  // By instance ARN.
  std::set<std::string> drain_stops_;  // ARNs of live tasks that a drain has stopped.
  std::set<std::string> disowned_;
  Duration drain_grace_{};
  Duration return_grace_{};
  std::size_t doubled_now_ = 0;
  std::vector<BadStart> bad_starts_;
  std::vector<ForeignStop> foreign_stops_;
  std::uint64_t bad_start_count_ = 0;
  std::uint64_t foreign_stop_count_ = 0;
  std::uint64_t released_count_ = 0;
};

}  // namespace blox::simulator
