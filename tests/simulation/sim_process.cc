#include "simulation/sim_process.h"

#include <utility>

#include "base/check.h"
#include "store/sqlite_store.h"

namespace blox::simulation {
namespace {

constexpr const char* kEndpoint = "http://aws.sim";
constexpr const char* kRegion = "us-east-1";
constexpr const char* kQueue = "blox_queue";
constexpr const char* kFile = "blox.db";

// The mutant stands before what is watched, so that the judge sees what really becomes durable.
std::unique_ptr<store::Store> open_store(const Surroundings& around,
                                         std::unique_ptr<store::Store> real) {
  auto watched = std::make_unique<WatchedStore>(around.executor, std::move(real),
                                                around.state_judge, around.listeners);
  if (!around.mutant.state_store) return watched;
  return around.mutant.state_store(around.executor, std::move(watched));
}

std::unique_ptr<store::Store> open_scheduler_store(const Surroundings& around,
                                                   std::unique_ptr<store::Store> real) {
  auto watched = std::make_unique<WatchedStore>(around.executor, std::move(real), around.listeners);
  if (!around.mutant.scheduler_store) return watched;
  return around.mutant.scheduler_store(around.executor, std::move(watched));
}

apps::StateServiceOptions bend(const Surroundings& around, const ProcessClock& clock,
                               apps::StateServiceOptions options) {
  // Where the clocks are right the date is known from the begin on.
  if (around.clocks_err) options.view.knows_date = [&clock] { return clock.date.is_known(); };
  if (around.mutant.state_options) around.mutant.state_options(options);
  return options;
}

}  // namespace

ProcessClock::ProcessClock(const Surroundings& around)
    : machine(around.executor, around.clock, around.mutant.measures_by_date),
      date(around.mutant.has_its_own_date ? static_cast<Executor&>(around.executor) : machine),
      transport(around.aws, date),
      executor(around.mutant.has_its_own_date ? static_cast<Executor&>(machine) : date) {}

Disk::Disk(bool is_sqlite, std::uint64_t seed) : seed_(seed) {
  if (is_sqlite) {
    sqlite_ = std::make_unique<store::FaultDisk>();
  } else {
    memory_ = store::make_memory_disk(seed);
  }
}

Result<std::unique_ptr<store::Store>> Disk::open(Executor& executor) {
  if (memory_) {
    store::MemoryStoreOptions options;
    options.commit_latency = std::chrono::milliseconds{1};
    return std::make_unique<store::MemoryStore>(executor, memory_, options);
  }
  store::SqliteStoreOptions options;
  options.core.vfs = sqlite_->vfs();
  options.core.store_id_seed = seed_;
  options.threading = store::SqliteThreading::kInline;
  options.inline_latency = std::chrono::milliseconds{1};
  auto opened = store::SqliteStore::open(executor, kFile, options);
  if (!opened) return std::unexpected(opened.error());
  return std::unique_ptr<store::Store>{*std::move(opened)};
}

void Disk::crash(Random& random) {
  if (sqlite_) sqlite_->crash(random);
  off_at_ = INT64_MAX;
}

void Disk::cut_power_after(std::int64_t writes) {
  off_at_ = sqlite_->operation_count() + writes;
  sqlite_->stop_after(writes);
}

StateProcess::StateProcess(const Surroundings& around, std::uint64_t seed,
                           std::unique_ptr<store::Store> store, apps::StateServiceOptions options)
    : random_(seed),
      clock_(around),
      budgets_(clock_.executor),
      ecs_(aws::AwsContext{clock_.executor, random_, clock_.transport, credentials_, metrics_},
           kEndpoint, kRegion, budgets_, aws::CallPriority::kReconcile),
      queue_(aws::AwsContext{clock_.executor, random_, clock_.transport, credentials_, metrics_},
             kEndpoint, kRegion, kQueue),
      watched_queue_(around.executor, queue_, around.state_judge, around.listeners),
      broken_queue_(around.mutant.state_queue
                        ? around.mutant.state_queue(around.executor, watched_queue_)
                        : nullptr),
      store_(open_store(around, std::move(store))),
      service_(clock_.executor, random_, *store_, broken_queue_ ? *broken_queue_ : watched_queue_,
               ecs_, metrics_, bend(around, clock_, std::move(options))) {}

SchedulerProcess::SchedulerProcess(const Surroundings& around, std::uint64_t seed,
                                   std::unique_ptr<store::Store> store, http::Transport& state,
                                   apps::SchedulerServiceOptions options)
    : around_(around),
      random_(seed),
      process_clock_(around),
      budgets_(process_clock_.executor),
      ecs_(aws::AwsContext{process_clock_.executor, random_, process_clock_.transport, credentials_,
                           metrics_},
           kEndpoint, kRegion, budgets_, aws::CallPriority::kResolve),
      people_ecs_(aws::AwsContext{process_clock_.executor, random_, process_clock_.transport,
                                  credentials_, metrics_},
                  kEndpoint, kRegion, budgets_, aws::CallPriority::kPeople),
      directory_(people_ecs_),
      store_(open_scheduler_store(around, std::move(store))),
      state_(state),
      options_(std::move(options)),
      scope_(around.executor) {
  if (around.mutant.options) around.mutant.options(options_.rounds.act);
  if (around.mutant.control) broken_control_ = around.mutant.control(ecs_);
  if (around.mutant.query) broken_query_ = around.mutant.query(ecs_);
  if (around.mutant.clock_speed != 1) {
    clock_ = std::make_unique<FastClock>(process_clock_.executor, around.mutant.clock_speed);
  }
  if (around.mutant.planner) broken_planner_ = around.mutant.planner();
  scope_.spawn(begin());
}

SchedulerProcess::~SchedulerProcess() = default;

Async<void> SchedulerProcess::begin() {
  if (!around_.mutant.forgotten_prefix.empty()) {
    store::RangeRequest request;
    request.prefix = around_.mutant.forgotten_prefix;
    auto page = co_await store_->range(std::move(request));
    store::Commit commit;
    if (page) {
      for (const auto& item : page->items) commit.deletes.push_back(item.key);
    }
    if (!commit.deletes.empty()) {
      const auto forgotten = co_await store_->commit(std::move(commit));
      if (!forgotten) co_return;  // The power is off: this process is about to end.
    }
  }
  aws::EcsControl& control = broken_control_ ? *broken_control_ : ecs_;
  aws::EcsQuery& query = broken_query_ ? *broken_query_ : ecs_;
  Executor& executor = clock_ ? static_cast<Executor&>(*clock_) : process_clock_.executor;
  std::function<bool()> knows_date;
  // Where the clocks are right the date is known from the begin on.
  if (around_.clocks_err) knows_date = [this] { return process_clock_.date.is_known(); };
  const apps::SchedulerParts parts{executor,
                                   random_,
                                   *store_,
                                   state_,
                                   directory_,
                                   query,
                                   control,
                                   metrics_,
                                   broken_planner_.get(),
                                   around_.mutant.log,
                                   std::move(knows_date)};
  service_ = std::make_unique<apps::SchedulerService>(parts, options_);
}

Async<http::Response> SchedulerProcess::Gate::handle(http::Request request) {
  if (!process_.service_) co_return http::make_text(503, "starting");
  co_return co_await process_.service_->handler().handle(std::move(request));
}

}  // namespace blox::simulation
