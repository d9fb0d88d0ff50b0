// blox instances list|get: what the cluster-state-service knows of container instances.
#include "cli/command_parts.h"

namespace blox::cli {
namespace {

struct GetInstance {
  std::string id;
  std::string cluster;
};

const std::vector<Column>& columns() {
  static const std::vector<Column> kColumns{
      {"INSTANCE", "containerInstanceARN"}, {"CLUSTER", "clusterARN"},
      {"EC2 INSTANCE", "EC2InstanceID"},    {"STATUS", "status"},
      {"CONNECTED", "agentConnected"},
  };
  return kColumns;
}

Row row_of(const ContainerInstance& instance) {
  return {instance.arn.value, instance.cluster.value, instance.ec2_instance_id,
          std::string{format(instance.status)}, instance.agent_connected};
}

std::vector<std::string> in_words(const std::vector<Resource>& resources) {
  std::vector<std::string> words;
  for (const auto& resource : resources) words.push_back(resource.name + "=" + resource.value);
  return words;
}

Async<int> list_instances(client::InstanceFilter filter, Services services) {
  const auto listing = co_await services.state.list_instances(std::move(filter));
  if (!listing) {
    co_return report(services, "cannot list the instances", listing.error(), "blox instances list");
  }
  std::vector<Row> rows;
  for (const auto& item : listing->items) rows.push_back(row_of(item.object));
  services.printer.print_list(columns(), rows);
  co_return 0;
}

Async<Result<client::Versioned<ContainerInstance>>> find_instance(GetInstance asked,
                                                                  Services services) {
  std::string cluster = cluster_to_ask(asked.id, asked.cluster);
  if (!cluster.empty()) {
    ContainerInstanceArn arn{asked.id};
    co_return co_await services.state.get_instance(std::move(cluster), std::move(arn));
  }
  client::InstanceFilter filter;
  filter.cluster = asked.cluster;
  const auto listing = co_await services.state.list_instances(std::move(filter));
  if (!listing) co_return std::unexpected(listing.error());
  co_return find_by_id(listing->items, asked.id);
}

Async<int> get_instance(GetInstance asked, Services services) {
  const auto found = co_await find_instance(asked, services);
  if (!found) {
    co_return report(services, "cannot show the instance " + asked.id, found.error(),
                     "blox instances list");
  }
  auto shown = columns();
  auto row = row_of(found->object);
  shown.insert(shown.end(), {{"AGENT", "agentVersion"},
                             {"DOCKER", "dockerVersion"},
                             {"REGISTERED", "registeredResources"},
                             {"REMAINING", "remainingResources"},
                             {"VERSION", "entityVersion"}});
  row.emplace_back(found->object.agent_version);
  row.emplace_back(found->object.docker_version);
  row.emplace_back(in_words(found->object.registered_resources));
  row.emplace_back(in_words(found->object.remaining_resources));
  row.emplace_back(std::to_string(found->entity_version));
  services.printer.print_one(shown, row);
  co_return 0;
}

}  // namespace

void add_instance_commands(CLI::App& app, Invocation& invocation) {
  auto& group = add_group(app, "instances", "Show container instances");
  {
    auto& command = add_command(group, invocation, "list", "List container instances by ARN",
                                "  blox instances list --cluster prod --status active");
    auto options = std::make_shared<client::InstanceFilter>();
    add_cluster_flag(command, options->cluster, "Only of this cluster, by name or ARN");
    command.add_option("--status", options->status, "Only of this status, in any case");
    run_with(command, invocation, std::move(options), &list_instances);
  }
  auto& command =
      add_command(group, invocation, "get", "Show one container instance",
                  "  blox instances get 8c5e3d4f2a1b4c6d8e9f0a1b2c3d4e5f --cluster prod");
  auto options = std::make_shared<GetInstance>();
  command.add_option("INSTANCE", options->id, "Its id or ARN")->required();
  add_cluster_flag(command, options->cluster, "Look only there, by name or ARN");
  run_with(command, invocation, std::move(options), &get_instance);
}

}  // namespace blox::cli
