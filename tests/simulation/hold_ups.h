// HoldUps: what has kept an instance from its task for so long that no deployment waits for it any
// more, as far as it shows in the world and at the seams.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "simulation/seam_listener.h"
#include "simulation/state_judge.h"
#include "simulator/world.h"

namespace blox::simulation {

/// Errs towards "held up" only where Blox may not have heard what happened, or forgot it with a
/// process. Threading: the executor's thread. Requires: world and state outlive it.
class HoldUps final : public simulator::WorldObserver, public SeamListener {
 public:
  HoldUps(const simulator::World& world, const StateJudge& state) : world_(world), state_(state) {}

  /// ECS refused one stop of a task of that group there after the other.
  bool was_stop_refused(const std::string& group, const std::string& instance) const;
  /// A start or stop of that environment is open there for too long.
  bool has_old_intent(const std::string& environment, const std::string& deployment,
                      const std::string& instance) const;
  /// For all that Blox knows no task of that group has served there for too long.
  bool is_unserved(const std::string& group, const std::string& deployment,
                   const std::string& instance) const;

  /// How long a process waits dies with it.
  void on_crash();
  /// The scheduler's store is an older copy of itself.
  void on_restore(const std::map<std::string, std::string>& records);

  void on_task(const simulator::Task& task, const simulator::TaskState* before) override;
  void on_instance(const simulator::Instance&, const simulator::InstanceState*) override {}
  void on_start_asked(const simulator::Instance&, std::string_view) override {}
  void on_stop_asked(const simulator::Task&, std::string_view) override {}

  void on_answer(const std::string& operation, const std::string& body, TimePoint sent_at,
                 const Result<http::Answer>& answer) override;
  void on_record(const std::string& key, const std::string& value) override;
  void on_erased(const std::string& key) override { intents_.erase(key); }

 private:
  struct Intent {
    std::string launch_id;
    std::string environment;
    std::string instance;
    TimePoint opened_at;
  };
  using Place = std::pair<std::string, std::string>;  // Instance, group.
  struct Service {                                    // Of a task, while it is asked to run.
    TimePoint until = TimePoint::max();
  };
  TimePoint now() const { return world_.executor().now(); }
  bool has_lasted(TimePoint since) const;
  bool has_lasted(const std::string& deployment) const;

  const simulator::World& world_;
  const StateJudge& state_;
  TimePoint process_since_{};
  std::map<std::string, TimePoint> made_at_;  // By deployment.
  std::map<std::string, Intent> intents_;     // By key, those that are open.
  std::map<std::string, int> stop_refusals_;  // In a row, by task.
  std::map<std::string, Place> places_;       // Of tasks, of those that ECS forgot too.
  std::set<Place> refused_;                   // Where there were so many.
  std::map<Place, std::map<std::string, Service>> services_;  // By task.
};

}  // namespace blox::simulation
