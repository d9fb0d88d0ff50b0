#include "cluster_state/view/cluster_view.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/scope.h"
#include "codec/stored.h"

namespace blox::cluster_state {
namespace {

constexpr std::size_t kPageKeys = 1'000;

}  // namespace

ClusterView::ClusterView(Executor& executor, store::Store& store, Metrics& metrics,
                         ClusterViewOptions options)
    : executor_(executor),
      store_(store),
      options_(options),
      applied_(executor),
      recent_tasks_(options.recent),
      recent_instances_(options.recent),
      tasks_changed_(executor),
      instances_changed_(executor),
      task_count_(
          metrics.gauge("blox_view_objects", "Objects that lists show", {{"kind", "task"}})),
      instance_count_(
          metrics.gauge("blox_view_objects", "Objects that lists show", {{"kind", "instance"}})),
      revision_(metrics.gauge("blox_view_revision", "The store's revision that lists show")),
      publish_count_(metrics.counter("blox_view_publishes_total", "Snapshots published")),
      list_count_(metrics.counter("blox_view_lists_total", "Times the store was read whole")),
      undecodable_count_(
          metrics.counter("blox_view_undecodable_total", "Stored values that were skipped")),
      unreadable_(metrics.gauge("blox_view_unreadable",
                                "Keys whose newest value cannot be read; what lists show of them "
                                "is of the past")) {}

Async<void> ClusterView::run() {
  Scope scope{executor_};
  scope.spawn(publish_changes());
  Duration retry = options_.retry_min;
  for (;;) {
    Status ended = co_await load();
    if (ended) {
      retry = options_.retry_min;
      ended = co_await follow();
    }
    if (ended.error().kind == ErrorKind::kCompacted) {
      log::warn("view", "reads everything again: {}", ended.error().message);
    } else {
      log::error("view", "tries again in {}: {}", format_duration(retry), ended.error().message);
    }
    co_await sleep_for(executor_, retry);
    retry = std::min(2 * retry, options_.retry_max);
  }
}

Async<Status> ClusterView::load() {
  auto builder = std::make_unique<Builder>();
  for (const auto prefix : {codec::kTasksPrefix, codec::kInstancesPrefix, codec::kClustersPrefix}) {
    const Status loaded = co_await load_prefix(*builder, prefix);
    if (!loaded) co_return loaded.error_in("load " + std::string{prefix});
    // Before the first commit there is nothing to read, and 0 would ask for the newest.
    if (builder->revision == 0) break;
  }
  publish_loaded(std::move(builder));
  co_return done();
}

// Reads the next page while one is decoded.
Async<Status> ClusterView::load_prefix(Builder& builder, std::string_view prefix) {
  store::RangeRequest request{.prefix = std::string{prefix},
                              .limit = kPageKeys,
                              .after_key = {},
                              .revision = builder.revision};
  std::optional<Result<store::Page>> next;
  Signal arrived{executor_};
  Scope reading{executor_};
  reading.spawn(read_page(request, next, arrived));
  for (bool more = true; more;) {
    while (!next) co_await arrived.wait();
    const Result<store::Page> page = *std::exchange(next, std::nullopt);
    if (!page) co_return page.error_in("range");
    builder.revision = request.revision = page->revision;
    more = page->more && !page->items.empty();
    if (more) {
      request.after_key = page->items.back().key;
      reading.spawn(read_page(request, next, arrived));
      co_await yield(executor_);  // So that it sets off.
    }
    for (const auto& item : page->items) {
      (void)apply(builder, {.entry = item, .deleted = false});
    }
  }
  co_return done();
}

Async<void> ClusterView::read_page(store::RangeRequest request,
                                   std::optional<Result<store::Page>>& next, Signal& arrived) {
  next.emplace(co_await store_.range(std::move(request)));
  arrived.notify_all();
}

void ClusterView::publish_loaded(std::unique_ptr<Builder> builder) {
  ++generation_;
  list_count_.Increment();
  builder_ = std::move(builder);
  unpublished_.clear();
  for (const auto kind : {ObjectKind::kTask, ObjectKind::kInstance}) {
    recent_lines(kind).reset(builder_->state.last_version(kind));
  }
  publish();
  tasks_changed_.notify_all();
  instances_changed_.notify_all();
}

Async<Status> ClusterView::follow() {
  const auto watch = store_.watch(std::string{codec::kClusterStatePrefix}, builder_->revision + 1);
  for (;;) {
    const auto batch = co_await watch->next();
    if (!batch) co_return batch.error_in("watch");
    apply(*batch);
  }
}

// The object keeps what was shown of it: to take it away would say that it is gone.
Result<std::optional<ObjectChange>> ClusterView::apply(Builder& builder,
                                                       const store::WatchEvent& event) {
  auto change = builder.state.apply(event);
  if (change) {
    if (!builder.unreadable.empty()) builder.unreadable.erase(event.entry.key);
    return change;
  }
  undecodable_count_.Increment();
  log::error("view", "skips what it cannot decode: {}", change.error().message);
  builder.unreadable.insert_or_assign(event.entry.key, builder.state.cluster_of(event.entry.key));
  return change;
}

void ClusterView::apply(const store::WatchBatch& batch) {
  for (const auto& event : batch.events) {
    auto change = apply(*builder_, event);
    if (change && *change) unpublished_.push_back(**std::move(change));
  }
  builder_->revision = std::max(builder_->revision, batch.revision);
  is_unpublished_ = true;
  applied_.notify_all();
}

Async<void> ClusterView::publish_changes() {
  for (;;) {
    while (!is_unpublished_) co_await applied_.wait();
    const TimePoint due = published_at_ + options_.publish_interval;
    if (executor_.now() < due) co_await sleep_until(executor_, due);
    if (is_unpublished_) publish();
  }
}

void ClusterView::publish() {
  auto next = std::make_shared<Snapshot>(builder_->state.freeze());
  const bool sync_changed = !snapshot_ || snapshot_->synced_at != next->synced_at;
  next->store_id = store_.info().store_id;
  next->revision = builder_->revision;
  next->generation = generation_;
  bool tasks = sync_changed;
  bool instances = sync_changed;
  for (auto& change : unpublished_) {
    (change.kind == ObjectKind::kTask ? tasks : instances) = true;
    recent_lines(change.kind).append(std::move(change.line));
  }
  unpublished_.clear();
  is_unpublished_ = false;
  published_at_ = executor_.now();
  task_count_.Set(static_cast<double>(next->tasks.by_arn.size()));
  instance_count_.Set(static_cast<double>(next->instances.by_arn.size()));
  revision_.Set(static_cast<double>(next->revision));
  unreadable_.Set(static_cast<double>(builder_->unreadable.size()));
  publish_count_.Increment();
  snapshot_ = std::move(next);
  if (tasks) tasks_changed_.notify_all();
  if (instances) instances_changed_.notify_all();
}

}  // namespace blox::cluster_state
