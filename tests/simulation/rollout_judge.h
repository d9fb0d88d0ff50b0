// RolloutJudge: which stops are begun: on a DRAINING instance last of all, and none that costs
// service while more than a third of a cluster is disconnected.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "simulation/coverage.h"
#include "simulation/seam_listener.h"
#include "simulation/state_judge.h"
#include "simulator/judge.h"

namespace blox::simulation {

/// A stop is begun when its intent is stored. What the scheduler knows then is what the cluster
/// state held for some while; whether it is still so it asks the world.
/// Threading: the executor's thread. Requires: all outlive it.
class RolloutJudge final : public simulator::WorldObserver, public SeamListener {
 public:
  RolloutJudge(const simulator::World& world, const simulator::Judge& judge,
               const StateJudge& state, Duration drain_deadline)
      : world_(world), judge_(judge), state_(state), drain_deadline_(drain_deadline) {}

  /// Empty: all rules were kept.
  const std::string& broken() const { return broken_; }
  void note_coverage(Coverage& coverage) const;

  void on_task(const simulator::Task&, const simulator::TaskState*) override {}
  void on_instance(const simulator::Instance& instance,
                   const simulator::InstanceState* before) override;
  void on_start_asked(const simulator::Instance&, std::string_view) override {}
  void on_stop_asked(const simulator::Task&, std::string_view) override {}

  void on_record(const std::string& key, const std::string& value) override;

 private:
  struct Stretch {  // Of one state of an instance.
    TimePoint since;
    std::int64_t version = 0;   // The first that shows it.
    bool is_news = true;        // That it was not so before was known.
    TimePoint drained_since{};  // Of one behind a drain: since when that was.
  };
  bool is_known(const std::string& instance, const Stretch& stretch) const;
  bool may_seem_draining(const std::string& instance) const;
  void judge_drain(const simulator::Task& task, const std::string& reason);
  void judge_pause(const simulator::Task& task, const std::string& reason);
  void break_with(std::string how) {
    if (broken_.empty()) broken_ = std::move(how);
  }
  TimePoint now() const { return world_.executor().now(); }

  const simulator::World& world_;
  const simulator::Judge& judge_;
  const StateJudge& state_;
  Duration drain_deadline_;
  std::map<std::string, Stretch> draining_;   // By instance ARN, while it lasts.
  std::map<std::string, Stretch> undrained_;  // Since it was over.
  std::map<std::string, Stretch> away_;
  std::map<std::string, Stretch> back_;            // Of those that were away before.
  std::map<std::string, std::string> launch_ids_;  // Of stops that were judged, by task.
  std::uint64_t drains_ = 0;
  std::uint64_t pauses_ = 0;
  std::string broken_;
};

}  // namespace blox::simulation
