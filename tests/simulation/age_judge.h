// AgeJudge: no age that the cluster-state-service tells is less than the truth: whoever goes by it
// takes old news for new. Whatever the clock of its machine says.
#pragma once

#include <map>
#include <string>

#include "client/cluster_state.h"
#include "simulation/coverage.h"
#include "simulation/seam_listener.h"
#include "simulation/state_judge.h"
#include "simulator/world.h"

namespace blox::simulation {

/// Listens to the queue and the calls of the cluster-state-service, and reads its streams as any
/// user does. Threading: the loop's thread. Requires: world and state outlive it.
class AgeJudge final : public simulator::WorldObserver, public SeamListener {
 public:
  AgeJudge(const simulator::World& world, const StateJudge& state) : world_(world), state_(state) {}

  /// Empty: all rules were kept.
  const std::string& broken() const { return broken_; }
  void note_coverage(Coverage& coverage) const { coverage.add("ages that were told", told_); }

  void on_line(const client::Change<ContainerInstance>& change);

  void on_task(const simulator::Task&, const simulator::TaskState*) override {}
  void on_instance(const simulator::Instance& instance,
                   const simulator::InstanceState* before) override;
  void on_start_asked(const simulator::Instance&, std::string_view) override {}
  void on_stop_asked(const simulator::Task&, std::string_view) override {}

  void on_message(const std::string& body) override;
  void on_answer(const std::string& operation, const std::string& body, TimePoint sent_at,
                 const Result<http::Answer>& answer) override;

 private:
  TimePoint now() const { return world_.executor().now(); }
  void note_heard(const std::string& instance, TimePoint said_at);
  void judge(const std::string& what, Duration age, TimePoint newest);

  const simulator::World& world_;
  const StateJudge& state_;
  std::map<std::string, std::map<std::int64_t, TimePoint>> began_;  // By instance and version.
  std::map<std::string, TimePoint> heard_;  // By instance: the newest that the service was told.
  std::uint64_t told_ = 0;
  std::string broken_;
};

}  // namespace blox::simulation
