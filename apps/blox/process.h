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

struct Process {
  IoLoop loop;
  Metrics metrics;
  Random random{seed_from_os()};
  std::unique_ptr<AwsAccount> account;

  /// Errors: those of AwsAccount::open and CommonFlags::check.
  Status open_account(const CommonFlags& flags);
  Result<std::unique_ptr<http::Server>> listen(const std::string& bind, http::Handler& handler,
                                               const CommonFlags& flags);
  /// Runs until SIGINT or SIGTERM.
  void run();
};

}  // namespace blox::apps
