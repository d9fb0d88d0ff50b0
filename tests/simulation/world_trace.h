// WorldTrace: what happens in the simulated AWS, a line a change, to read a failing seed by.
#pragma once

#include <fmt/format.h>

#include <ostream>
#include <string>

#include "base/executor.h"
#include "model/arn.h"
#include "simulator/world.h"

namespace blox::simulation {

class WorldTrace final : public simulator::WorldObserver {
 public:
  WorldTrace(Executor& executor, std::ostream& out) : executor_(executor), out_(out) {}

  void say(const std::string& text) {
    const std::chrono::duration<double> now = executor_.now().time_since_epoch();
    out_ << fmt::format("{:10.3f}  {}\n", now.count(), text);
  }
  void on_task(const simulator::Task& task, const simulator::TaskState*) override {
    const auto& state = task.present();
    say(fmt::format("task {:.8} on {:.8} {} rev {} {} wants {} v{} {}", task.id, task.instance->id,
                    task.group, task.definition->revision, word(state.last_status),
                    word(state.desired_status), state.version, state.stopped_reason));
  }
  void on_instance(const simulator::Instance& instance,
                   const simulator::InstanceState* before) override {
    const auto& state = instance.present();
    if (before != nullptr && before->status == state.status &&
        before->agent_connected == state.agent_connected) {
      return;
    }
    say(fmt::format("instance {:.8} {} {}", instance.id, format(InstanceStatus{state.status, {}}),
                    state.agent_connected ? "connected" : "disconnected"));
  }
  void on_start_asked(const simulator::Instance& instance, std::string_view group) override {
    say(fmt::format("StartTask of {} on {:.8}", group, instance.id));
  }
  void on_stop_asked(const simulator::Task& task, std::string_view reason) override {
    say(fmt::format("StopTask {:.8} on {:.8}: {}", task.id, task.instance->id, reason));
  }

 private:
  static std::string word(TaskStatusKind kind) { return std::string{format(TaskStatus{kind, {}})}; }
  Executor& executor_;
  std::ostream& out_;
};

}  // namespace blox::simulation
