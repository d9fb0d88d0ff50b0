// The client commands of the program: what cli asks for, over real HTTP.
#pragma once

#include "cli/commands.h"

namespace blox::apps {

/// Runs the command on stdout and stderr; its exit status. Ends at SIGINT with 1.
int run_client(const cli::Invocation& invocation);

}  // namespace blox::apps
