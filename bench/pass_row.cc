// Row "pass": one round of the scheduler without its calls, on a picture in memory.
#include <fmt/format.h>

#include "events.h"
#include "rows.h"
#include "scheduler/observe/observer.h"
#include "scheduler/plan/daemon_plan.h"

namespace blox::bench {
namespace {

constexpr WallTime kDate{std::chrono::days{20'000}};
constexpr TimePoint kNow{std::chrono::hours{100}};

struct Picture {
  client::ClusterMirror::Tasks tasks;
  client::ClusterMirror::Instances instances;
  scheduler::Records records;
};

void add_records(Picture& picture) {
  scheduler::Deployment deployment;
  deployment.id = scheduler::DeploymentId{"deployment"};
  deployment.environment = scheduler::EnvironmentUid{"environment"};
  deployment.task_definition = TaskDefinitionArn{"agent:1"};
  deployment.status = scheduler::DeploymentStatus::kCompleted;
  scheduler::Environment environment;
  environment.uid = deployment.environment;
  environment.name = scheduler::EnvironmentName{"agents"};
  environment.cluster = ClusterArn{cluster_arn()};
  environment.deployment = deployment.id;
  picture.records.environments.emplace(environment.uid, environment);
  picture.records.deployments.emplace(deployment.id, deployment);
}

void add_objects(Picture& picture, const PassRow& row) {
  for (std::uint64_t i = 0; i < row.instances; ++i) {
    ContainerInstance instance;
    instance.arn = ContainerInstanceArn{instance_arn(i)};
    instance.cluster = ClusterArn{cluster_arn()};
    instance.status = make_instance_status("ACTIVE");
    instance.agent_connected = true;
    instance.ec2_instance_id = fmt::format("i-{:017x}", i);
    instance.registered_resources = {{"CPU", "INTEGER", "4096"}, {"MEMORY", "INTEGER", "7680"}};
    instance.remaining_resources = instance.registered_resources;
    picture.instances[instance.arn].object = instance;
  }
  for (std::uint64_t i = 0; i < row.tasks; ++i) {
    const bool is_daemon = i < row.instances;
    Task task;
    task.arn = TaskArn{task_arn(i)};
    task.cluster = ClusterArn{cluster_arn()};
    task.container_instance = ContainerInstanceArn{instance_arn(i % row.instances)};
    task.last_status = make_task_status("RUNNING");
    task.desired_status = make_task_status("RUNNING");
    task.task_definition = TaskDefinitionArn{is_daemon ? "agent:1" : "web:1"};
    task.started_by = is_daemon ? "deployment" : "ecs-svc/1234567890123456789";
    task.group = is_daemon ? "blox:agents" : "service:web";
    task.created_at = format_time(kDate);
    task.started_at = task.created_at;
    picture.tasks[task.arn].object = task;
  }
}

}  // namespace

Result<Figures> run_pass(const PassRow& row) {
  if (row.instances == 0 || row.tasks < row.instances || row.passes < 1) {
    return fail(ErrorKind::kInvalid, "--tasks: at least as many as --instances; --passes: over 0");
  }
  Picture picture;
  add_records(picture);
  add_objects(picture, row);
  scheduler::LaunchMemory memory;
  scheduler::Observer observer{memory};
  scheduler::ClusterView view{.tasks = picture.tasks,
                              .instances = picture.instances,
                              .loaded = true,
                              .synced_at = {{ClusterArn{cluster_arn()}, kNow}},
                              .unconfirmed = {},
                              .lacks_tasks = {},
                              .last_contact = kNow,
                              .told_at = {}};

  IoLoop clock;  // Never run: it tells the time.
  std::vector<double> milliseconds;
  for (int i = 0; i < row.passes; ++i) {
    const TimePoint round = kNow + std::chrono::seconds{i};
    view.last_contact = round;
    const TimePoint start = clock.now();
    const auto worlds = observer.observe(picture.records, view, round, kDate);
    const auto plan = scheduler::plan_daemon(worlds.begin()->second);
    milliseconds.push_back(to_ms(clock.now() - start));
    if (plan.lines.size() != row.instances || !plan.starts.empty() || !plan.stops.empty()) {
      return fail(
          ErrorKind::kInternal,
          fmt::format("of {} served instances the plan has {} lines, {} starts, {} stops",
                      row.instances, plan.lines.size(), plan.starts.size(), plan.stops.size()));
    }
  }
  return Figures{{"p50_ms", quantile(milliseconds, 0.5)},
                 {"max_ms", quantile(milliseconds, 1.0)},
                 {"instances", static_cast<double>(row.instances)},
                 {"tasks", static_cast<double>(row.tasks)}};
}

}  // namespace blox::bench
