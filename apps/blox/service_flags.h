// The flags of the two services, shared by the modes that run one of them or both.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "blox/flags.h"
#include "blox/listen_flags.h"
#include "blox/scheduler_service.h"
#include "blox/state_service.h"

namespace blox::apps {

/// The default of --api-share for a service that runs without the other in its process: both
/// together spend no more than the whole.
inline constexpr double kShareOfOne = 0.5;

/// Of every mode that calls AWS or listens.
struct CommonFlags {
  std::string store;
  std::string store_queue_memory = "64MiB";
  double api_share = 1.0;  ///< Over both services, where one process runs both.
  ListenFlags listen;
  std::vector<std::string> etcd_endpoints;

  void add_to(CLI::App& app, const std::string& store_file);
  /// Errors: kInvalid: --etcd-endpoint, which v0.3 knew and this version does not serve yet.
  Status check() const;
};

/// Bounds of --reconcile-interval. Below, one full read of ECS would follow the other and no
/// picture be young enough to start anything on; above, what an event did not tell stays wrong for
/// too long.
CLI::Validator is_reconcile_interval();

/// Of the cluster-state-service.
struct StateFlags {
  std::string queue = "blox_queue";
  std::vector<std::string> clusters;
  std::string reconcile_interval = "20m";
  std::string stopped_retention = "3h";
  std::string ingest_memory = "64MiB";

  void add_to(CLI::App& app);
  /// `region`: of the account that is read.
  StateServiceOptions options(const std::string& region) const;
};

/// Of the daemon-scheduler.
struct SchedulerFlags {
  std::string reconcile_interval = "20m";  ///< Of the state service: how old a picture may be.

  SchedulerServiceOptions options(const std::string& state_url) const;
};

/// "http://HOST:PORT" for a bare HOST:PORT, as v0.3 took it; a URL stays as it is.
std::string to_url(const std::string& endpoint);

}  // namespace blox::apps
