// ObservationJudge: S2 at the seam: every StartTask names only instances of which an event or a
// Describe reached Blox that showed them ACTIVE and connected, and that was so at most 60 s before.
#pragma once

#include <map>
#include <string>

#include "simulation/seam_listener.h"
#include "simulator/world.h"

namespace blox::simulation {

/// How old what reached Blox was is asked of the world: an event tells of the moment at which its
/// version of the instance began, whenever it comes. A Describe tells of when it was asked, as A2
/// lets its content be older and nobody can know.
/// Listens to both services, and to the calls of the scheduler. Threading: the executor's thread.
/// Requires: the world outlives it.
class ObservationJudge final : public simulator::WorldObserver, public SeamListener {
 public:
  explicit ObservationJudge(const simulator::World& world) : world_(world) {}

  /// Empty: it was kept.
  const std::string& broken() const { return broken_; }
  /// The oldest observation that a start went by.
  Duration oldest() const { return oldest_; }

  void on_task(const simulator::Task&, const simulator::TaskState*) override {}
  void on_instance(const simulator::Instance& instance,
                   const simulator::InstanceState* before) override;
  void on_start_asked(const simulator::Instance&, std::string_view) override {}
  void on_stop_asked(const simulator::Task&, std::string_view) override {}

  void on_message(const std::string& body) override;
  void on_sent(const std::string& operation, const std::string& body) override;
  void on_answer(const std::string& operation, const std::string& body, TimePoint sent_at,
                 const Result<http::Answer>& answer) override;

 private:
  void note_fit(const std::string& instance, TimePoint at);
  void judge_start(const std::string& instance);

  const simulator::World& world_;
  // When each version of an instance began, by its ARN.
  std::map<std::string, std::map<std::int64_t, TimePoint>> began_;
  std::map<std::string, TimePoint> fit_at_;  // By the newest content that says so.
  std::string broken_;
  Duration oldest_{};
};

}  // namespace blox::simulation
