// The client commands of `blox`: tasks, instances, environments, deployments, deploy. The program
// hangs them on its flags and runs the one that was asked for.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <iosfwd>
#include <string>

#include "base/async.h"
#include "base/executor.h"
#include "cli/heard.h"
#include "cli/printer.h"
#include "client/http_cluster_state.h"
#include "client/scheduler.h"

namespace blox::cli {

/// What a command works with. All of it outlives the command.
struct Services {
  Executor& executor;
  client::ClusterState& state;
  client::Scheduler& scheduler;
  Printer& printer;
  const Heard& heard;
};

/// For CLI11's `transform`: turns HOST:PORT or a URL into the base URL that it means, and says what
/// is allowed if it is neither.
CLI::Validator to_endpoint();

/// What the flags say. `command` is empty when no client command was asked for.
struct Invocation {
  std::string state_endpoint = "http://127.0.0.1:3000";
  std::string scheduler_endpoint = "http://127.0.0.1:2000";
  PrinterOptions printer;
  /// Returns the exit status: 0 done, 1 the service refused or failed, 2 bad usage.
  std::function<Async<int>(Services)> command;
};

/// Adds the commands to `app`; parsing then fills `invocation`. Requires: it outlives the parsing.
void add_commands(CLI::App& app, Invocation& invocation);

/// Runs the command that was asked for. Requires: there is one; all arguments outlive the run.
Async<int> run(Invocation invocation, Executor& executor, http::Transport& transport,
               std::ostream& out, std::ostream& error);

}  // namespace blox::cli
