#include "blox/state_service.h"

#include <prometheus/gauge.h>

#include <algorithm>
#include <utility>

#include "base/age.h"
#include "base/bounded_text.h"
#include "base/log.h"

namespace blox::apps {
namespace {

// Between two looks at what the view cannot read.
constexpr Duration kRenewEvery = std::chrono::minutes{5};
constexpr Duration kMeasureEvery = std::chrono::seconds{5};

}  // namespace

StateService::StateService(Executor& executor, Random& random, store::Store& store,
                           aws::Queue& queue, aws::EcsQuery& ecs, Metrics& metrics,
                           StateServiceOptions options)
    : executor_(executor),
      random_(random),
      queue_(queue),
      ecs_(ecs),
      metrics_(metrics),
      options_(std::move(options)),
      epoch_(random.uuid()),
      synced_age_(metrics, "blox_cluster_synced_age_seconds",
                  "Since the last complete read of a cluster began"),
      hole_count_(metrics, "blox_cluster_holes",
                  "Objects of a cluster that ECS lists and does not describe, unknown otherwise"),
      unread_gauge_(metrics, "blox_cluster_unread", "1 while the cluster was never read whole"),
      ingest_(executor, store, metrics, options_.ingest),
      view_(executor, store, metrics, options_.view),
      unread_(executor, ingest_, view_, options_.reconcile.clusters),
      api_(view_, metrics, api_options()),
      scope_(executor) {
  api_.add_to(router_);
  scope_.spawn(run());
  scope_.spawn(measure_for_ever());
  scope_.spawn(view_.run());
}

Async<void> StateService::run() {
  // The view reads the store first, alone, as it is what answers; nothing is written before ingest
  // has read it too.
  while (!view_.snapshot()) {
    co_await view_.changed(cluster_state::ObjectKind::kTask).wait();
  }
  Duration wait = std::chrono::milliseconds{100};
  for (;;) {
    const auto opened = co_await ingest_.open();
    open_error_ = opened ? std::nullopt : std::optional{opened.error()};
    unread_.note_open(opened ? nullptr : &*open_error_);
    if (opened) break;
    log::error("cluster-state-service", "cannot read the store: {}; trying again in {}",
               opened.error().message, format_duration(wait));
    co_await sleep_for(executor_, wait);
    wait = std::min<Duration>(2 * wait, std::chrono::seconds{10});
  }
  // Events of clusters that are never read would stay without a word of ECS on them.
  options_.consumer.clusters = options_.reconcile.clusters;
  // One that does not run yet reads all when it begins.
  options_.consumer.read_all = [this] {
    if (reconciler_) reconciler_->request_all();
  };
  consumer_ = std::make_unique<cluster_state::QueueConsumer>(executor_, random_, queue_, ingest_,
                                                             metrics_, options_.consumer);
  reconciler_ = std::make_unique<cluster_state::Reconciler>(executor_, random_, ecs_, ingest_,
                                                            metrics_, options_.reconcile);
  unread_.follow(*reconciler_);
  scope_.spawn(renew_for_ever());
}

// A value that nobody can read stays until the object changes, which may be never.
Async<void> StateService::renew_for_ever() {
  for (;;) {
    for (const auto& [key, cluster] : view_.unreadable()) ingest_.renew(key, cluster);
    co_await sleep_for(executor_, kRenewEvery);
  }
}

cluster_state::ClusterStateApiOptions StateService::api_options() {
  cluster_state::ClusterStateApiOptions options;
  options.ready = [this] { return ready(); };
  options.reconcile = [this](const std::string& cluster) { return reconcile(cluster); };
  options.annotate = [this](codec::Bookmark& bookmark) { annotate(bookmark); };
  options.unread = [this] { return unread_.now(); };
  return options;
}

// A mark of an earlier process may be older than what readers have seen since: the file may be a
// copy. Ages, as the clocks of two machines differ.
void StateService::annotate(codec::Bookmark& bookmark) const {
  bookmark.epoch = epoch_;
  if (consumer_) bookmark.receive_age = consumer_->receive_age();
  for (const auto& [cluster, started] : bookmark.synced_at) {
    if (!reconciler_ || !reconciler_->find_own_mark(cluster, started)) {
      bookmark.unconfirmed.insert(cluster);
    }
    // Where our date is not known yet whoever reads it goes by its own.
    const bool can_tell = view_.knows_date() || !bookmark.unconfirmed.contains(cluster);
    if (can_tell) bookmark.sync_ages.emplace(cluster, age_of(cluster, started));
  }
}

Duration StateService::age_of(const ClusterArn& cluster, WallTime synced_at) const {
  const auto began = reconciler_ ? reconciler_->find_own_mark(cluster, synced_at) : std::nullopt;
  if (began) return executor_.now() - *began;
  return clamped_age(synced_at, executor_.wall_now(), codec::kAgeMax);
}

Async<void> StateService::measure_for_ever() {
  for (;;) {
    if (const auto snapshot = view_.snapshot()) measure(*snapshot);
    const auto unread = unread_.now();
    for (const auto& cluster : unread->clusters) {
      unread_gauge_.at({{"cluster", cluster.target}}).Set(1);
    }
    synced_age_.sweep();
    hole_count_.sweep();
    unread_gauge_.sweep();
    co_await sleep_for(executor_, kMeasureEvery);
  }
}

void StateService::measure(const cluster_state::Snapshot& snapshot) {
  for (const auto& [cluster, synced_at] : *snapshot.synced_at) {
    synced_age_.at({{"cluster", cluster.value}})
        .Set(std::chrono::duration<double>(age_of(cluster, synced_at)).count());
  }
  for (const auto& [cluster, holes] : *snapshot.holes) {
    const auto set = [&](const char* kind, std::size_t count) {
      hole_count_.at({{"cluster", cluster.value}, {"kind", kind}}).Set(static_cast<double>(count));
    };
    set("task", holes.task_count);
    set("instance", holes.instance_count);
  }
}

// Decided from the present alone: a picture that was whole once and follows nothing any more is not
// ready, and neither is one of whose clusters none is left that was read.
Status StateService::ready() {
  if (!consumer_ || !reconciler_) {
    return fail(ErrorKind::kUnavailable, "ingest has not read the store yet" +
                                             (open_error_ ? ": " + open_error_->message : ""));
  }
  if (Status healthy = ingest_.health(); !healthy) return healthy;
  if (Status healthy = consumer_->health(); !healthy) return healthy;
  if (auto why = cluster_state::why_not_ready(*unread_.now())) {
    return fail(ErrorKind::kUnavailable, *std::move(why));
  }
  return done();
}

// A name stands for all clusters of that name that are known. True when a read is begun for one.
Result<bool> StateService::reconcile(const std::string& cluster) {
  if (!reconciler_) return fail(ErrorKind::kUnavailable, "ingest has not read the store yet");
  if (cluster.empty()) return reconciler_->request_all_for_people();
  bool any = false;
  bool begins = false;
  for (const ClusterArn& known : ingest_.catalog().clusters()) {
    if (!reconciler_->follows(known)) continue;
    if (cluster != known.value && cluster != cluster_name(known)) continue;
    begins = reconciler_->request_for_people(known) || begins;
    any = true;
  }
  if (any) return begins;
  return fail(ErrorKind::kNotFound, "cluster '" + shorten(cluster, 300) +
                                        "' is not known; without one all clusters are read");
}

}  // namespace blox::apps
