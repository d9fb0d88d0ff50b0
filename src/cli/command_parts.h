// What the command groups share: their flags, and what to do next after an error.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/commands.h"

namespace blox::cli {

/// One function a file of commands.
void add_task_commands(CLI::App& app, Invocation& invocation);
void add_instance_commands(CLI::App& app, Invocation& invocation);
void add_environment_commands(CLI::App& app, Invocation& invocation);
void add_deployment_commands(CLI::App& app, Invocation& invocation);
void add_deploy_command(CLI::App& app, Invocation& invocation);

/// A group such as `blox tasks`, which wants one of its commands.
CLI::App& add_group(CLI::App& app, const std::string& name, const std::string& about);
/// A command with the flags that all have. `examples`: lines of a shell.
CLI::App& add_command(CLI::App& group, Invocation& invocation, const std::string& name,
                      const std::string& about, const std::string& examples);

/// The flag --cluster, which takes one name or ARN: a list, as the services take it, is refused.
/// Requires: `cluster` lives as long as `command`.
CLI::Option* add_cluster_flag(CLI::App& command, std::string& cluster, const std::string& about);

/// Lets `command` run `work` with the options as they were parsed. `work` is a coroutine
/// `Async<int>(Options, Services)`.
template <class Options>
void run_with(CLI::App& command, Invocation& invocation, std::shared_ptr<Options> options,
              Async<int> (*work)(Options, Services)) {
  command.callback([&invocation, options, work] {
    invocation.command = [options, work](Services services) { return work(*options, services); };
  });
}

/// Prints the error with what to do next, by its kind. `look`: the command that shows what there
/// is. Returns the exit status, 1.
int report(Services services, std::string_view what, const Error& why, std::string_view look);

/// The cluster's name, when `id` is an ARN and it or `cluster` tells where the object is: then the
/// service can be asked for that one. Empty: it has to be looked for in a list.
std::string cluster_to_ask(const std::string& id, const std::string& cluster);

/// What the user asked for by id or ARN, among `items` of a list.
/// Errors: kNotFound, kInvalid (more than one has that id).
template <class Object>
Result<client::Versioned<Object>> find_by_id(const std::vector<client::Versioned<Object>>& items,
                                             const std::string& id) {
  const auto fits = [&](const client::Versioned<Object>& item) {
    return item.object.arn.value == id || short_id(item.object.arn.value) == id;
  };
  const auto found = std::ranges::find_if(items, fits);
  if (found == items.end()) return fail(ErrorKind::kNotFound, "there is none");
  if (std::ranges::count_if(items, fits) > 1) {
    return fail(ErrorKind::kInvalid, "more than one has this id; give the whole ARN");
  }
  return *found;
}

}  // namespace blox::cli
