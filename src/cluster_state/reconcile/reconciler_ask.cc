// The half of reconcile that asks ECS about named objects: those of a full read, those that a
// report has put in doubt, and those that were MISSING once.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "cluster_state/reconcile/reconciler.h"

namespace blox::cluster_state {
namespace {

// Objects in one Describe call. Source: API/DescribeTasks, API/DescribeContainerInstances.
constexpr std::size_t kDescribeMax = 100;

template <class Arn>
std::vector<std::vector<Arn>> in_hundreds(const std::vector<ObjectName>& objects) {
  std::vector<std::vector<Arn>> hundreds;
  for (const ObjectName& object : objects) {
    const auto* arn = std::get_if<Arn>(&object);
    if (arn == nullptr) continue;
    if (hundreds.empty() || hundreds.back().size() == kDescribeMax) hundreds.emplace_back();
    hundreds.back().push_back(*arn);
  }
  return hundreds;
}

template <class Arn>
std::vector<ObjectName> as_objects(std::vector<Arn> arns) {
  return {std::make_move_iterator(arns.begin()), std::make_move_iterator(arns.end())};
}

template <class Reports>
Batch make_batch(Reports& reports, WallTime asked_at) {
  Batch batch;
  batch.reports.reserve(reports.size());
  for (auto& report : reports) {
    batch.reports.push_back({std::move(report), Origin::kDescribe, asked_at});
  }
  return batch;
}

}  // namespace

Async<void> Reconciler::ask_for_ever() {
  DescribeList& list = ingest_.describe_list();
  Duration wait = options_.retry_wait_min;
  while (true) {
    for (const ClusterArn& cluster : list.take_overflowed()) request(cluster);
    for (const ClusterArn& cluster : list.take_unread()) {
      if (is_followed(cluster) && unread_.insert(cluster).second) requests_.notify_all();
    }
    std::map<ClusterArn, Objects> doubtful = missing_.due(executor_.now());
    const auto due = doubtful;
    for (const auto& [cluster, object] : list.take_objects()) doubtful[cluster].push_back(object);
    bool failed = false;
    for (auto& [cluster, objects] : doubtful) {
      const Status asked = co_await ask_about(cluster, objects);
      if (asked) continue;
      failed = true;
      failures_.Increment();
      log::warn("reconcile", "cannot ask about {} objects: {}", objects.size(),
                asked.error().message);
      for (ObjectName& object : objects) list.add(cluster, std::move(object));
    }
    if (failed) {
      co_await sleep_for(executor_, jittered(wait));
      wait = std::min(2 * wait, options_.retry_wait_max);
      continue;
    }
    wait = options_.retry_wait_min;
    // Those that ECS called neither found nor MISSING start again with the next full read.
    for (const auto& [cluster, objects] : due) {
      for (const ObjectName& object : objects) missing_.forget(object);
    }
    if (!list.is_empty()) continue;
    const auto next = missing_.next_due();
    if (next) {
      co_await list.changed().wait_until(*next);
    } else {
      // A full read may add to the missing list meanwhile; look again now and then.
      co_await list.changed().wait_until(executor_.now() + options_.visible_max);
    }
  }
}

Async<Status> Reconciler::ask_about(ClusterArn cluster, Objects objects) {
  std::vector<Async<Status>> asks;
  for (auto& instances : in_hundreds<ContainerInstanceArn>(objects)) {
    asks.push_back(ask_instances(cluster, std::move(instances)));
  }
  for (auto& tasks : in_hundreds<TaskArn>(objects)) {
    asks.push_back(ask_tasks(cluster, std::move(tasks)));
  }
  const auto outcomes = co_await gather(executor_, std::move(asks), options_.describes_max);
  for (const Status& outcome : outcomes) {
    if (!outcome) co_return outcome;
  }
  co_return done();
}

Async<Status> Reconciler::ask_instances(ClusterArn cluster,
                                        std::vector<ContainerInstanceArn> instances) {
  const TimePoint asked_at = executor_.now();
  auto described = co_await ecs_.describe_container_instances(cluster, instances);
  if (!described && described.error().kind == ErrorKind::kNotFound) {
    Objects all = as_objects(std::move(instances));
    co_return co_await note_missing(std::move(cluster), std::move(all), asked_at);
  }
  if (!described) co_return described.error_in("describe container instances");
  Batch batch = make_batch(described->instances, described->asked_at);
  Status taken = co_await take(std::move(batch));
  if (!taken) co_return taken;
  Objects missing = as_objects(std::move(described->missing));
  co_return co_await note_missing(std::move(cluster), std::move(missing), asked_at);
}

Async<Status> Reconciler::ask_tasks(ClusterArn cluster, std::vector<TaskArn> tasks) {
  const TimePoint asked_at = executor_.now();
  auto described = co_await ecs_.describe_tasks(cluster, tasks);
  if (!described && described.error().kind == ErrorKind::kNotFound) {
    Objects all = as_objects(std::move(tasks));
    co_return co_await note_missing(std::move(cluster), std::move(all), asked_at);
  }
  if (!described) co_return described.error_in("describe tasks");
  Batch batch = make_batch(described->tasks, described->asked_at);
  Status taken = co_await take(std::move(batch));
  if (!taken) co_return taken;
  Objects missing = as_objects(std::move(described->missing));
  co_return co_await note_missing(std::move(cluster), std::move(missing), asked_at);
}

Async<Status> Reconciler::take(Batch batch) {
  if (batch.reports.empty()) co_return done();
  for (const Report& report : batch.reports) missing_.forget(ReportView{report}.name());
  const auto counts = co_await ingest_.take(std::move(batch));
  if (!counts) co_return counts.error_in("take Describe answers");
  added_.Increment(static_cast<double>(counts->added));
  changed_.Increment(static_cast<double>(counts->changed));
  overlaid_.Increment(static_cast<double>(counts->overlaid));
  co_return done();
}

// ECS does not know these. Only those that the store has alive matter, and only the second time.
Async<Status> Reconciler::note_missing(ClusterArn cluster, Objects missing, TimePoint asked_at) {
  for (ObjectName& object : missing) {
    if (!ingest_.catalog().is_live(object)) {
      missing_.forget(object);
      continue;
    }
    const auto since = missing_.note(cluster, object, asked_at);
    if (!since) continue;
    missing_.forget(object);
    const auto removed = co_await ingest_.remove_missing(object, *since);
    if (!removed) co_return removed.error_in("remove a missing object");
    if (*removed) removed_.Increment();
  }
  co_return done();
}

}  // namespace blox::cluster_state
