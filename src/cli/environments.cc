// blox environments list|get|create|update|delete|instances: who should run what and where.
#include "cli/command_parts.h"

namespace blox::cli {
namespace {

struct ListEnvironments {
  std::string cluster;
};
struct OneEnvironment {
  std::string name;
};
struct AdoptTasks {
  std::string name;
  bool dry_run = false;
};
struct DeleteEnvironment {
  std::string name;
  bool terminate_tasks = false;
};
struct ChangeEnvironment {
  std::string name;
  client::EnvironmentRequest request;
};

const std::vector<Column>& columns() {
  static const std::vector<Column> kColumns{
      {"NAME", "name"},
      {"CLUSTER", "cluster"},
      {"DEFINITION", "taskDefinition"},
      {"HEALTH", "health"},
      {"MAX UNAVAILABLE", "maxUnavailable"},
      {"DEPLOYMENT", "deploymentId"},
  };
  return kColumns;
}

Row row_of(const client::Environment& environment) {
  return {environment.name,   environment.cluster,         environment.task_definition,
          environment.health, environment.max_unavailable, environment.deployment_id};
}

void print_one(Services services, const client::Environment& environment) {
  auto shown = columns();
  auto row = row_of(environment);
  shown.insert(shown.end(), {{"HEALTH REASON", "healthReason"},
                             {"DRAIN DEADLINE", "drainDeadline"},
                             {"MIN HEALTHY", "minHealthy"},
                             {"TOKEN", "deploymentToken"},
                             {"CREATED", "createdAt"}});
  row.emplace_back(environment.health_reason);
  row.emplace_back(environment.drain_deadline);
  row.emplace_back(environment.min_healthy);
  row.emplace_back(environment.deployment_token);
  row.emplace_back(environment.created_at ? format_time(*environment.created_at) : std::string{});
  services.printer.print_one(shown, row);
}

Async<int> list_environments(ListEnvironments asked, Services services) {
  const auto all = co_await services.scheduler.list_environments(asked.cluster);
  if (!all) {
    co_return report(services, "cannot list the environments", all.error(),
                     "blox environments list");
  }
  std::vector<Row> rows;
  for (const auto& environment : *all) rows.push_back(row_of(environment));
  services.printer.print_list(columns(), rows);
  co_return 0;
}

Async<int> get_environment(OneEnvironment asked, Services services) {
  const auto found = co_await services.scheduler.get_environment(asked.name);
  if (!found) {
    co_return report(services, "cannot show the environment " + asked.name, found.error(),
                     "blox environments list");
  }
  print_one(services, *found);
  co_return 0;
}

Async<int> create_environment(ChangeEnvironment asked, Services services) {
  const auto created = co_await services.scheduler.create_environment(asked.request);
  if (!created) {
    co_return report(services, "cannot create the environment " + asked.name, created.error(),
                     created.error().kind == ErrorKind::kNotFound ? "blox instances list"
                                                                  : "blox environments list");
  }
  print_one(services, *created);
  services.printer.print_note("Nothing runs yet: `blox deploy " + asked.name + "` starts it.");
  co_return 0;
}

Async<int> update_environment(ChangeEnvironment asked, Services services) {
  const auto& request = asked.request;
  if (!request.task_definition && !request.max_unavailable && !request.drain_deadline &&
      !request.min_healthy) {
    services.printer.print_error("cannot change the environment " + asked.name,
                                 Error{ErrorKind::kInvalid, "no change is given"},
                                 "Give --task-definition, --max-unavailable, --drain-deadline or "
                                 "--min-healthy.");
    co_return 2;
  }
  const auto changed = co_await services.scheduler.patch_environment(asked.name, request);
  if (!changed) {
    co_return report(services, "cannot change the environment " + asked.name, changed.error(),
                     "blox environments list");
  }
  print_one(services, *changed);
  services.printer.print_note("No instance changes before `blox deploy " + asked.name + "`.");
  co_return 0;
}

// The service takes a delete of what is not there for done, as v0.3 did. A person is told, who may
// have mistyped the name or count on tasks to stop that a delete before has left running.
Async<int> delete_environment(DeleteEnvironment asked, Services services) {
  const std::string what = "cannot delete the environment " + asked.name;
  const auto found = co_await services.scheduler.get_environment(asked.name);
  if (!found && found.error().kind == ErrorKind::kNotFound) {
    services.printer.print_error(
        what, found.error(),
        "`blox environments list` shows what there is. If it was deleted before, nothing more is "
        "done: tasks that it left go on running.");
    co_return 1;
  }
  if (!found) co_return report(services, what, found.error(), "blox environments list");
  const auto deleted =
      co_await services.scheduler.delete_environment(asked.name, asked.terminate_tasks);
  if (!deleted) {
    co_return report(services, what, deleted.error(), "blox environments list");
  }
  services.printer.print_note(asked.terminate_tasks ? asked.name + " is deleted; its tasks stop."
                                                    : asked.name + " is deleted; its tasks stay.");
  co_return 0;
}

Async<int> list_instances(OneEnvironment asked, Services services) {
  const auto list = co_await services.scheduler.list_instances(asked.name);
  if (!list) {
    co_return report(services, "cannot list the instances of " + asked.name, list.error(),
                     "blox environments list");
  }
  std::vector<Row> rows;
  for (const auto& line : list->items) {
    rows.push_back({line.container_instance_arn, line.state, line.task_arn, line.reason});
  }
  services.printer.print_list({{"INSTANCE", "containerInstanceARN"},
                               {"STATE", "state"},
                               {"TASK", "taskARN"},
                               {"REASON", "reason"}},
                              rows);
  co_return 0;
}

Async<int> adopt(AdoptTasks asked, Services services) {
  const auto list = co_await services.scheduler.adopt(asked.name, asked.dry_run);
  if (!list) {
    co_return report(services, "cannot adopt tasks for the environment " + asked.name, list.error(),
                     "blox environments list");
  }
  std::vector<Row> rows;
  std::size_t adopted = 0;
  for (const auto& line : list->items) {
    if (line.reason.empty()) ++adopted;
    rows.push_back({line.task_arn, line.container_instance_arn, line.task_definition,
                    line.started_by,
                    line.reason.empty() ? (list->dry_run ? "would be adopted" : "is adopted")
                                        : "stays as it is: " + line.reason});
  }
  services.printer.print_list({{"TASK", "taskARN"},
                               {"INSTANCE", "containerInstanceARN"},
                               {"DEFINITION", "taskDefinition"},
                               {"STARTED BY", "startedBy"},
                               {"OUTCOME", "outcome"}},
                              rows);
  services.printer.print_note(std::to_string(adopted) + " of " + std::to_string(rows.size()) +
                              " unclaimed tasks " +
                              (list->dry_run ? "would be adopted." : "are adopted."));
  co_return 0;
}

void add_change_flags(CLI::App& command, client::EnvironmentRequest& request) {
  command.add_option("--task-definition", request.task_definition,
                     "A family, family:revision or an ARN");
  command.add_option("--max-unavailable", request.max_unavailable,
                     "How many instances may be without their task: 2, or 10%");
  command.add_option("--drain-deadline", request.drain_deadline,
                     "How long the task stays on a draining instance: 15m");
  command.add_option("--min-healthy", request.min_healthy,
                     "How long a new task has to serve before the next one is replaced: 10s");
}

void add_changing_commands(CLI::App& group, Invocation& invocation) {
  {
    auto& command = add_command(group, invocation, "create", "Say what has to run on a cluster",
                                "  blox environments create logs --cluster prod "
                                "--task-definition fluentd:3 --max-unavailable 10%");
    auto options = std::make_shared<ChangeEnvironment>();
    command.add_option("NAME", options->name, "1 to 30 letters, digits, '-' and '_'")->required();
    add_cluster_flag(command, options->request.cluster, "Its name or ARN")->required();
    add_change_flags(command, options->request);
    command.get_option("--task-definition")->required();
    command.callback([&invocation, options] {
      options->request.name = options->name;
      invocation.command = [options](Services services) {
        return create_environment(*options, services);
      };
    });
  }
  {
    auto& command = add_command(group, invocation, "update", "Change what the next deploy takes",
                                "  blox environments update logs --task-definition fluentd:4");
    auto options = std::make_shared<ChangeEnvironment>();
    command.add_option("NAME", options->name, "Of the environment")->required();
    add_change_flags(command, options->request);
    run_with(command, invocation, std::move(options), &update_environment);
  }
  {
    auto& command = add_command(group, invocation, "adopt",
                                "Take over tasks of its group that nobody here has started",
                                "  blox environments adopt logs --dry-run");
    auto options = std::make_shared<AdoptTasks>();
    command.add_option("NAME", options->name, "Of the environment")->required();
    command.add_flag("--dry-run", options->dry_run, "Show what would be done, and do nothing");
    run_with(command, invocation, std::move(options), &adopt);
  }
  auto& command = add_command(group, invocation, "delete", "Delete an environment",
                              "  blox environments delete logs --terminate-tasks");
  auto options = std::make_shared<DeleteEnvironment>();
  command.add_option("NAME", options->name, "Of the environment")->required();
  command.add_flag("--terminate-tasks", options->terminate_tasks, "Stop its tasks as well");
  run_with(command, invocation, std::move(options), &delete_environment);
}

void add_one(CLI::App& group, Invocation& invocation, const std::string& name,
             const std::string& about, Async<int> (*work)(OneEnvironment, Services)) {
  auto& command =
      add_command(group, invocation, name, about, "  blox environments " + name + " logs");
  auto options = std::make_shared<OneEnvironment>();
  command.add_option("NAME", options->name, "Of the environment")->required();
  run_with(command, invocation, std::move(options), work);
}

}  // namespace

void add_environment_commands(CLI::App& app, Invocation& invocation) {
  auto& group = add_group(app, "environments", "Say and show what has to run where");
  {
    auto& command = add_command(group, invocation, "list", "List environments by name",
                                "  blox environments list --cluster prod");
    auto options = std::make_shared<ListEnvironments>();
    add_cluster_flag(command, options->cluster, "Only of this cluster, by name or ARN");
    run_with(command, invocation, std::move(options), &list_environments);
  }
  add_one(group, invocation, "get", "Show one environment", &get_environment);
  add_one(group, invocation, "instances", "Show what each instance does or waits for, and why",
          &list_instances);
  add_changing_commands(group, invocation);
}

}  // namespace blox::cli
