#include "client/cluster_mirror.h"

#include <algorithm>
#include <utility>

#include "base/age.h"
#include "base/log.h"
#include "base/scope.h"

namespace blox::client {
namespace {

// Shifting a backoff further than this would overflow, and has long reached its maximum.
constexpr int kDoublingsMax = 20;

// A file that was copied back has the store id of before, and may have the versions, too.
bool is_another_epoch(const Bookmark& known, const Bookmark& told) {
  return !known.epoch.empty() && !told.epoch.empty() && known.epoch != told.epoch;
}

StreamStart start_of(bool is_resumable, const Bookmark& bookmark) {
  if (!is_resumable) return {};
  return {.store_id = bookmark.store_id, .after = bookmark.entity_version};
}

}  // namespace

template <class Arn, class Object>
void ClusterMirror::Half<Arn, Object>::Held::put(Versioned<Object> entry, TimePoint now) {
  Arn arn = entry.object.arn;
  if (const auto age = std::exchange(entry.age, std::nullopt)) {
    told_at.insert_or_assign(arn, now - *age);
  } else {
    told_at.erase(arn);
  }
  objects.insert_or_assign(std::move(arn), std::move(entry));
}

template <class Arn, class Object>
void ClusterMirror::Half<Arn, Object>::Held::erase(const Arn& arn) {
  told_at.erase(arn);
  objects.erase(arn);
}

ClusterMirror::ClusterMirror(Executor& executor, Random& random, ClusterState& source,
                             ClusterMirrorOptions options)
    : executor_(executor),
      random_(random),
      source_(source),
      options_(options),
      changed_(executor) {}

Async<void> ClusterMirror::run() {
  Scope scope{executor_};
  scope.spawn(follow(tasks_));
  co_await follow(instances_);
}

Async<Result<std::unique_ptr<TaskStream>>> ClusterMirror::open(const TaskHalf& half) {
  return source_.open_task_stream(start_of(half.is_resumable, half.bookmark));
}
Async<Result<std::unique_ptr<InstanceStream>>> ClusterMirror::open(const InstanceHalf& half) {
  return source_.open_instance_stream(start_of(half.is_resumable, half.bookmark));
}

template <class SomeHalf>
Async<void> ClusterMirror::follow(SomeHalf& half) {
  for (int failure_count = 0;;) {
    bool got_bookmark = false;
    const Error ended = co_await follow_stream(half, got_bookmark);
    // Lines alone do not count: a stream that breaks in the middle of each list costs a list each.
    failure_count = got_bookmark ? 1 : failure_count + 1;
    // What was only broken off goes on where it stood. All else is read anew, and what is held
    // stays until that is complete.
    if (ended.kind != ErrorKind::kUnavailable) half.is_resumable = false;
    // A refusal does not mend by itself, as that of a name which the service does not know as its.
    const auto level = ended.kind == ErrorKind::kInvalid ? log::Level::kWarn : log::Level::kInfo;
    log::write(level, "client", "a stream of the cluster state ended: " + ended.message);
    last_end_ = ended.message;
    co_await sleep_for(executor_, draw_backoff(failure_count));
  }
}

template <class SomeHalf>
Async<Error> ClusterMirror::follow_stream(SomeHalf& half, bool& got_bookmark) {
  half.incoming = {};
  const auto stream = co_await open(half);
  if (!stream) co_return stream.error();
  for (;;) {
    auto changes = co_await (*stream)->next();
    if (!changes) co_return changes.error();
    const Status applied = apply(half, *std::move(changes), got_bookmark);
    changed_.notify_all();
    if (!applied) co_return applied.error();
  }
}

template <class SomeHalf>
Status ClusterMirror::apply(SomeHalf& half, typename SomeHalf::Changes changes,
                            bool& got_bookmark) {
  for (auto& change : changes) {
    auto& held = half.is_resumable ? half.held : half.incoming;
    switch (change.kind) {
      case ChangeKind::kPut: {
        const auto version = change.entry.entity_version;
        held.put(std::move(change.entry), executor_.now());
        if (half.is_resumable) half.bookmark.entity_version = version;
        break;
      }
      case ChangeKind::kDeleted:
        held.erase(change.entry.object.arn);
        if (half.is_resumable) half.bookmark.entity_version = change.entry.entity_version;
        break;
      case ChangeKind::kBookmark:
        if (!half.is_resumable) {
          half.held = std::exchange(half.incoming, {});
          half.is_resumable = true;
          ++list_count_;
        } else if (half.bookmark.store_id != change.bookmark.store_id) {
          return fail(ErrorKind::kCompacted, "the stream changed from store " +
                                                 half.bookmark.store_id + " to store " +
                                                 change.bookmark.store_id);
        } else if (is_another_epoch(half.bookmark, change.bookmark)) {
          return fail(ErrorKind::kCompacted,
                      "the service has opened its store anew, which may be a copy from before");
        }
        got_bookmark = true;
        half.bookmark = std::move(change.bookmark);
        half.synced_at = sync_points_of(half.bookmark);
        half.last_contact = executor_.now();
        break;
    }
  }
  return done();
}

Duration ClusterMirror::draw_backoff(int failure_count) {
  const auto doublings = std::clamp(failure_count - 1, 0, kDoublingsMax);
  const Duration longest = std::min(options_.backoff_min * (1 << doublings), options_.backoff_max);
  return random_.between(longest / 2, longest);
}

// What the one half lacks says nothing of the other where the service has opened its store between
// them: it may be a copy from before.
bool ClusterMirror::is_loaded() const {
  return !tasks_.bookmark.store_id.empty() &&
         tasks_.bookmark.store_id == instances_.bookmark.store_id &&
         !is_another_epoch(tasks_.bookmark, instances_.bookmark);
}

bool ClusterMirror::is_stale() const {
  const auto contact = last_contact();
  return !is_loaded() || !contact || executor_.now() - *contact > options_.stale_after;
}

std::string ClusterMirror::store_id() const {
  return is_loaded() ? tasks_.bookmark.store_id : std::string{};
}

// By the service's own ages where it tells them: the clocks of two machines differ.
std::map<ClusterArn, TimePoint> ClusterMirror::sync_points_of(const Bookmark& bookmark) const {
  std::map<ClusterArn, TimePoint> points;
  for (const auto& [cluster, time] : bookmark.synced_at) {
    const auto told = bookmark.sync_ages.find(cluster);
    const Duration age = told != bookmark.sync_ages.end()
                             ? told->second
                             : clamped_age(time, executor_.wall_now(), codec::kAgeMax);
    points.emplace(cluster, executor_.now() - age);
  }
  return points;
}

std::map<ClusterArn, TimePoint> ClusterMirror::synced_at() const {
  std::map<ClusterArn, TimePoint> both;
  if (!is_loaded()) return both;
  for (const auto& [cluster, time] : tasks_.synced_at) {
    const auto other = instances_.synced_at.find(cluster);
    if (other == instances_.synced_at.end()) continue;
    both.emplace(cluster, std::min(time, other->second));
  }
  return both;
}

bool ClusterMirror::is_unconfirmed(const ClusterArn& cluster) const {
  return tasks_.bookmark.unconfirmed.contains(cluster) ||
         instances_.bookmark.unconfirmed.contains(cluster);
}

bool ClusterMirror::lacks_tasks(const ClusterArn& cluster) const {
  const auto found = tasks_.bookmark.holes.find(cluster);
  if (found == tasks_.bookmark.holes.end()) return false;
  const Holes& holes = found->second;
  // One that came to be known since is on its way out of the mark; of more than are named nobody
  // can tell.
  const auto is_here = [&](const std::string& arn) { return tasks().contains(TaskArn{arn}); };
  const auto here = static_cast<std::size_t>(std::ranges::count_if(holes.arns, is_here));
  return holes.task_count > here;
}

std::optional<TimePoint> ClusterMirror::last_contact() const {
  if (!tasks_.last_contact || !instances_.last_contact) return std::nullopt;
  return std::min(*tasks_.last_contact, *instances_.last_contact);
}

}  // namespace blox::client
