// Events: every change of the world as an EventBridge envelope, on its way to the queue.
#pragma once

#include <cstdint>
#include <string>

#include "simulator/queues.h"
#include "simulator/timers.h"
#include "simulator/world.h"

namespace blox::simulator {

/// Source of the form: EventBridge schema registry, ECSTaskStateChange and
/// ECSContainerInstanceStateChange. Threading: the executor's thread.
class Events final : public WorldObserver {
 public:
  /// Sends to `queue`, if there is one of that name at the time.
  Events(World& world, Timers& timers, Queues& queues, std::string queue);

  void on_task(const Task& task, const TaskState* before) override;
  void on_instance(const Instance& instance, const InstanceState* before) override;
  void on_start_asked(const Instance&, std::string_view) override {}
  void on_stop_asked(const Task&, std::string_view) override {}

  struct Counts {
    std::uint64_t emitted = 0, delivered = 0, delayed = 0, lost = 0, duplicated = 0, reordered = 0;
  };
  const Counts& counts() const { return counts_; }

 private:
  void emit(std::string_view detail_type, const std::string& arn, boost::json::object detail);
  void deliver_in(Duration wait, std::string body);
  void deliver(std::string body);

  World& world_;
  Timers& timers_;
  Queues& queues_;
  std::string queue_;
  TimePoint last_delivery_{};  // Of those that keep their order.
  Counts counts_;
};

}  // namespace blox::simulator
