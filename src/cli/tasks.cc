// blox tasks list|get: what the cluster-state-service knows of tasks.
#include "cli/command_parts.h"

namespace blox::cli {
namespace {

struct GetTask {
  std::string id;
  std::string cluster;
};

const std::vector<Column>& columns() {
  static const std::vector<Column> kColumns{
      {"TASK", "taskARN"},
      {"CLUSTER", "clusterARN"},
      {"INSTANCE", "containerInstanceARN"},
      {"DEFINITION", "taskDefinitionARN"},
      {"STATUS", "lastStatus"},
      {"DESIRED", "desiredStatus"},
      {"STARTED BY", "startedBy"},
  };
  return kColumns;
}

Row row_of(const Task& task) {
  return {task.arn.value,
          task.cluster.value,
          task.container_instance ? task.container_instance->value : std::string{},
          task.task_definition.value,
          std::string{format(task.last_status)},
          std::string{format(task.desired_status)},
          task.started_by};
}

Async<int> list_tasks(client::TaskFilter filter, Services services) {
  const auto listing = co_await services.state.list_tasks(std::move(filter));
  if (!listing) {
    co_return report(services, "cannot list the tasks", listing.error(), "blox tasks list");
  }
  std::vector<Row> rows;
  for (const auto& item : listing->items) rows.push_back(row_of(item.object));
  services.printer.print_list(columns(), rows);
  co_return 0;
}

Async<Result<client::Versioned<Task>>> find_task(GetTask asked, Services services) {
  std::string cluster = cluster_to_ask(asked.id, asked.cluster);
  if (!cluster.empty()) {
    TaskArn arn{asked.id};
    co_return co_await services.state.get_task(std::move(cluster), std::move(arn));
  }
  client::TaskFilter filter;
  filter.cluster = asked.cluster;
  const auto listing = co_await services.state.list_tasks(std::move(filter));
  if (!listing) co_return std::unexpected(listing.error());
  co_return find_by_id(listing->items, asked.id);
}

Async<int> get_task(GetTask asked, Services services) {
  const auto found = co_await find_task(asked, services);
  if (!found) {
    co_return report(services, "cannot show the task " + asked.id, found.error(),
                     "blox tasks list");
  }
  auto shown = columns();
  auto row = row_of(found->object);
  const auto add = [&](const Column& column, const std::string& value) {
    shown.push_back(column);
    row.emplace_back(value);
  };
  add({"GROUP", "group"}, found->object.group);
  add({"CREATED", "createdAt"}, found->object.created_at);
  add({"STARTED", "startedAt"}, found->object.started_at);
  add({"STOPPED", "stoppedAt"}, found->object.stopped_at);
  add({"STOPPED REASON", "stoppedReason"}, found->object.stopped_reason);
  shown.push_back({"VERSION", "entityVersion"});
  row.emplace_back(std::to_string(found->entity_version));
  services.printer.print_one(shown, row);
  co_return 0;
}

}  // namespace

void add_task_commands(CLI::App& app, Invocation& invocation) {
  auto& group = add_group(app, "tasks", "Show tasks");
  {
    auto& command = add_command(group, invocation, "list", "List tasks by ARN",
                                "  blox tasks list --cluster prod --status running\n"
                                "  blox tasks list --output json");
    auto options = std::make_shared<client::TaskFilter>();
    add_cluster_flag(command, options->cluster, "Only of this cluster, by name or ARN");
    command.add_option("--status", options->status, "Only of this lastStatus, in any case");
    command.add_option("--started-by", options->started_by, "Only of this startedBy");
    run_with(command, invocation, std::move(options), &list_tasks);
  }
  auto& command = add_command(group, invocation, "get", "Show one task",
                              "  blox tasks get 1dc5c17a422f4dc3a3ba5dd0f5ddc6b3 --cluster prod");
  auto options = std::make_shared<GetTask>();
  command.add_option("TASK", options->id, "Its id or ARN")->required();
  add_cluster_flag(command, options->cluster, "Look only there, by name or ARN");
  run_with(command, invocation, std::move(options), &get_task);
}

}  // namespace blox::cli
