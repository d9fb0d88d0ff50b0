// blox deploy: puts an environment into effect, with a new task definition if one is given, and
// follows the rollout if asked to.
#include <algorithm>
#include <map>
#include <optional>

#include "cli/command_parts.h"

namespace blox::cli {
namespace {

constexpr Duration kPollInterval = std::chrono::seconds{1};
constexpr Duration kWaitMost = std::chrono::days{30};

struct Deploy {
  std::string environment;
  std::optional<std::string> task_definition;
  bool wait = false;
  bool supersede = true;
  std::string wait_max = "30m";
};

std::string start_of(const client::Deployment& deployment) {
  return "Deployment " + deployment.id + " of " + std::string{short_id(deployment.task_definition)};
}

// "running: 3 serving, 1 starting".
std::string progress_of(const client::Deployment& deployment,
                        const client::InstanceStatusList& instances) {
  std::map<std::string, int> counts;
  for (const auto& line : instances.items) ++counts[line.state];
  std::string text = deployment.status;
  for (const auto& [state, count] : counts) {
    text += (text == deployment.status ? ": " : ", ") + std::to_string(count) + " " + state;
  }
  return text;
}

// Which instances failed, and why, as far as the service still says it.
Async<void> print_failed(Services services, client::Deployment deployment) {
  const auto instances = co_await services.scheduler.list_instances(deployment.environment_name);
  for (const auto& arn : deployment.failed_instances) {
    std::string why;
    if (instances) {
      const auto line = std::ranges::find(instances->items, arn,
                                          &codec::InstanceStatusObject::container_instance_arn);
      if (line != instances->items.end()) why = ": " + line->state + ": " + line->reason;
    }
    services.printer.print_note("  " + arn + why);
  }
}

// Says how it ended; the exit status.
Async<int> conclude(Services services, client::Deployment deployment) {
  if (deployment.status == "superseded") {
    services.printer.print_error(
        start_of(deployment) + " has not ended well",
        Error{ErrorKind::kConflict, "a newer one has replaced it"},
        "`blox deployments list " + deployment.environment_name + "` shows which.");
    co_return 1;
  }
  const std::string next = "`blox environments instances " + deployment.environment_name +
                           "` says why, instance by instance.";
  if (deployment.status == "failed") {
    services.printer.print_error(start_of(deployment) + " has failed; what ran before stays",
                                 Error{ErrorKind::kUnavailable, deployment.reason}, next);
    co_await print_failed(services, deployment);
    co_return 1;
  }
  if (deployment.failed_instances.empty()) {
    services.printer.print_note(start_of(deployment) + " is completed.");
    co_return 0;
  }
  const std::string why = deployment.reason.empty()
                              ? std::to_string(deployment.failed_instances.size()) +
                                    " instances could not start the task"
                              : deployment.reason;
  services.printer.print_error(start_of(deployment) + " has not ended well",
                               Error{ErrorKind::kUnavailable, why}, next);
  co_await print_failed(services, deployment);
  co_return 1;
}

bool is_passing(const Error& error) {
  return error.kind == ErrorKind::kUnavailable || error.kind == ErrorKind::kThrottled;
}

// Follows until the deployment ends. A service that is away for a while is asked again.
Async<int> follow(client::Deployment deployment, TimePoint deadline, Services services) {
  std::string shown;
  while (deployment.status == "pending" || deployment.status == "running") {
    if (services.executor.now() >= deadline) {
      services.printer.print_error(
          start_of(deployment) + " goes on, and is no longer followed",
          Error{ErrorKind::kUnavailable, "it has not ended within --wait-max"},
          "`blox environments instances " + deployment.environment_name + "` says why.");
      co_return 1;
    }
    const auto instances = co_await services.scheduler.list_instances(deployment.environment_name);
    if (instances) {
      const std::string progress = progress_of(deployment, *instances);
      if (progress != shown) services.printer.print_note(progress);
      shown = progress;
    }
    co_await sleep_for(services.executor, kPollInterval);
    auto current =
        co_await services.scheduler.get_deployment(deployment.environment_name, deployment.id);
    if (current) {
      deployment = std::move(*current);
    } else if (!is_passing(current.error())) {
      co_return report(services, "cannot follow the deployment " + deployment.id, current.error(),
                       "blox deployments list " + deployment.environment_name);
    }
  }
  co_return co_await conclude(services, deployment);
}

Async<Result<client::Environment>> prepare(Deploy asked, Services services) {
  if (!asked.task_definition) {
    co_return co_await services.scheduler.get_environment(asked.environment);
  }
  client::EnvironmentRequest request;
  request.task_definition = asked.task_definition;
  co_return co_await services.scheduler.patch_environment(asked.environment, std::move(request));
}

Async<int> deploy(Deploy asked, Services services) {
  auto wait_max = parse_duration(asked.wait_max);
  if (wait_max && *wait_max > kWaitMost) {
    wait_max = fail(ErrorKind::kInvalid,
                    "'" + asked.wait_max + "' is more than " + format_duration(kWaitMost));
  }
  if (!wait_max) {
    services.printer.print_error("--wait-max is not usable", wait_max.error(), "");
    co_return 2;
  }
  const TimePoint deadline = services.executor.now() + *wait_max;
  const std::string what = "cannot deploy the environment " + asked.environment;
  const auto environment = co_await prepare(asked, services);
  if (!environment) co_return report(services, what, environment.error(), "blox environments list");
  const auto deployment = co_await services.scheduler.create_deployment(
      asked.environment, environment->deployment_token, asked.supersede);
  if (!deployment) {
    co_return report(services, what, deployment.error(),
                     "blox deployments list " + asked.environment);
  }
  services.printer.print_one({{"DEPLOYMENT", "id"},
                              {"STATUS", "status"},
                              {"DEFINITION", "taskDefinition"},
                              {"ENVIRONMENT", "environmentName"}},
                             {deployment->id, deployment->status, deployment->task_definition,
                              deployment->environment_name});
  if (!asked.wait) co_return 0;
  co_return co_await follow(*deployment, deadline, services);
}

}  // namespace

void add_deploy_command(CLI::App& app, Invocation& invocation) {
  auto& command = add_command(app, invocation, "deploy", "Put an environment into effect",
                              "  blox deploy logs --wait\n"
                              "  blox deploy logs --task-definition fluentd:4 --wait");
  auto options = std::make_shared<Deploy>();
  command.add_option("ENVIRONMENT", options->environment, "Its name")->required();
  command.add_option("--task-definition", options->task_definition,
                     "What to run from now on: a family, family:revision or an ARN");
  command.add_flag("--wait", options->wait, "Follow until it has ended; status 1 if not well");
  command.add_option("--wait-max", options->wait_max, "How long to follow")->capture_default_str();
  command.add_flag("--supersede,!--no-supersede", options->supersede,
                   "Replace a deployment in progress (the default)");
  run_with(command, invocation, std::move(options), &deploy);
}

}  // namespace blox::cli
