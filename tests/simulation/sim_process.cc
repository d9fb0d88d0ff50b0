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

}  // namespace

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
}

StateProcess::StateProcess(const Surroundings& around, std::uint64_t seed,
                           std::unique_ptr<store::Store> store, apps::StateServiceOptions options)
    : random_(seed),
      budgets_(around.executor),
      ecs_(aws::AwsContext{around.executor, random_, around.aws, credentials_, metrics_}, kEndpoint,
           kRegion, budgets_),
      queue_(aws::AwsContext{around.executor, random_, around.aws, credentials_, metrics_},
             kEndpoint, kRegion, kQueue),
      store_(std::move(store)),
      service_(around.executor, random_, *store_, queue_, ecs_, metrics_, std::move(options)) {}

SchedulerProcess::SchedulerProcess(const Surroundings& around, std::uint64_t seed,
                                   std::unique_ptr<store::Store> store, http::Transport& state,
                                   apps::SchedulerServiceOptions options)
    : around_(around),
      random_(seed),
      budgets_(around.executor),
      ecs_(aws::AwsContext{around.executor, random_, around.aws, credentials_, metrics_}, kEndpoint,
           kRegion, budgets_, aws::CallPriority::kResolve),
      directory_(ecs_),
      store_(std::move(store)),
      state_(state),
      options_(std::move(options)),
      scope_(around.executor) {
  if (around.mutant.options) around.mutant.options(options_.rounds.act);
  if (around.mutant.control) broken_control_ = around.mutant.control(ecs_);
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
      check(forgotten.has_value(), "the mutant could not forget");
    }
  }
  aws::EcsControl& control = broken_control_ ? *broken_control_ : ecs_;
  const apps::SchedulerParts parts{around_.executor,
                                   random_,
                                   *store_,
                                   state_,
                                   directory_,
                                   ecs_,
                                   control,
                                   metrics_,
                                   broken_planner_.get(),
                                   around_.mutant.log};
  service_ = std::make_unique<apps::SchedulerService>(parts, options_);
}

Async<http::Response> SchedulerProcess::Gate::handle(http::Request request) {
  if (!process_.service_) co_return http::make_text(503, "starting");
  co_return co_await process_.service_->handler().handle(std::move(request));
}

}  // namespace blox::simulation
