// WorldTrace: what happens in the simulated AWS, a line a change, to read a failing seed by.
#pragma once

#include <fmt/format.h>

#include <ostream>
#include <string>

#include "base/executor.h"
#include "model/arn.h"
#include "simulator/judge.h"
#include "simulator/world.h"

namespace blox::simulation {

class WorldTrace final : public simulator::WorldObserver {
 public:
  WorldTrace(Executor& executor, const simulator::Judge& judge, std::ostream& out)
      : executor_(executor), judge_(judge), out_(out) {}

  void say(const std::string& text) {
    const std::chrono::duration<double> now = executor_.now().time_since_epoch();
    std::string out_of_service;
    for (const auto& group : judge_.groups()) {
      for (const auto& entry : judge_.out_of_service(group)) {
        out_of_service += fmt::format(" {:.8}", short_id(entry.instance_arn));
      }
    }
    out_ << fmt::format("{:10.3f}  {}   [out:{}]\n", now.count(), text, out_of_service);
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
  const simulator::Judge& judge_;
  std::ostream& out_;
};

}  // namespace blox::simulation
