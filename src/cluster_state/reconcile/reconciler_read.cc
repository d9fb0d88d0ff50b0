// The part of reconcile that reads clusters whole, a few side by side, each from where it stopped.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "cluster_state/reconcile/reconciler.h"

namespace blox::cluster_state {
namespace {

template <class Arn>
Result<aws::ListPage<ObjectName>> as_objects(Result<aws::ListPage<Arn>> page) {
  if (!page) return std::unexpected(page.error());
  aws::ListPage<ObjectName> objects;
  objects.next_token = std::move(page->next_token);
  objects.arns.assign(std::make_move_iterator(page->arns.begin()),
                      std::make_move_iterator(page->arns.end()));
  return objects;
}

Async<Result<aws::ListPage<ObjectName>>> ask_for_page(aws::EcsQuery& ecs, ClusterArn cluster,
                                                      ReadStep step, std::string token) {
  if (step == ReadStep::kListInstances) {
    co_return as_objects(
        co_await ecs.list_container_instances_page(std::move(cluster), std::move(token)));
  }
  aws::TaskFilter filter;
  filter.stopped = step == ReadStep::kListStopped;
  co_return as_objects(
      co_await ecs.list_tasks_page(std::move(cluster), std::move(filter), std::move(token)));
}

}  // namespace

void Reconciler::start_reads() {
  while (auto cluster = queue_.begin()) scope_.spawn(read_and_note(*std::move(cluster)));
}

Async<void> Reconciler::read_and_note(ClusterArn cluster) {
  unread_list_.note_turn(cluster.value, executor_.now());
  const Status read = co_await read_cluster(cluster);
  queue_.end(cluster);
  const auto begun = reads_.find(cluster);
  if (read) {
    if (begun->second.again && !queue_.waits(cluster)) wanted_.add(cluster);
    reads_.erase(begun);
    retries_.erase(cluster.value);
    unread_list_.erase(cluster.value);
  } else {
    const bool moved = begun->second.moved;
    // What was asked for meanwhile waits as the cluster does.
    const bool waited = queue_.remove(cluster);
    const bool requested = wanted_.forget(cluster);
    if (waited || requested) begun->second.again = true;
    if (begun->second.is_unbegun()) reads_.erase(begun);
    note_failure(cluster.value, read.error(), moved);
  }
  if (!queue_.waits(cluster)) wanted_.end(cluster, executor_.now());
  settle();
  plan_wanted_.notify_all();
  start_reads();
}

// The objects of the cluster have to be asked about once more, after the read that goes on.
void Reconciler::read_again(const ClusterArn& cluster) {
  if (!is_retried(cluster)) {
    request(cluster);
  } else if (const auto begun = reads_.find(cluster); begun != reads_.end()) {
    begun->second.again = true;
  }
}

// Errors: those of the call that failed; what the others brought is kept for the next attempt.
Async<Status> Reconciler::read_cluster(ClusterArn cluster) {
  // Half of a catalog would not name what has to be asked about.
  while (!ingest_.is_ready()) co_await ingest_.became_ready().wait();
  ClusterRead& read = begin_or_resume(cluster);
  while (read.step != ReadStep::kMark) {
    Status stepped = co_await read_step(cluster, read);
    if (!stepped) co_return stepped;
  }
  co_return co_await mark(cluster, read);
}

ClusterRead& Reconciler::begin_or_resume(const ClusterArn& cluster) {
  const TimePoint now = executor_.now();
  const auto generation = ingest_.catalog().generation();
  ClusterRead& read = reads_[cluster];
  if (read.generation != generation || read.is_unbegun() ||
      read.progress_at + options_.every < now) {
    read = {};
    read.started = executor_.wall_now();
    read.began = now;
    read.generation = generation;
    read.progress_at = now;
  }
  read.moved = false;
  return read;
}

Async<Status> Reconciler::read_step(ClusterArn cluster, ClusterRead& read) {
  switch (read.step) {
    case ReadStep::kListInstances:
    case ReadStep::kListRunning:
    case ReadStep::kListStopped: return list_page(std::move(cluster), read);
    case ReadStep::kDescribeInstances:
    case ReadStep::kDescribeTasks: return describe_left(std::move(cluster), read);
    case ReadStep::kMark: break;
  }
  return mark(std::move(cluster), read);
}

// One page of the list that is due.
Async<Status> Reconciler::list_page(ClusterArn cluster, ClusterRead& read) {
  auto page = co_await ask_for_page(ecs_, cluster, read.step, read.page);
  if (!page && page.error().kind != ErrorKind::kNotFound) {
    // ECS may take the token no more; what it named is listed again then.
    if (page.error().kind == ErrorKind::kInvalid) read.page.clear();
    co_return page.error_in("list '" + cluster.value + "'");
  }
  read.exists = page.has_value();
  const std::size_t before = read.left.size();
  if (page) {
    for (ObjectName& object : page->arns) read.left.insert(std::move(object));
    read.page = std::move(page->next_token);
  } else {
    read.page.clear();
  }
  const bool ends = read.page.empty();
  if (ends || read.left.size() > before) note_moved(cluster, read);
  if (!ends && ++read.pages < aws::kListPagesMax) co_return done();
  read.pages = 0;
  if (!ends) {
    read.page.clear();
    read.moved = false;
    co_return fail(ErrorKind::kUnavailable, "a list of '" + cluster.value + "' does not end");
  }
  end_list(cluster, read);
  co_return done();
}

// What the store has and the list has not is asked about, too: absence proves nothing.
void Reconciler::end_list(const ClusterArn& cluster, ClusterRead& read) {
  const auto add = [&](auto known) {
    for (auto& arn : known) read.left.emplace(std::move(arn));
  };
  switch (read.step) {
    case ReadStep::kListInstances:
      add(ingest_.catalog().live_instances(cluster));
      read.step = ReadStep::kDescribeInstances;
      return;
    case ReadStep::kListRunning:
      // Of a cluster that is not there the second list has nothing to add.
      read.step = read.exists ? ReadStep::kListStopped : ReadStep::kDescribeTasks;
      if (!read.exists) add(ingest_.catalog().live_tasks(cluster));
      return;
    case ReadStep::kListStopped:
      add(ingest_.catalog().live_tasks(cluster));
      read.step = ReadStep::kDescribeTasks;
      return;
    case ReadStep::kDescribeInstances:
    case ReadStep::kDescribeTasks:
    case ReadStep::kMark: return;
  }
}

Async<Status> Reconciler::describe_left(ClusterArn cluster, ClusterRead& read) {
  Asking asking{cluster,       read.left, read.left_out, read.refused,
                read.answered, false,     std::nullopt};
  co_await ask_about(cluster, asking);
  if (asking.moved) note_moved(cluster, read);
  if (asking.error) co_return std::unexpected(*asking.error);
  const bool tasks = read.step == ReadStep::kDescribeTasks;
  read.step = tasks ? ReadStep::kMark : ReadStep::kListRunning;
  co_return done();
}

void Reconciler::note_moved(const ClusterArn& cluster, ClusterRead& read) {
  read.moved = true;
  read.progress_at = executor_.now();
  unread_list_.note_progress(cluster.value, read.progress_at);
}

// What else tells of an object, be it an event that came meanwhile, fills its hole.
Holes Reconciler::holes_of(const ClusterRead& read) const {
  Holes holes;
  for (const ObjectName& object : read.left_out) {
    if (ingest_.catalog().is_known(object)) continue;
    std::visit([&](const auto& arn) { holes.add(arn); }, object);
  }
  return holes;
}

void Reconciler::note_holes(const ClusterArn& cluster, const Holes& holes) {
  const auto more = holes.is_empty() ? std::nullopt : holes_pace_.next(executor_.now());
  if (!more) return;
  log::warn("reconcile", "'{}' is read but for {} tasks and {} container instances{}",
            cluster.value, holes.task_count, holes.instance_count, *more);
}

Async<Status> Reconciler::mark(ClusterArn cluster, const ClusterRead& read) {
  // What was not durable then is lost, and what was asked about may have been too little.
  if (ingest_.catalog().generation() != read.generation) {
    co_return fail(ErrorKind::kUnavailable, "ingest has read the store again meanwhile");
  }
  // While anything of it is shown, be it at its end, the mark says that all of it is.
  const bool over = !read.exists && !ingest_.catalog().has_objects(cluster);
  if (over) co_return co_await ingest_.mark_synced(std::move(cluster), std::nullopt);
  const WallTime started = read.started;
  const TimePoint began = read.began;
  const Holes holes = holes_of(read);
  note_holes(cluster, holes);
  Status marked = co_await ingest_.mark_synced(cluster, started, holes);
  if (marked) own_marks_.note(cluster, started, began);
  co_return marked;
}

}  // namespace blox::cluster_state
