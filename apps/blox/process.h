// Process: what every serving mode has: a loop, chance, metrics, the AWS account, and an orderly
// end at SIGINT or SIGTERM.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/io_loop.h"
#include "base/metrics.h"
#include "base/random.h"
#include "blox/aws_account.h"
#include "blox/service_flags.h"
#include "http/server.h"

namespace blox::apps {

/// What an orderly end waits for. All of it outlives the run.
struct Ending {
  std::vector<http::Server*> servers;     ///< Requests get their answers, streams a last chunk.
  SchedulerService* scheduler = nullptr;  ///< Calls to ECS get their outcomes stored.
};

/// For programs that serve: writing to a pipe that nobody reads any more (a `tee` or a log shipper
/// that has gone) then fails, instead of ending the process. Others end with their pipe, as tools
/// should. Call it before the first line of the log.
void outlive_closed_pipes();

struct Process {
  /// Handles SIGHUP from here on: the log file is opened anew, and the keys of AWS are read anew.
  Process();

  IoLoop loop;
  Metrics metrics;
  Random random{seed_from_os()};
  std::unique_ptr<AwsAccount> account;
  std::shared_ptr<http::ServerBudgets> budgets;  ///< Of all servers, made with the first.

  /// Errors: those of AwsAccount::open and CommonFlags::check.
  Status open_account(const CommonFlags& flags);
  Result<std::unique_ptr<http::Server>> listen(const std::string& bind, http::Handler& handler,
                                               const CommonFlags& flags);
  /// Runs until SIGINT or SIGTERM, then a few seconds more at most, for what is under way. A second
  /// signal ends it at once.
  void run(Ending ending);
};

}  // namespace blox::apps
