#include "simulator/launches.h"

#include <algorithm>
#include <array>
#include <utility>

#include "simulator/describe.h"

namespace blox::simulator {
namespace {

// Source: API/RunTask names no time; a day is longer than any retry of ours.
constexpr Duration kTokenLife = std::chrono::hours{24};
constexpr std::size_t kTokensMax = 100'000;

bool overlaps(const Ports& left, const Ports& right) {
  return std::ranges::any_of(left, [&](std::int64_t port) { return right.contains(port); });
}

// What the instance lacks for one more task, in the words of ECS; empty if it has room.
std::string missing_resource(const Instance& instance, const Capacity& needs) {
  const Capacity& all = instance.registered;
  const Capacity& used = instance.present().used;
  if (all.cpu - used.cpu < needs.cpu) return "RESOURCE:CPU";
  if (all.memory - used.memory < needs.memory) return "RESOURCE:MEMORY";
  const bool clash = overlaps(needs.ports, all.ports) || overlaps(needs.ports, used.ports) ||
                     overlaps(needs.udp_ports, all.udp_ports) ||
                     overlaps(needs.udp_ports, used.udp_ports);
  return clash ? "RESOURCE:PORTS" : "";
}

std::size_t live_count(const Instance& instance) {
  return static_cast<std::size_t>(std::ranges::count_if(
      instance.tasks, [](const auto& entry) { return entry.second->present().is_live(); }));
}

}  // namespace

Launches::Launches(World& world, Lifecycle& lifecycle, Timers& timers)
    : world_(world), lifecycle_(lifecycle), timers_(timers) {}

std::optional<LaunchFailure> Launches::why_not(const Instance& instance,
                                               const TaskDefinition& definition) {
  static constexpr std::array kReasons{"RESOURCE:CPU", "RESOURCE:MEMORY", "RESOURCE:PORTS",
                                       "AGENT"};
  const InstanceState& state = instance.present();
  if (state.status == InstanceStatusKind::kInactive) {
    return LaunchFailure{instance.arn, "INACTIVE", {}};
  }
  if (!state.agent_connected) return LaunchFailure{instance.arn, "AGENT", {}};
  if (happens(world_.random(), world_.faults().start_refused)) {
    return LaunchFailure{instance.arn, kReasons[world_.random().below(kReasons.size())], {}};
  }
  std::string lacking = missing_resource(instance, definition.needs);
  if (lacking.empty()) return std::nullopt;
  return LaunchFailure{instance.arn, std::move(lacking), {}};
}

LaunchedTask Launches::launch(const LaunchRequest& request, Instance& instance) {
  auto task = world_.make_task(instance, request.definition);
  task->started_by = request.started_by;
  task->group = request.group;
  task->overrides = request.overrides;
  task->tags = request.tags;
  if (!happens(world_.random(), world_.faults().launch_late)) {
    const Task& begun = lifecycle_.begin(std::move(task));
    return LaunchedTask{begun.arn, describe(begun, begun.present(), Form::kApi)};
  }
  LaunchedTask launched{task->arn, describe(*task, task->present(), Form::kApi)};
  const Span wait{Duration::zero(), world_.faults().launch_late_max};
  timers_.after(wait.draw(world_.random()),
                [this, late = std::move(task), instance_id = instance.id]() mutable {
                  const Instance* there = world_.find_instance(instance_id);
                  if (there == nullptr || there->present().status == InstanceStatusKind::kInactive)
                    return;
                  if (!missing_resource(*there, late->definition->needs).empty())
                    return;  // Never, then.
                  lifecycle_.begin(std::move(late));
                });
  return launched;
}

LaunchAnswer Launches::start(const LaunchRequest& request,
                             const std::vector<std::string>& instances) {
  LaunchAnswer answer;
  for (const std::string& name : instances) {
    Instance* instance = world_.find_instance(*request.cluster, name);
    if (instance == nullptr) {
      answer.failures.push_back(LaunchFailure{
          world_.arn_of_missing(*request.cluster, "container-instance", name), "MISSING", {}});
      continue;
    }
    for (WorldObserver* observer : world_.observers()) {
      observer->on_start_asked(*instance, request.group);
    }
    if (auto failure = why_not(*instance, *request.definition)) {
      answer.failures.push_back(std::move(*failure));
    } else {
      answer.tasks.push_back(launch(request, *instance));
    }
  }
  return answer;
}

Outcome<LaunchAnswer> Launches::run(const LaunchRequest& request, const Placement& placement) {
  forget_old_tokens();
  if (!placement.client_token.empty()) {
    const auto known = tokens_.find(placement.client_token);
    if (known != tokens_.end()) {
      if (known->second.fingerprint == placement.fingerprint) return known->second.answer;
      return refuse("ConflictException", "The clientToken '" + placement.client_token +
                                             "' was used with other parameters.");
    }
  }
  std::vector<Instance*> candidates;
  for (const auto& [id, instance] : request.cluster->instances) {
    const auto& wanted = placement.ec2_instance_ids;
    const bool asked =
        wanted.empty() || std::ranges::find(wanted, instance->ec2_instance_id) != wanted.end();
    if (asked && instance->present().status == InstanceStatusKind::kActive &&
        instance->present().agent_connected) {
      candidates.push_back(instance);
    }
  }
  LaunchAnswer answer;
  for (std::size_t i = 0; i < placement.count; ++i) {
    std::ranges::sort(candidates, {}, [](const Instance* one) {
      return std::pair{live_count(*one), std::string_view{one->id}};
    });
    std::optional<LaunchFailure> failure = LaunchFailure{"", "RESOURCE:INSTANCE", {}};
    for (auto candidate = candidates.begin(); candidate != candidates.end(); ++candidate) {
      Instance& instance = **candidate;
      failure = why_not(instance, *request.definition);
      if (failure) continue;
      for (WorldObserver* observer : world_.observers()) {
        observer->on_start_asked(instance, request.group);
      }
      answer.tasks.push_back(launch(request, instance));
      if (placement.distinct_instances) candidates.erase(candidate);
      break;
    }
    if (failure) answer.failures.push_back(std::move(*failure));
  }
  if (!placement.client_token.empty() && tokens_.size() < kTokensMax) {
    tokens_.emplace(placement.client_token,
                    Reservation{answer, placement.fingerprint, world_.executor().now()});
  }
  return answer;
}

void Launches::forget_old_tokens() {
  const TimePoint horizon = world_.executor().now() - kTokenLife;
  std::erase_if(tokens_, [&](const auto& entry) { return entry.second.at < horizon; });
}

void Launches::stop(Task& task, std::string reason) {
  for (WorldObserver* observer : world_.observers()) observer->on_stop_asked(task, reason);
  task.tags.clear();  // Source: API reference, StopTask.
  lifecycle_.stop(task, "UserInitiated", std::move(reason));
}

}  // namespace blox::simulator
