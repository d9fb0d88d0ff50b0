#include "cluster_state/reconcile/reconciler.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "cluster_state/ingest/followed.h"

namespace blox::cluster_state {
namespace {

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
      plan_wanted_(executor),
      find_wanted_(executor),
      found_first_(executor),
      wanted_(options_.people_pause),
      next_full_(executor.now()),
      full_wait_(options_.retry_wait_min),
      holes_due_(executor.now() + options_.visible_max),
      began_(executor.now()),
      scope_(executor) {
  // A store that an earlier run has filled is served at once; the read goes on behind it.
  auto known = ingest_.catalog().clusters();
  std::erase_if(known, [&](const ClusterArn& cluster) { return !follows(cluster); });
  synced_ = !known.empty() && all_marked(known);
  const bool any_read = std::ranges::any_of(known, [&](const ClusterArn& cluster) {
    return ingest_.catalog().synced_at(cluster).has_value();
  });
  if (options_.boot_budget != nullptr && !any_read) {
    boot_share_.emplace(*options_.boot_budget, options_.boot_share);
    scope_.spawn(end_boot_share());
  }
  wanted_.add_all();
  scope_.spawn(plan_for_ever());
  scope_.spawn(find_for_ever());
  scope_.spawn(ask_for_ever());
}

void Reconciler::request(ClusterArn cluster) {
  wanted_.add(std::move(cluster));
  plan_wanted_.notify_all();
}

void Reconciler::request_all() {
  wanted_.add_all();
  plan_wanted_.notify_all();
}

bool Reconciler::request_for_people(ClusterArn cluster) {
  refused_.erase(cluster);  // They may have mended it.
  if (wanted_.add_for_people(cluster)) {
    plan_wanted_.notify_all();
    return true;
  }
  // The read that it joins may wait behind others that nobody has asked for.
  if (queue_.waits(cluster)) {
    add_to_queue(cluster, ReadRank::kAsked);
    start_reads();
  } else if (wanted_.is_finding()) {
    urgent_.insert(std::move(cluster));
  }
  return false;
}

bool Reconciler::request_all_for_people() {
  const bool begins = wanted_.add_all_for_people();
  if (begins) plan_wanted_.notify_all();
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

const Error* Reconciler::last_error() const {
  if (list_error_) return &*list_error_;
  return retries_.empty() ? nullptr : &retries_.begin()->second.error;
}

void Reconciler::note_known(const ClusterArn& cluster, bool in_first_list) {
  if (!follows(cluster) || ingest_.catalog().synced_at(cluster)) return;
  unread_list_.add(cluster.value, executor_.now(), in_first_list);
  if (in_first_list) unread_list_.name_first(cluster.value);
}

void Reconciler::note_failure(const std::string& target, const Error& error, bool moved) {
  const TimePoint now = executor_.now();
  failures_.Increment();
  unread_list_.note_failure(target, error);
  Retry& retry = retries_.try_emplace(target, Retry{{}, {}, error}).first->second;
  retry.wait = next_wait(retry.wait, error, moved);
  retry.due = now + jittered(retry.wait);
  retry.error = error;
  plan_wanted_.notify_all();
  if (const auto more = unread_pace_[error.kind].next(now)) {
    log::warn("reconcile", "cannot read '{}': {}{}", target, error.message, *more);
  }
}

// Of what is throttled the budget of calls has made the next attempt wait already.
Duration Reconciler::next_wait(Duration last, const Error& error, bool moved) const {
  const bool first = last == Duration::zero();
  if (first || moved || error.kind == ErrorKind::kThrottled) return options_.retry_wait_min;
  return std::min(2 * last, options_.retry_wait_max);
}

Duration Reconciler::jittered(Duration wait) { return random_.between(wait / 2, wait); }

}  // namespace blox::cluster_state
