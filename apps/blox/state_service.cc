#include "blox/state_service.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace blox::apps {
namespace {

// Between two looks at what the view cannot read.
constexpr Duration kRenewEvery = std::chrono::minutes{5};

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
      ingest_(executor, store, metrics, options_.ingest),
      view_(executor, store, metrics, options_.view),
      api_(view_, metrics, api_options()),
      scope_(executor) {
  api_.add_to(router_);
  scope_.spawn(run());
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
    if (opened) break;
    log::error("cluster-state-service", "cannot read the store: {}; trying again in {}",
               opened.error().message, format_duration(wait));
    co_await sleep_for(executor_, wait);
    wait = std::min<Duration>(2 * wait, std::chrono::seconds{10});
  }
  // Events of clusters that are never read would stay without a word of ECS on them.
  options_.consumer.clusters = options_.reconcile.clusters;
  consumer_ = std::make_unique<cluster_state::QueueConsumer>(executor_, random_, queue_, ingest_,
                                                             metrics_, options_.consumer);
  reconciler_ = std::make_unique<cluster_state::Reconciler>(executor_, random_, ecs_, ingest_,
                                                            metrics_, options_.reconcile);
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
  options.receive_age = [this] {
    return consumer_ ? consumer_->receive_age() : std::optional<Duration>{};
  };
  return options;
}

// Synced, and kept so: a picture that was whole once and follows nothing any more is not ready.
Status StateService::ready() const {
  if (!consumer_ || !reconciler_) {
    return fail(ErrorKind::kUnavailable, "ingest has not read the store yet" +
                                             (open_error_ ? ": " + open_error_->message : ""));
  }
  if (Status healthy = ingest_.health(); !healthy) return healthy;
  if (Status healthy = consumer_->health(); !healthy) return healthy;
  const auto counts = [this](const ClusterArn& cluster) { return reconciler_->follows(cluster); };
  const Status synced = view_.synced(counts, reconciler_->is_synced());
  const auto why = reconciler_->last_error();
  if (synced || !why) return synced;
  return fail(synced.error().kind, synced.error().message + "; the last read: " + why->message);
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
  return fail(ErrorKind::kNotFound, "cluster '" + cluster.substr(0, 300) +
                                        "' is not known; without one all clusters are read");
}

}  // namespace blox::apps
