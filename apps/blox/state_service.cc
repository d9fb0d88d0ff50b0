#include "blox/state_service.h"

#include <prometheus/gauge.h>

#include <algorithm>
#include <utility>

#include "base/age.h"
#include "base/bounded_text.h"
#include "base/log.h"
#include "cluster_state/ingest/followed.h"

namespace blox::apps {
namespace {

// Between two looks at what the view cannot read.
constexpr Duration kRenewEvery = std::chrono::minutes{5};
constexpr Duration kMeasureEvery = std::chrono::seconds{5};
// A read that makes no progress for so long keeps nobody from the other clusters.
constexpr Duration kProgressMax = std::chrono::minutes{2};

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
      began_(executor.now()),
      synced_age_(metrics, "blox_cluster_synced_age_seconds",
                  "Since the last complete read of a cluster began"),
      hole_count_(metrics, "blox_cluster_holes",
                  "Objects of a cluster that ECS lists and does not describe, unknown otherwise"),
      unread_(metrics, "blox_cluster_unread", "1 while the cluster was never read whole"),
      ingest_(executor, store, metrics, options_.ingest),
      view_(executor, store, metrics, options_.view),
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
  options.unread = [this] { return unread(); };
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
    bookmark.sync_ages.emplace(cluster, age_of(cluster, started));
  }
}

bool StateService::follows(const ClusterArn& cluster) const {
  if (reconciler_) return reconciler_->follows(cluster);
  return cluster_state::is_followed(options_.reconcile.clusters, cluster);
}

std::optional<Error> StateService::last_error() const {
  return reconciler_ ? reconciler_->last_error() : open_error_;
}

// A store that holds a mark is served at once: of what it does not hold the next read tells.
cluster_state::UnreadState StateService::unread() const {
  cluster_state::UnreadState state;
  const auto snapshot = view_.snapshot();
  const bool any_mark = snapshot && !snapshot->synced_at->empty();
  const bool knows_clusters = reconciler_ && reconciler_->knows_clusters();
  state.knows_clusters = any_mark || knows_clusters;
  if (const auto error = last_error()) state.why = error->message;
  if (reconciler_) {
    for (const auto& [target, progress] : reconciler_->unread_clusters()) {
      const auto& error = progress.last_error;
      const bool denied = error && error->kind == ErrorKind::kDenied;
      const bool moves = progress.tried_for(executor_.now()) <= kProgressMax;
      state.clusters.push_back({target, progress.in_first_list && moves && !denied,
                                error ? error->message : std::string{}});
    }
  }
  if (!snapshot) return state;
  add_unmarked(*snapshot, state);
  if (!knows_clusters) add_unnamed(*snapshot, state);
  return state;
}

// Those that are shown in part and that reconcile does not have in its list: an earlier process has
// not ended their first read, and ECS has not named them yet; their mark is on its way from the
// store; or an event has just made them known.
void StateService::add_unmarked(const cluster_state::Snapshot& snapshot,
                                cluster_state::UnreadState& state) const {
  const bool young = executor_.now() - began_ <= kProgressMax;
  const bool knows_clusters = reconciler_ && reconciler_->knows_clusters();
  for (const ClusterArn& cluster : *snapshot.unmarked) {
    if (reconciler_ && reconciler_->unread_clusters().contains(cluster.value)) continue;
    if (!follows(cluster)) continue;
    const bool holds_up = knows_clusters ? ingest_.catalog().synced_at(cluster).has_value() : young;
    state.clusters.push_back({cluster.value, holds_up, state.why});
  }
}

// Those of --cluster of which nothing is known yet.
void StateService::add_unnamed(const cluster_state::Snapshot& snapshot,
                               cluster_state::UnreadState& state) const {
  const bool young = executor_.now() - began_ <= kProgressMax;
  for (const std::string& name : options_.reconcile.clusters) {
    const auto is_it = [&](const ClusterArn& cluster) {
      return cluster_state::is_followed({name}, cluster);
    };
    const bool marked = std::ranges::any_of(*snapshot.synced_at,
                                            [&](const auto& mark) { return is_it(mark.first); });
    const bool told = std::ranges::any_of(
        state.clusters, [&](const auto& each) { return is_it(ClusterArn{each.target}); });
    if (!marked && !told) state.clusters.push_back({name, young, state.why});
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
    for (const auto& cluster : unread().clusters) unread_.at({{"cluster", cluster.target}}).Set(1);
    synced_age_.sweep();
    hole_count_.sweep();
    unread_.sweep();
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

// Nothing was read yet where there is something to read.
bool StateService::any_cluster_is_read() const {
  if (reconciler_->is_synced()) return true;
  const auto snapshot = view_.snapshot();
  return snapshot && std::ranges::any_of(*snapshot->synced_at,
                                         [&](const auto& mark) { return follows(mark.first); });
}

// Synced, and kept so: a picture that was whole once and follows nothing any more is not ready. As
// long as lists of all clusters are refused it is not whole; who does not hold those up stands in
// nobody's way here either.
Status StateService::ready() const {
  if (!consumer_ || !reconciler_) {
    return fail(ErrorKind::kUnavailable, "ingest has not read the store yet" +
                                             (open_error_ ? ": " + open_error_->message : ""));
  }
  if (Status healthy = ingest_.health(); !healthy) return healthy;
  if (Status healthy = consumer_->health(); !healthy) return healthy;
  if (const auto why = cluster_state::why_unread(unread(), "")) {
    return fail(ErrorKind::kUnavailable, *why);
  }
  if (any_cluster_is_read()) return done();
  const auto why = last_error();
  return fail(ErrorKind::kUnavailable,
              "no cluster was read from ECS yet" + (why ? "; the last read: " + why->message : ""));
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
