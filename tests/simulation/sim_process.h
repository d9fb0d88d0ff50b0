// The two services as processes of the simulation: each starts on what its disk holds, and crashes
// by being destroyed where it stands.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "aws/aws_clock.h"
#include "aws/ecs_client.h"
#include "aws/sqs_queue.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/scope.h"
#include "base/sim_loop.h"
#include "blox/aws_account.h"
#include "blox/scheduler_service.h"
#include "blox/state_service.h"
#include "simulation/fast_clock.h"
#include "simulation/mutant.h"
#include "simulation/sim_link.h"
#include "simulation/state_judge.h"
#include "simulation/watched.h"
#include "simulation/wrong_clock.h"
#include "simulator/sim_transport.h"
#include "store/fault_vfs.h"
#include "store/memory_store.h"

namespace blox::simulation {

/// Durable bytes that outlive a process: a memory store's, or SQLite's on a disk with faults.
class Disk {
 public:
  Disk(bool is_sqlite, std::uint64_t seed);
  /// Errors: those of SqliteStore::open.
  Result<std::unique_ptr<store::Store>> open(Executor& executor);
  /// Cuts the power. Requires: no store is open on it.
  void crash(Random& random);
  bool is_sqlite() const { return sqlite_ != nullptr; }
  /// Keeps a copy of what is durable now, and puts it back. Requires: !is_sqlite(); of
  /// restore_copy also that a copy was kept, and no store is open on the disk.
  void keep_copy() { copy_ = store::copy_memory_disk(*memory_); }
  void restore_copy() { memory_ = store::copy_memory_disk(*copy_); }
  bool has_copy() const { return copy_ != nullptr; }
  /// Likewise, with another store id.
  void restore_copy_as(std::uint64_t seed) { memory_ = store::copy_memory_disk(*copy_, seed); }
  /// Cuts the power after so many more writes, perhaps in the midst of a commit; the process goes
  /// on and fails to write. Requires: is_sqlite().
  void cut_power_after(std::int64_t writes);
  /// True once that has happened, until crash().
  bool is_off() const { return sqlite_ && sqlite_->operation_count() >= off_at_; }

 private:
  std::uint64_t seed_;
  std::shared_ptr<store::MemoryDisk> memory_;
  std::shared_ptr<store::MemoryDisk> copy_;
  std::unique_ptr<store::FaultDisk> sqlite_;
  std::int64_t off_at_ = INT64_MAX;
};

/// What a process reaches of the world. All of it outlives the process.
struct Surroundings {
  SimLoop& executor;
  http::Transport& aws;
  const Mutant& mutant;
  StateJudge& state_judge;
  SeamListeners listeners;  ///< Of its queue, and of the scheduler's store.
  bool clocks_err = false;
  ClockError clock = {};
};

/// The date of a process: of a machine whose clock may err, mended by what AWS tells.
struct ProcessClock {
  explicit ProcessClock(const Surroundings& around);
  WrongClock machine;
  aws::AwsClock date;
  aws::DatedTransport transport;
  Executor& executor;  ///< What the process lives by.
};

/// The cluster-state-service.
class StateProcess {
 public:
  StateProcess(const Surroundings& around, std::uint64_t seed, std::unique_ptr<store::Store> store,
               apps::StateServiceOptions options);
  http::Handler& handler() { return service_.handler(); }
  const apps::StateService& service() const { return service_; }
  const Metrics& metrics() const { return metrics_; }

 private:
  Metrics metrics_;
  Random random_;
  ProcessClock clock_;
  aws::StaticCredentials credentials_{{"id", "secret", ""}};
  aws::EcsBudgets budgets_;
  aws::EcsClient ecs_;
  aws::SqsQueue queue_;
  WatchedQueue watched_queue_;
  std::unique_ptr<aws::Queue> broken_queue_;
  std::unique_ptr<store::Store> store_;
  apps::StateService service_;
};

/// The daemon-scheduler.
class SchedulerProcess {
 public:
  SchedulerProcess(const Surroundings& around, std::uint64_t seed,
                   std::unique_ptr<store::Store> store, http::Transport& state,
                   apps::SchedulerServiceOptions options);
  ~SchedulerProcess();
  /// Null until what a mutant does at the start is done.
  apps::SchedulerService* service() { return service_.get(); }
  http::Handler& handler() { return gate_; }
  const Metrics& metrics() const { return metrics_; }

 private:
  // Stands before the service while a mutant prepares.
  class Gate final : public http::Handler {
   public:
    explicit Gate(SchedulerProcess& process) : process_(process) {}
    Async<http::Response> handle(http::Request request) override;

   private:
    SchedulerProcess& process_;
  };
  Async<void> begin();

  Surroundings around_;
  Metrics metrics_;
  Random random_;
  ProcessClock process_clock_;
  aws::StaticCredentials credentials_{{"id", "secret", ""}};
  aws::EcsBudgets budgets_;
  aws::EcsClient ecs_;
  aws::EcsClient people_ecs_;
  apps::EcsDirectory directory_;
  std::unique_ptr<store::Store> store_;
  http::Transport& state_;
  apps::SchedulerServiceOptions options_;
  std::unique_ptr<aws::EcsControl> broken_control_;
  std::unique_ptr<aws::EcsQuery> broken_query_;
  std::unique_ptr<FastClock> clock_;  // Outlives the service.
  std::unique_ptr<scheduler::Planner> broken_planner_;
  std::unique_ptr<apps::SchedulerService> service_;
  Gate gate_{*this};
  Scope scope_;
};

}  // namespace blox::simulation
