#include "cluster_state/reconcile/reconciler.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace blox::cluster_state {
namespace {

// Clusters that are read at a time: small ones are waits, not work.
constexpr std::size_t kClustersAtATime = 4;

Counter& difference(Metrics& metrics, const std::string& source, const char* kind) {
  return metrics.counter("blox_reconcile_differences_total",
                         "Differences between ECS and the store that were repaired.",
                         {{"source", source}, {"kind", kind}});
}

Status first_failure(const std::vector<Status>& outcomes) {
  for (const Status& outcome : outcomes) {
    if (!outcome) return outcome;
  }
  return done();
}

}  // namespace

Reconciler::Reconciler(Executor& executor, Random& random, aws::EcsQuery& ecs, Ingest& ingest,
                       Metrics& metrics, ReconcileOptions options)
    : executor_(executor),
      random_(random),
      ecs_(ecs),
      ingest_(ingest),
      options_(std::move(options)),
      seconds_(metrics.seconds("blox_reconcile_seconds", "Full reads of all clusters.",
                               {{"source", options_.source}})),
      rounds_(metrics.counter("blox_reconcile_rounds_total", "Full reads that succeeded.",
                              {{"source", options_.source}})),
      failures_(metrics.counter("blox_reconcile_failures_total", "Reads of ECS that failed.",
                                {{"source", options_.source}})),
      added_(difference(metrics, options_.source, "added")),
      changed_(difference(metrics, options_.source, "changed")),
      overlaid_(difference(metrics, options_.source, "overlaid")),
      removed_(difference(metrics, options_.source, "removed")),
      missing_(options_.visible_max),
      requests_(executor),
      scope_(executor) {
  // A store that an earlier run has filled is served at once; the read goes on behind it.
  const auto known = ingest_.catalog().clusters();
  synced_ = !known.empty() && all_marked(known);
  scope_.spawn(read_for_ever());
  scope_.spawn(ask_for_ever());
}

void Reconciler::request(ClusterArn cluster) {
  requested_.insert(std::move(cluster));
  requests_.notify_all();
}

void Reconciler::request_all() {
  all_requested_ = true;
  requests_.notify_all();
}

bool Reconciler::all_marked(const std::vector<ClusterArn>& clusters) const {
  return std::ranges::all_of(clusters, [&](const ClusterArn& cluster) {
    return ingest_.catalog().synced_at(cluster).has_value();
  });
}

bool Reconciler::is_followed(const ClusterArn& cluster) const {
  return options_.clusters.empty() ||
         std::ranges::any_of(options_.clusters, [&](const std::string& name) {
           return name == cluster.value || name == cluster_name(cluster);
         });
}

Duration Reconciler::jittered(Duration wait) { return random_.between(wait / 2, wait); }

Async<void> Reconciler::read_for_ever() {
  Duration wait = options_.retry_wait_min;
  TimePoint next_full = executor_.now();
  while (true) {
    while (!all_requested_ && requested_.empty() && unread_.empty() &&
           executor_.now() < next_full) {
      co_await requests_.wait_until(next_full);
    }
    const TimePoint start = executor_.now();
    const bool all = std::exchange(all_requested_, false) || start >= next_full;
    std::set<ClusterArn> requested = std::exchange(requested_, {});
    for (const ClusterArn& cluster : std::exchange(unread_, {})) {
      if (!ingest_.catalog().synced_at(cluster)) requested.insert(cluster);
    }
    if (!all && requested.empty()) continue;
    const Status read = co_await read_clusters(all, requested);
    if (read) {
      if (all) next_full = start + options_.every;
      wait = options_.retry_wait_min;
      continue;
    }
    failures_.Increment();
    log::warn("reconcile", "cannot read ECS: {}", read.error().message);
    all_requested_ = all_requested_ || all;
    requested_.merge(requested);
    co_await sleep_for(executor_, jittered(wait));
    wait = std::min(2 * wait, options_.retry_wait_max);
  }
}

Async<Status> Reconciler::read_clusters(bool all, std::set<ClusterArn> requested) {
  const TimePoint start = executor_.now();
  std::vector<ClusterArn> clusters{requested.begin(), requested.end()};
  if (all) {
    auto found = co_await find_clusters();
    if (!found) {
      last_error_ = found.error();
      co_return std::unexpected(found.error());
    }
    clusters = std::move(*found);
  }
  std::vector<Async<Status>> reads;
  reads.reserve(clusters.size());
  for (const ClusterArn& cluster : clusters) reads.push_back(read_cluster(cluster));
  const auto outcomes = co_await gather(executor_, std::move(reads), kClustersAtATime);
  Status outcome = first_failure(outcomes);
  if (all) last_error_ = outcome ? std::nullopt : std::optional{outcome.error()};
  if (!all || !outcome) co_return outcome;
  synced_ = true;
  rounds_.Increment();
  seconds_.Observe(std::chrono::duration<double>(executor_.now() - start).count());
  co_return outcome;
}

Async<Result<std::vector<ClusterArn>>> Reconciler::find_clusters() {
  std::set<ClusterArn> clusters;
  if (options_.clusters.empty()) {
    const auto listed = co_await ecs_.list_clusters();
    if (!listed) co_return listed.error_in("list clusters");
    clusters.insert(listed->begin(), listed->end());
    // Those that ECS has forgotten hold objects that have to go.
    for (ClusterArn& known : ingest_.catalog().clusters()) clusters.insert(std::move(known));
  }
  for (const std::string& name : options_.clusters) {
    auto cluster = co_await ecs_.describe_cluster(name);
    if (!cluster && cluster.error().kind == ErrorKind::kNotFound) {
      log::warn("reconcile", "cluster '{}' does not exist", name);
      continue;
    }
    if (!cluster) co_return cluster.error_in("describe cluster '" + name + "'");
    clusters.insert(std::move(*cluster));
  }
  co_return std::vector<ClusterArn>{clusters.begin(), clusters.end()};
}

// Instances before tasks, so that no task is seen whose instance was not looked for.
Async<Status> Reconciler::read_cluster(ClusterArn cluster) {
  const WallTime started = executor_.wall_now();
  bool exists = false;
  for (const bool tasks : {false, true}) {
    auto listed = co_await list_objects(cluster, tasks);
    if (!listed && listed.error().kind != ErrorKind::kNotFound) {
      co_return listed.error_in("list '" + cluster.value + "'");
    }
    exists = listed.has_value();
    Objects objects = exists ? std::move(*listed) : Objects{};
    // What the store has and the list has not is asked about, too: absence proves nothing.
    const auto add = [&](auto known) {
      for (auto& arn : known) objects.emplace_back(std::move(arn));
    };
    if (tasks) {
      add(ingest_.catalog().live_tasks(cluster));
    } else {
      add(ingest_.catalog().live_instances(cluster));
    }
    std::ranges::sort(objects);
    const auto repeated = std::ranges::unique(objects);
    objects.erase(repeated.begin(), repeated.end());
    Status asked = co_await ask_about(cluster, std::move(objects));
    if (!asked) co_return asked;
  }
  const auto& catalog = ingest_.catalog();
  const bool over =
      !exists && catalog.live_instances(cluster).empty() && catalog.live_tasks(cluster).empty();
  if (over) co_return co_await ingest_.mark_synced(std::move(cluster), std::nullopt);
  co_return co_await ingest_.mark_synced(std::move(cluster), started);
}

Async<Result<Reconciler::Objects>> Reconciler::list_objects(ClusterArn cluster, bool tasks) {
  Objects objects;
  if (!tasks) {
    auto instances = co_await ecs_.list_container_instances(cluster);
    if (!instances) co_return std::unexpected(instances.error());
    for (ContainerInstanceArn& arn : *instances) objects.emplace_back(std::move(arn));
    co_return objects;
  }
  for (const bool stopped : {false, true}) {
    aws::TaskFilter filter;
    filter.stopped = stopped;
    auto listed = co_await ecs_.list_tasks(cluster, std::move(filter));
    if (!listed) co_return std::unexpected(listed.error());
    for (TaskArn& arn : *listed) objects.emplace_back(std::move(arn));
  }
  co_return objects;
}

}  // namespace blox::cluster_state
