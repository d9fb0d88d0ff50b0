#include "simulation/actors.h"

#include <algorithm>
#include <utility>

namespace blox::simulation {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::int64_t kSmallCpu = 32;  // The task needs 64.

// The newest may be one of others that was adopted.
const client::Deployment* find_in_force(const std::vector<client::Deployment>& newest_first) {
  const auto found = std::ranges::find_if_not(
      newest_first, [](const auto& deployment) { return deployment.status == "superseded"; });
  return found == newest_first.end() ? nullptr : &*found;
}

}  // namespace

User::User(Executor& executor, Random& random, client::Scheduler& scheduler,
           const Scenario& scenario, std::vector<std::string> definitions, Coverage& coverage)
    : executor_(executor),
      random_(random),
      scheduler_(scheduler),
      scenario_(scenario),
      definitions_(std::move(definitions)),
      coverage_(coverage),
      scope_(executor) {}

Async<void> User::wait_before_asking_again() {
  co_await sleep_for(executor_, random_.between(milliseconds{200}, seconds{3}));
}

Async<void> User::create(std::string name, std::string definition) {
  for (;;) {
    client::EnvironmentRequest request;
    request.name = name;
    request.cluster = kCluster;
    request.task_definition = definition;
    request.drain_deadline =
        std::to_string(scenario_.drain_deadline / std::chrono::minutes{1}) + "m";
    request.max_unavailable =
        std::to_string(scenario_.unavailable_max) + (scenario_.unavailable_is_percent ? "%" : "");
    const auto created = co_await scheduler_.create_environment(std::move(request));
    if (created) co_return;
    // A lost answer may have created it: then it is there.
    const auto found = co_await scheduler_.get_environment(name);
    if (found) co_return;
    co_await wait_before_asking_again();
  }
}

Async<void> User::deploy(std::string name, std::string definition) {
  for (;;) {
    auto environment = co_await scheduler_.get_environment(name);
    if (environment && environment->task_definition != definition) {
      client::EnvironmentRequest request;
      request.task_definition = definition;
      environment = co_await scheduler_.patch_environment(name, std::move(request));
    }
    if (environment) {
      on_deploying_(name);
      const auto deployed = co_await scheduler_.create_deployment(
          name, environment->deployment_token, /*supersede=*/true);
      if (deployed) break;
      const auto all = co_await scheduler_.list_deployments(name);
      if (all && !all->empty() && all->front().task_definition == definition) break;
    }
    co_await wait_before_asking_again();
  }
  coverage_.add("deployments");
}

Async<void> User::deploy_wanted(std::string definition) {
  wanted_ = std::move(definition);
  co_await deploy(kEnvironment, wanted_);
}

Async<void> User::remove(std::string name) {
  for (;;) {
    const auto removed = co_await scheduler_.delete_environment(name, scenario_.delete_terminates);
    // After a lost answer it is gone for the API already.
    if (removed || removed.error().kind == ErrorKind::kNotFound) break;
    co_await wait_before_asking_again();
  }
  coverage_.add(scenario_.delete_terminates ? "environments deleted with their tasks"
                                            : "environments deleted");
}

Async<void> User::run() {
  co_await create(kEnvironment, definitions_.front());
  const Duration apart = scenario_.calm_at / (scenario_.deployments + 1);
  for (int i = 0; i < scenario_.deployments; ++i) {
    co_await deploy_wanted(definitions_[static_cast<std::size_t>(i)]);
    if (i > 0 && scenario_.second_thoughts && random_.percent(50)) {
      co_await sleep_for(executor_, random_.between(milliseconds{200}, apart / 4));
      co_await deploy_wanted(definitions_[static_cast<std::size_t>(i - 1)]);
      coverage_.add("deployments taken back");
    }
    if (i + 1 < scenario_.deployments) {
      co_await sleep_for(executor_, random_.between(apart / 4, apart));
    }
  }
  done_ = true;
  for (;;) {
    co_await sleep_for(executor_, seconds{5});
    co_await deploy_again_if_failed(kEnvironment, wanted_);
  }
}

// A rollout whose tasks died early ends; whoever wants it all the same deploys it anew.
Async<void> User::deploy_again_if_failed(std::string name, std::string definition) {
  const auto all = co_await scheduler_.list_deployments(name);
  const auto* in_force = all ? find_in_force(*all) : nullptr;
  if (in_force == nullptr || in_force->status != "failed") co_return;
  client::EnvironmentRequest request;
  request.task_definition = definition;
  const auto patched = co_await scheduler_.patch_environment(name, std::move(request));
  if (!patched) co_return;
  on_deploying_(name);
  const auto deployed =
      co_await scheduler_.create_deployment(name, patched->deployment_token, /*supersede=*/true);
  if (deployed) coverage_.add("failed deployments, made anew");
}

Async<void> User::run_second(std::string definition) {
  if (scenario_.name_again) {
    // Soon, so that its tasks may not be seen yet.
    second_ = definition;
    co_await create(kSecondEnvironment, definition);
    co_await deploy(kSecondEnvironment, definition);
    co_await sleep_for(executor_, random_.between(milliseconds{100}, seconds{20}));
    second_.clear();
    co_await remove(kSecondEnvironment);
    coverage_.add("names used again");
  }
  second_ = definition;
  co_await create(kSecondEnvironment, definition);
  co_await deploy(kSecondEnvironment, definition);
  co_await sleep_for(executor_, random_.between(seconds{1}, scenario_.calm_at / 2));
  second_.clear();
  co_await remove(kSecondEnvironment);
  second_done_ = true;
}

Async<void> User::run_other(std::string name, std::vector<std::string> definitions) {
  first_by_[name] = definitions.front();
  co_await create(name, definitions.front());
  for (const auto& definition : definitions) {
    co_await deploy(name, definition);
    if (definition == definitions.back()) break;
    co_await sleep_for(executor_, random_.between(scenario_.calm_at / 4, scenario_.calm_at / 2));
  }
  wanted_by_[name] = definitions.back();
  for (;;) {
    co_await sleep_for(executor_, seconds{5});
    co_await deploy_again_if_failed(name, definitions.back());
  }
}

void User::on_restore() {
  if (!std::exchange(makes_good_, true)) scope_.spawn(make_good());
}

// Tasks of deployments that the copy does not know may show up late.
Async<void> User::make_good() {
  for (;;) {
    co_await sleep_for(executor_, random_.between(seconds{5}, seconds{20}));
    if (!wanted_.empty()) co_await make_good(kEnvironment, definitions_.front(), wanted_);
    auto others = first_by_;
    for (const auto& [name, first] : others) {
      const auto wanted = wanted_by_.find(name);
      co_await make_good(name, first, wanted == wanted_by_.end() ? "" : wanted->second);
    }
    if (!second_.empty()) co_await make_good(kSecondEnvironment, second_, "");
    if (!second_done_) continue;
    const auto back = co_await scheduler_.get_environment(kSecondEnvironment);
    if (back) co_await remove(kSecondEnvironment);
  }
}

Async<void> User::make_good(std::string name, std::string first, std::string wanted) {
  const auto found = co_await scheduler_.get_environment(name);
  if (!found && found.error().kind != ErrorKind::kNotFound) co_return;
  if (!found) co_await create(name, first);
  [[maybe_unused]] const auto adopted = co_await scheduler_.adopt(name, /*dry_run=*/false);
  const auto all = co_await scheduler_.list_deployments(name);
  if (wanted.empty() || !all) co_return;
  const auto* in_force = find_in_force(*all);
  if (in_force == nullptr || in_force->task_definition != wanted) co_await deploy(name, wanted);
}

DataCentre::DataCentre(Executor& executor, Random& random, simulator::Simulator& simulator,
                       const Scenario& scenario, Coverage& coverage)
    : executor_(executor),
      random_(random),
      simulator_(simulator),
      scenario_(scenario),
      coverage_(coverage),
      scope_(executor) {}

bool DataCentre::has_room(const simulator::Instance& instance) {
  return instance.registered.cpu > kSmallCpu;
}

simulator::Cluster& DataCentre::cluster() { return *simulator_.world.find_cluster(kCluster); }

void DataCentre::prepare() {
  simulator::Cluster& created = simulator_.world.create_cluster(kCluster);
  for (int i = 0; i < scenario_.instance_count; ++i) simulator_.agents.join(created, {});
  if (!scenario_.small_instance) return;
  simulator::Machine small;
  small.capacity.cpu = kSmallCpu;
  simulator_.agents.join(created, std::move(small));
}

void DataCentre::start_services() {
  if (!scenario_.services_run) return;
  std::size_t count = 0;
  for (auto* instance : instances_in(InstanceStatusKind::kActive)) {
    if (count++ % 2 == 0) start_foreign_task(*instance, "service:web");
  }
}

std::vector<simulator::Instance*> DataCentre::instances_in(InstanceStatusKind status) {
  std::vector<simulator::Instance*> found;
  for (const auto& [id, instance] : cluster().instances) {
    if (instance->present().status == status) found.push_back(instance);
  }
  return found;
}

void DataCentre::start_foreign_task(simulator::Instance& instance, std::string group,
                                    std::string started_by) {
  simulator::LaunchRequest request;
  request.cluster = &cluster();
  request.definition = simulator_.world.families().begin()->second.front();
  request.group = std::move(group);
  request.started_by = std::move(started_by);
  simulator_.launches.start(request, {instance.id});
}

// A store from a backup knows nothing of deployments made since, and another Blox may serve the
// same cluster: their tasks look like ours, and are not ours to stop.
void DataCentre::meddle() {
  auto active = instances_in(InstanceStatusKind::kActive);
  std::erase_if(active, [](const auto* one) { return !one->present().agent_connected; });
  if (active.empty()) return;
  const bool unclaimed = random_.percent(50);
  std::string started_by = "of-others/" + std::to_string(++meddled_count_);
  simulator_.judge.disown(started_by);
  start_foreign_task(*active[random_.below(active.size())],
                     unclaimed ? kGroup : "blox:of-another-blox", std::move(started_by));
  coverage_.add(unclaimed ? "unclaimed tasks" : "tasks of another Blox");
}

// One that ECS takes for no reason that it tells: EXTERNAL, MANAGED_INSTANCES, ….
void DataCentre::refuse_an_instance() {
  const auto active = instances_in(InstanceStatusKind::kActive);
  if (active.empty()) return;
  simulator_.faults.refused_instances = {active[random_.below(active.size())]->id};
  coverage_.add("instances with which calls are refused");
}

// Somebody else in the account spends all that ECS allows.
void DataCentre::use_up_the_limits() {
  simulator_.throttle.drain(simulator::CallClass::kClusterResourceModify);
  simulator_.throttle.drain(simulator::CallClass::kClusterResourceRead);
}

void DataCentre::one_event() {
  if (scenario_.faults.throttled) use_up_the_limits();
  if (scenario_.others_meddle && random_.percent(40)) meddle();
  if (scenario_.refused_instance && simulator_.faults.refused_instances.empty()) {
    refuse_an_instance();
  }
  const auto active = instances_in(InstanceStatusKind::kActive);
  const auto draining = instances_in(InstanceStatusKind::kDraining);
  const auto draw_from = [&](const std::vector<simulator::Instance*>& from) {
    return from[random_.below(from.size())];
  };
  const auto choice = random_.below(100);
  if (choice < 25 || active.size() < 2) {
    simulator_.agents.join(cluster(), {});
    coverage_.add("joins");
  } else if (choice < 45) {
    simulator::Instance& instance = *draw_from(active);
    if (random_.percent(50)) {
      start_foreign_task(instance, "service:web");
      coverage_.add("foreign tasks");
    }
    if (simulator_.agents.set_status(instance, InstanceStatusKind::kDraining)) {
      coverage_.add("drains");
      if (scenario_.second_thoughts) scope_.spawn(call_off_drain(instance.id));
    }
  } else if (choice < 60 && !draining.empty()) {
    if (simulator_.agents.set_status(*draw_from(draining), InstanceStatusKind::kActive)) {
      coverage_.add("drains cancelled");
    }
  } else if (choice < 70) {
    if (simulator_.agents.deregister(*draw_from(active), /*force=*/true)) {
      coverage_.add("instances gone");
    }
  } else if (choice < 78) {
    simulator_.agents.rejoin(*draw_from(active));
    coverage_.add("registrations anew");
  } else {
    simulator::Instance& instance = *draw_from(active);
    for (const auto& [id, task] : instance.tasks) {
      if (!task->present().is_live()) continue;
      simulator_.lifecycle.die(*task, 137, "OutOfMemoryError");
      coverage_.add("deaths");
      break;
    }
  }
}

Async<void> DataCentre::call_off_drain(std::string instance_id) {
  co_await sleep_for(executor_, random_.between(milliseconds{500}, seconds{90}));
  if (executor_.now() >= TimePoint{scenario_.calm_at}) co_return;
  const auto found = cluster().instances.find(instance_id);
  if (found == cluster().instances.end()) co_return;
  if (found->second->present().status != InstanceStatusKind::kDraining) co_return;
  if (simulator_.agents.set_status(*found->second, InstanceStatusKind::kActive)) {
    coverage_.add("drains cancelled");
  }
}

Async<void> DataCentre::run() {
  for (int i = 0; i < scenario_.machine_events; ++i) {
    const Duration apart = scenario_.calm_at / (scenario_.machine_events + 1);
    co_await sleep_for(executor_, random_.between(apart / 2, apart));
    one_event();
  }
}

void DataCentre::calm_down() {
  for (const auto& [id, instance] : cluster().instances) {
    for (const auto& [task_id, task] : instance->tasks) {
      const bool stays = scenario_.others_stay && simulator::is_blox_group(task->group);
      if (task->present().is_live() && !simulator_.judge.is_ours(*task) && !stays) {
        simulator_.lifecycle.stop(*task, "UserInitiated", "the service moved on");
      }
    }
  }
}

}  // namespace blox::simulation
