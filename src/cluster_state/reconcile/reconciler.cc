#include "cluster_state/reconcile/reconciler.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "cluster_state/ingest/followed.h"

namespace blox::cluster_state {
namespace {

// Clusters that are read at a time: small ones are waits, not work.
constexpr std::size_t kClustersAtATime = 4;
// After a read of nothing: nothing suspends in it, so that one after another would stop all else.
constexpr Duration kNothingWait = std::chrono::seconds{1};

Counter& difference(Metrics& metrics, const std::string& source, const char* kind) {
  return metrics.counter("blox_reconcile_differences_total",
                         "Differences between ECS and the store that were repaired.",
                         {{"source", source}, {"kind", kind}});
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
      skipped_(metrics.counter("blox_reconcile_skipped_total",
                               "Objects that ECS could or would not describe, or in no form known.",
                               {{"source", options_.source}})),
      missing_(options_.visible_max),
      requests_(executor),
      found_first_(executor),
      wanted_(options_.people_pause),
      next_full_(executor.now()),
      full_wait_(options_.retry_wait_min),
      scope_(executor) {
  // A store that an earlier run has filled is served at once; the read goes on behind it.
  auto known = ingest_.catalog().clusters();
  std::erase_if(known, [&](const ClusterArn& cluster) { return !follows(cluster); });
  synced_ = !known.empty() && all_marked(known);
  wanted_.add_all();
  scope_.spawn(read_for_ever());
  scope_.spawn(ask_for_ever());
}

void Reconciler::request(ClusterArn cluster) {
  wanted_.add(std::move(cluster));
  requests_.notify_all();
}

void Reconciler::request_all() {
  wanted_.add_all();
  requests_.notify_all();
}

bool Reconciler::request_for_people(ClusterArn cluster) {
  const bool begins = wanted_.add_for_people(std::move(cluster));
  if (begins) requests_.notify_all();
  return begins;
}

bool Reconciler::request_all_for_people() {
  const bool begins = wanted_.add_all_for_people();
  if (begins) requests_.notify_all();
  return begins;
}

bool Reconciler::all_marked(const std::vector<ClusterArn>& clusters) const {
  return std::ranges::all_of(clusters, [&](const ClusterArn& cluster) {
    return ingest_.catalog().synced_at(cluster).has_value();
  });
}

bool Reconciler::follows(const ClusterArn& cluster) const {
  if (!is_followed(options_.clusters, cluster)) return false;
  const auto parts = parse_arn(cluster.value);
  if (!parts) return false;
  if (pair_) return parts->account == pair_->account && parts->region == pair_->region;
  return options_.region.empty() || parts->region == options_.region;
}

// ECS names clusters of the credentials' account and the endpoint's region alone.
void Reconciler::learn_pair(const ClusterArn& cluster) {
  const auto parts = parse_arn(cluster.value);
  if (!pair_ && parts) pair_ = {std::string{parts->account}, std::string{parts->region}};
}

std::optional<Error> Reconciler::last_error() const {
  if (list_error_ || retries_.empty()) return list_error_;
  return retries_.begin()->second.error;
}

void Reconciler::note_failure(const std::string& target, const Error& error) {
  failures_.Increment();
  Retry& retry = retries_.try_emplace(target, Retry{{}, {}, error}).first->second;
  retry.wait = retry.wait == Duration{} ? options_.retry_wait_min
                                        : std::min(2 * retry.wait, options_.retry_wait_max);
  retry.due = executor_.now() + jittered(retry.wait);
  retry.error = error;
  // What came during the read is read when it is tried again.
  wanted_.forget(ClusterArn{target});
  unread_.erase(ClusterArn{target});
  log::warn("reconcile", "cannot read '{}': {}", target, error.message);
}

Duration Reconciler::jittered(Duration wait) { return random_.between(wait / 2, wait); }

TimePoint Reconciler::next_read() const {
  const TimePoint now = executor_.now();
  if (!unread_.empty()) return now;
  TimePoint next = std::min(next_full_, wanted_.due(now).value_or(next_full_));
  for (const auto& [target, retry] : retries_) next = std::min(next, retry.due);
  return next;
}

Async<void> Reconciler::read_for_ever() {
  while (true) {
    while (next_read() > executor_.now()) co_await requests_.wait_until(next_read());
    if (!co_await read_what_is_due()) co_await sleep_for(executor_, kNothingWait);
  }
}

// False when that was nothing.
Async<bool> Reconciler::read_what_is_due() {
  const TimePoint start = executor_.now();
  auto [full, clusters] = wanted_.begin(start, start >= next_full_);
  bool all = full;
  co_await add_due(clusters);
  if (full) {
    refused_.clear();
    const Status found = co_await find_clusters(clusters);
    list_error_ = found ? std::nullopt : std::optional{found.error()};
    if (!found) {
      failures_.Increment();
      log::warn("reconcile", "cannot find the clusters: {}", found.error().message);
    }
    next_full_ = found ? start + options_.every : executor_.now() + jittered(full_wait_);
    full_wait_ =
        found ? options_.retry_wait_min : std::min(2 * full_wait_, options_.retry_wait_max);
    all = found.has_value();
  }
  drop_unfollowed(clusters);
  const bool something = full || !clusters.empty();
  wanted_.add_under_way(clusters);
  co_await read_clusters(std::move(clusters));
  wanted_.end(executor_.now());
  listed_ = listed_ || all;
  if (!listed_ || !retries_.empty()) co_return something;
  synced_ = true;
  if (!all) co_return something;
  rounds_.Increment();
  seconds_.Observe(std::chrono::duration<double>(executor_.now() - start).count());
  co_return something;
}

// What is not read is not tried again either.
void Reconciler::drop_unfollowed(std::set<ClusterArn>& clusters) {
  std::erase_if(clusters, [&](const ClusterArn& cluster) {
    if (follows(cluster)) return false;
    retries_.erase(cluster.value);
    return true;
  });
}

// Besides those asked for: the clusters that events have named, and those that are tried again.
Async<void> Reconciler::add_due(std::set<ClusterArn>& clusters) {
  for (const ClusterArn& cluster : std::exchange(unread_, {})) {
    if (!ingest_.catalog().synced_at(cluster)) clusters.insert(cluster);
  }
  std::vector<std::string> due;
  for (const auto& [target, retry] : retries_) {
    if (retry.due <= executor_.now()) due.push_back(target);
  }
  for (std::string& target : due) {
    if (std::ranges::find(options_.clusters, target) != options_.clusters.end()) {
      co_await resolve(std::move(target), clusters);
    } else {
      clusters.insert(ClusterArn{std::move(target)});
    }
  }
}

Async<Status> Reconciler::find_clusters(std::set<ClusterArn>& clusters) {
  if (options_.clusters.empty()) {
    const auto listed = co_await ecs_.list_clusters();
    if (!listed) co_return listed.error_in("list clusters");
    for (const ClusterArn& cluster : *listed) {
      learn_pair(cluster);
      clusters.insert(cluster);
    }
  }
  for (const std::string& name : options_.clusters) co_await resolve(name, clusters);
  // Those that ECS has forgotten hold objects that have to go.
  for (ClusterArn& known : ingest_.catalog().clusters()) clusters.insert(std::move(known));
  found_ = true;
  found_first_.notify_all();
  co_return done();
}

// Each name by itself: one that fails must not stop the reads of the others.
Async<void> Reconciler::resolve(std::string name, std::set<ClusterArn>& clusters) {
  auto cluster = co_await ecs_.describe_cluster(name);
  if (!cluster) {
    // A name that is misspelt would else look like a cluster without instances.
    const bool missing = cluster.error().kind == ErrorKind::kNotFound;
    note_failure(name, missing ? Error{ErrorKind::kNotFound,
                                       "ECS has no cluster '" + name +
                                           "' in this account and region; check --cluster"}
                               : cluster.error());
    co_return;
  }
  // Of one that is configured by its ARN the read that follows has to succeed, too.
  if (cluster->value != name) retries_.erase(name);
  learn_pair(*cluster);
  clusters.insert(std::move(*cluster));
}

Async<void> Reconciler::read_clusters(std::set<ClusterArn> clusters) {
  std::vector<Async<Status>> reads;
  reads.reserve(clusters.size());
  for (const ClusterArn& cluster : clusters) reads.push_back(read_and_note(cluster));
  co_await gather(executor_, std::move(reads), kClustersAtATime);
}

Async<Status> Reconciler::read_and_note(ClusterArn cluster) {
  const Status read = co_await read_cluster(cluster);
  if (read) {
    retries_.erase(cluster.value);
  } else {
    note_failure(cluster.value, read.error());
  }
  co_return read;
}

// Instances before tasks, so that no task is seen whose instance was not looked for.
Async<Status> Reconciler::read_cluster(ClusterArn cluster) {
  const WallTime started = executor_.wall_now();
  const auto generation = ingest_.catalog().generation();
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
  // What was not durable then is lost, and what was asked about may have been too little.
  if (ingest_.catalog().generation() != generation) {
    co_return fail(ErrorKind::kUnavailable, "ingest has read the store again meanwhile");
  }
  // While anything of it is shown, be it at its end, the mark says that all of it is.
  const bool over = !exists && !ingest_.catalog().has_objects(cluster);
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
