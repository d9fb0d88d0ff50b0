// The modes of the program, one file each. Each adds its command to `root`, with a callback that
// runs the mode and sets `status`, the exit status.
#pragma once

#include <CLI/CLI.hpp>

namespace blox::apps {

/// `blox server`: both services in one process.
void add_server(CLI::App& root, int& status);
/// `blox cluster-state-service`, also by the program's own name.
void add_cluster_state_service(CLI::App& root, int& status);
/// `blox daemon-scheduler`, also by the program's own name.
void add_daemon_scheduler(CLI::App& root, int& status);
/// `blox simulator`: a simulated AWS account.
void add_simulator(CLI::App& root, int& status);
/// `blox demo`: a simulated cluster, Blox on it, and what happens, live.
void add_demo(CLI::App& root, int& status);

}  // namespace blox::apps
