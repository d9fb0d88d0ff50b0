// blox deployments list|get: the rollouts of an environment.
#include "cli/command_parts.h"

namespace blox::cli {
namespace {

struct ListDeployments {
  std::string environment;
};
struct GetDeployment {
  std::string environment;
  std::string id;
};

const std::vector<Column>& columns() {
  static const std::vector<Column> kColumns{
      {"DEPLOYMENT", "id"},     {"STATUS", "status"},          {"DEFINITION", "taskDefinition"},
      {"CREATED", "createdAt"}, {"FAILED", "failedInstances"},
  };
  return kColumns;
}

std::string text_of(const std::optional<WallTime>& time) {
  return time ? format_time(*time) : std::string{};
}

Row row_of(const client::Deployment& deployment) {
  return {deployment.id, deployment.status, deployment.task_definition,
          text_of(deployment.created_at), deployment.failed_instances};
}

Async<int> list_deployments(ListDeployments asked, Services services) {
  const auto all = co_await services.scheduler.list_deployments(asked.environment);
  if (!all) {
    co_return report(services, "cannot list the deployments of " + asked.environment, all.error(),
                     "blox environments list");
  }
  std::vector<Row> rows;
  for (const auto& deployment : *all) rows.push_back(row_of(deployment));
  services.printer.print_list(columns(), rows);
  co_return 0;
}

Async<int> get_deployment(GetDeployment asked, Services services) {
  const auto found = co_await services.scheduler.get_deployment(asked.environment, asked.id);
  if (!found) {
    co_return report(services, "cannot show the deployment " + asked.id, found.error(),
                     "blox deployments list " + asked.environment);
  }
  auto shown = columns();
  auto row = row_of(*found);
  shown.insert(
      shown.end(),
      {{"ENVIRONMENT", "environmentName"}, {"STARTED", "startedAt"}, {"ENDED", "endedAt"}});
  row.emplace_back(found->environment_name);
  row.emplace_back(text_of(found->started_at));
  row.emplace_back(text_of(found->ended_at));
  if (!found->reason.empty()) {
    shown.push_back({"REASON", "reason"});
    row.emplace_back(found->reason);
  }
  services.printer.print_one(shown, row);
  co_return 0;
}

}  // namespace

void add_deployment_commands(CLI::App& app, Invocation& invocation) {
  auto& group = add_group(app, "deployments", "Show the rollouts of an environment");
  {
    auto& command = add_command(group, invocation, "list", "List deployments, newest first",
                                "  blox deployments list logs");
    auto options = std::make_shared<ListDeployments>();
    command.add_option("ENVIRONMENT", options->environment, "Its name")->required();
    run_with(command, invocation, std::move(options), &list_deployments);
  }
  auto& command = add_command(group, invocation, "get", "Show one deployment",
                              "  blox deployments get logs 0a4d8a52-95f8-4e0f-a3ef-2d5dd1f4a7c1");
  auto options = std::make_shared<GetDeployment>();
  command.add_option("ENVIRONMENT", options->environment, "Its name")->required();
  command.add_option("DEPLOYMENT", options->id, "Its id, as `blox deployments list` shows it")
      ->required();
  run_with(command, invocation, std::move(options), &get_deployment);
}

}  // namespace blox::cli
