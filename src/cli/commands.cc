#include "cli/commands.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.h"
#include "cli/command_parts.h"
#include "client/endpoint.h"
#include "model/arn.h"

namespace blox::cli {
namespace {

// Of so many clusters it is asked why they are not read: each costs a call.
constexpr std::size_t kAskedWhyMax = 3;

std::vector<std::string> split_names(std::string_view list) {
  std::vector<std::string> names;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(", "), list.size());
    names.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 2, list.size()));
  }
  return names;
}

// A list of one that is not read is refused, with the reason.
Async<std::string> ask_why(std::string cluster, Services services) {
  client::InstanceFilter filter;
  filter.cluster = cluster;
  const auto listed = co_await services.state.list_instances(std::move(filter));
  if (listed) co_return cluster + " has been read meanwhile: list once more";
  co_return services.heard.busy.empty() ? listed.error().message : services.heard.busy;
}

// What the lists that were printed do not show.
Async<void> warn_of_gaps(Heard said, Services services) {
  if (!said.incomplete.empty()) {
    services.printer.print_warning(
        "ECS lists objects in these clusters that it does not describe, "
        "and they may be missing here: " +
        said.incomplete);
  }
  if (said.unread.empty()) co_return;
  services.printer.print_warning(
      "these clusters were not read from ECS yet and are missing here: " + said.unread);
  auto names = split_names(said.unread);
  if (names.size() > kAskedWhyMax) names.resize(kAskedWhyMax);
  for (std::string& name : names) {
    if (name.starts_with('+')) continue;  // The number of those that are not named.
    std::string why = co_await ask_why(std::move(name), services);
    services.printer.print_warning(why);
  }
}

std::string next_when_busy(const Heard& heard) {
  const std::string when =
      heard.retry_after.empty() ? "in a moment" : "in " + heard.retry_after + " s";
  return "Nothing was done. The service is there, but cannot answer this now: try again " + when +
         ". Its /readyz says what it waits for.";
}

}  // namespace

void add_commands(CLI::App& app, Invocation& invocation) {
  add_task_commands(app, invocation);
  add_instance_commands(app, invocation);
  add_environment_commands(app, invocation);
  add_deployment_commands(app, invocation);
  add_deploy_command(app, invocation);
}

Async<int> run(Invocation invocation, Executor& executor, http::Transport& transport,
               std::ostream& out, std::ostream& error) {
  Heard heard;
  HearingTransport hearing{transport, heard};
  client::HttpClusterStateOptions state_options;
  state_options.base_url = invocation.state_endpoint;
  client::HttpClusterState state{hearing, std::move(state_options)};
  client::SchedulerOptions scheduler_options;
  scheduler_options.base_url = invocation.scheduler_endpoint;
  client::Scheduler scheduler{hearing, std::move(scheduler_options)};
  Printer printer{out, error, invocation.printer};
  const Services services{executor, state, scheduler, printer, heard};
  const int status = co_await invocation.command(services);
  Heard said = heard;
  co_await warn_of_gaps(std::move(said), services);
  co_return status;
}

CLI::Validator to_endpoint() {
  const auto transform = [](std::string& text) {
    auto endpoint = client::parse_service_endpoint(text);
    if (!endpoint) return endpoint.error().message;
    text = *std::move(endpoint);
    return std::string{};
  };
  return CLI::Validator{transform, ""};
}

CLI::App& add_group(CLI::App& app, const std::string& name, const std::string& about) {
  auto* group = app.add_subcommand(name, about);
  group->require_subcommand(1);
  return *group;
}

CLI::App& add_command(CLI::App& group, Invocation& invocation, const std::string& name,
                      const std::string& about, const std::string& examples) {
  auto* command = group.add_subcommand(name, about);
  command->footer("Examples:\n" + examples);
  command
      ->add_option_function<std::string>(
          "--output",
          [&invocation](const std::string& format) { invocation.printer.json = format == "json"; },
          "table (the default) or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->type_name("FORMAT");
  command->add_flag("--wide", invocation.printer.wide, "Show whole ARNs in tables");
  const auto add_endpoint = [&](const char* flag, std::string& endpoint, const char* whose) {
    command->add_option(flag, endpoint, std::string{whose} + ": HOST:PORT or a URL")
        ->transform(to_endpoint())
        ->type_name("ENDPOINT")
        ->capture_default_str();
  };
  add_endpoint("--state-endpoint", invocation.state_endpoint, "The cluster-state-service");
  add_endpoint("--scheduler-endpoint", invocation.scheduler_endpoint, "The daemon-scheduler");
  return *command;
}

CLI::Option* add_cluster_flag(CLI::App& command, std::string& cluster, const std::string& about) {
  // Not by a check of the option: CLI11 holds variables against those of commands that do not run.
  command.parse_complete_callback([&cluster] {
    if (cluster.empty() || is_cluster_name(cluster) || parse_cluster_arn(cluster)) return;
    throw CLI::ValidationError("--cluster",
                               quote(cluster) + " is not the name or ARN of one cluster");
  });
  return command.add_option("--cluster", cluster, about);
}

std::string cluster_to_ask(const std::string& id, const std::string& cluster) {
  const auto arn = parse_arn(id);
  if (!arn) return {};
  if (!cluster.empty()) {
    const auto given = parse_cluster_arn(cluster);
    return given ? std::string{cluster_name(*given)} : cluster;
  }
  const auto slash = arn->rest.find('/');
  return slash == arn->rest.npos ? std::string{} : std::string{arn->rest.substr(0, slash)};
}

int report(Services services, std::string_view what, const Error& why, std::string_view look) {
  const std::string see = "`" + std::string{look} + "`";
  std::string next;
  switch (why.kind) {
    case ErrorKind::kNotFound: next = see + " shows what there is."; break;
    case ErrorKind::kConflict:
      next = "Others have changed it meanwhile: look at " + see + ", then try again.";
      break;
    case ErrorKind::kUnavailable:
    case ErrorKind::kThrottled:
      next = !services.heard.busy.empty()
                 ? next_when_busy(services.heard)
                 : "Nothing was done. Is the service running there? `blox server` starts it; "
                   "--state-endpoint and --scheduler-endpoint say where it is.";
      break;
    case ErrorKind::kUnknown:
      next = "It may have been done all the same: " + see + " shows it.";
      break;
    case ErrorKind::kDenied:
      next = "The service refuses this address: start it with --allowed-host, or ask it there.";
      break;
    case ErrorKind::kInternal: next = "The service's log says more."; break;
    case ErrorKind::kInvalid:
    case ErrorKind::kCompacted: break;  // The sentence itself says what is allowed.
  }
  services.printer.print_error(what, why, next);
  return 1;
}

}  // namespace blox::cli
