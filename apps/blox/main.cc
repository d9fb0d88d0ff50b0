// blox: one program for both services, the simulator, the demo and the client commands.
#include <algorithm>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "blox/client_mode.h"
#include "blox/flags.h"
#include "blox/modes.h"
#include "http/server_budgets.h"

namespace {

// Installed as links, the services are found by the name they are called by.
std::vector<std::string> arguments_of(int count, char** values) {
  std::vector<std::string> arguments{values + 1, values + count};
  const std::string name = std::filesystem::path{values[0]}.filename().string();
  if (name == "cluster-state-service" || name == "daemon-scheduler") {
    arguments.insert(arguments.begin(), name);
  }
  return arguments;
}

int refuse_usage(const blox::Error& error) {
  std::cerr << "blox: " << error.message << "\nRun with --help for more information.\n";
  return 2;
}

int run(int count, char** values) {
  blox::http::raise_open_files_max();
  int status = 0;
  CLI::App app{"Blox: a live copy of Amazon ECS clusters, and one daemon task on every instance."};
  app.name("blox");
  app.require_subcommand(1);
  app.footer("blox COMMAND --help says more, with examples. First steps: blox demo");
  blox::apps::add_server(app, status);
  blox::apps::add_cluster_state_service(app, status);
  blox::apps::add_daemon_scheduler(app, status);
  blox::apps::add_simulator(app, status);
  blox::apps::add_demo(app, status);
  blox::cli::Invocation invocation;
  blox::cli::add_commands(app, invocation);
  blox::apps::add_version(app, std::string{"blox "} + BLOX_VERSION);
  blox::apps::add_sources(app);
  auto arguments = arguments_of(count, values);
  const auto checked = blox::apps::check_command(app, arguments);
  if (!checked) return refuse_usage(checked.error());
  blox::apps::forget_other_sources(app, arguments);
  auto completed =
      blox::apps::with_file(app, blox::apps::with_environment(app, std::move(arguments)));
  if (!completed) return refuse_usage(completed.error());
  std::ranges::reverse(*completed);  // CLI11 takes them from the back.
  try {
    app.parse(*completed);
  } catch (const CLI::ParseError& problem) {
    // CLI11 has its own numbers; ours are 0 for help, 2 for bad usage.
    return app.exit(problem) == 0 ? 0 : 2;
  }
  return invocation.command ? blox::apps::run_client(invocation) : status;
}

}  // namespace

int main(int count, char** values) {
  try {
    return run(count, values);
  } catch (const std::exception& problem) {
    return blox::apps::fail_with(problem.what());
  }
}
