#include "simulator/events.h"

#include <algorithm>
#include <utility>

#include "simulator/describe.h"

namespace blox::simulator {

Events::Events(World& world, Timers& timers, Queues& queues, std::string queue)
    : world_(world), timers_(timers), queues_(queues), queue_(std::move(queue)) {}

void Events::on_task(const Task& task, const TaskState*) {
  emit("ECS Task State Change", task.arn, describe(task, task.present(), Form::kEvent));
}

void Events::on_instance(const Instance& instance, const InstanceState*) {
  emit("ECS Container Instance State Change", instance.arn,
       describe(instance, instance.present(), Form::kEvent));
}

void Events::emit(std::string_view detail_type, const std::string& arn,
                  boost::json::object detail) {
  if (!queues_.find(queue_)) return;  // No target, no delivery.
  Random& random = world_.random();
  const Faults& faults = world_.faults();
  ++counts_.emitted;
  if (happens(random, faults.event_lost)) {
    ++counts_.lost;
    return;
  }
  const auto second = std::chrono::floor<std::chrono::seconds>(world_.executor().wall_now());
  std::string time = format_time(second);
  time.replace(time.size() - 5, 5, "Z");  // Envelopes carry whole seconds.
  const Identity& identity = world_.identity();
  const boost::json::object envelope{
      {"version", "0"},
      {"id", random.uuid()},
      {"detail-type", boost::json::string_view{detail_type.data(), detail_type.size()}},
      {"source", "aws.ecs"},
      {"account", identity.account},
      {"time", time},
      {"region", identity.region},
      {"resources", boost::json::array{boost::json::string_view{arn}}},
      {"detail", std::move(detail)},
  };
  std::string body = boost::json::serialize(envelope);
  const TimePoint now = world_.executor().now();
  if (happens(random, faults.event_duplicated)) {
    ++counts_.duplicated;
    deliver_in(faults.event_delay.draw(random), body);
  }
  Duration wait = faults.event_latency.draw(random);
  if (happens(random, faults.event_reordered)) {
    ++counts_.reordered;
    return deliver_in(wait + faults.event_delay.draw(random), std::move(body));
  }
  if (happens(random, faults.event_delayed)) {
    ++counts_.delayed;
    wait += faults.event_delay.draw(random);
  }
  if (wait == Duration::zero() && last_delivery_ < now && !timers_.is_paused()) {
    return deliver(std::move(body));
  }
  last_delivery_ = std::max(now + wait, last_delivery_ + Duration{1});
  deliver_in(last_delivery_ - now, std::move(body));
}

void Events::deliver_in(Duration wait, std::string body) {
  timers_.after(wait, [this, sent = std::move(body)]() mutable { deliver(std::move(sent)); });
}

void Events::deliver(std::string body) {
  const auto queue = queues_.find(queue_);
  if (!queue) return;
  ++counts_.delivered;
  queue->send(std::move(body));
}

}  // namespace blox::simulator
