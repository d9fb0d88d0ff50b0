// The part of reconcile that decides what is read when, and finds which clusters there are.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "cluster_state/ingest/followed.h"
#include "cluster_state/reconcile/reconciler.h"

namespace blox::cluster_state {
namespace {

// Not before something ends that is under way.
constexpr TimePoint kNotYet = TimePoint::max();
// Between two looks at whether the first read is over.
constexpr Duration kBootLook = std::chrono::seconds{1};

}  // namespace

TimePoint Reconciler::next_plan() const {
  const TimePoint now = executor_.now();
  if (!unread_.empty()) return now;
  TimePoint next = std::min(next_full_, wanted_.due(now).value_or(next_full_));
  for (const auto& [target, retry] : retries_) next = std::min(next, retry.due);
  return next;
}

Async<void> Reconciler::plan_for_ever() {
  while (true) {
    for (TimePoint next = next_plan(); next > executor_.now(); next = next_plan()) {
      // A wait without end is one for a signal.
      if (next == kNotYet) {
        co_await plan_wanted_.wait();
      } else {
        co_await plan_wanted_.wait_until(next);
      }
    }
    plan();
  }
}

// Waits for nothing, so that no read waits for the finding of others.
void Reconciler::plan() {
  const TimePoint now = executor_.now();
  const ReadScope scope = wanted_.begin(now, now >= next_full_);
  if (scope.anew) mark_stale();
  if (scope.all) {
    find_all_ = true;
    next_full_ = kNotYet;
    find_wanted_.notify_all();
  }
  for (const ClusterArn& cluster : scope.clusters) request_after(cluster);
  for (const ClusterArn& cluster : std::exchange(unread_, {})) {
    if (ingest_.catalog().synced_at(cluster) || queue_.is_under_way(cluster)) continue;
    // It is read when it is tried again, and not before: events must not end its wait.
    if (is_retried(cluster)) continue;
    enqueue(cluster, ReadRank::kAsked);
  }
  plan_retries();
  start_reads();
}

// What was begun, whether it is under way or goes on later, may be past what has to be seen.
void Reconciler::mark_stale() {
  for (auto& [cluster, read] : reads_) read.again = true;
  list_.stale = true;
}

// Behind the read that is under way, or that was begun and goes on.
void Reconciler::request_after(const ClusterArn& cluster) {
  const auto begun = reads_.find(cluster);
  if (begun != reads_.end() && !queue_.is_under_way(cluster)) begun->second.again = true;
  enqueue(cluster, ReadRank::kAsked);
}

void Reconciler::plan_retries() {
  std::vector<std::string> due;
  for (auto& [target, retry] : retries_) {
    if (retry.due > executor_.now()) continue;
    retry.due = kNotYet;
    due.push_back(target);
  }
  for (std::string& target : due) {
    const ClusterArn cluster{target};
    if (is_named(target)) {
      unread_list_.note_waiting(target, executor_.now());
      find_names_.insert(std::move(target));
      find_wanted_.notify_all();
    } else if (!queue_.waits(cluster) && !queue_.is_under_way(cluster)) {
      enqueue(cluster, rank_of(cluster));
    }
  }
}

bool Reconciler::is_named(const std::string& target) const {
  return std::ranges::find(options_.clusters, target) != options_.clusters.end();
}

// What is not followed is not read, and not tried again either.
void Reconciler::enqueue(const ClusterArn& cluster, ReadRank rank) {
  if (follows(cluster)) {
    note_known(cluster, false);
    add_to_queue(cluster, rank);
    return;
  }
  forget(cluster);
  wanted_.end(cluster, executor_.now());
}

void Reconciler::add_to_queue(const ClusterArn& cluster, ReadRank rank) {
  queue_.add(cluster, rank);
  if (!queue_.is_under_way(cluster)) unread_list_.note_waiting(cluster.value, executor_.now());
}

void Reconciler::forget(const ClusterArn& cluster) {
  retries_.erase(cluster.value);
  unread_list_.erase(cluster.value);
  own_marks_.erase(cluster);
  refused_.erase(cluster);
  if (!queue_.is_under_way(cluster)) reads_.erase(cluster);
}

Async<void> Reconciler::find_for_ever() {
  while (true) {
    while (!find_all_ && find_names_.empty()) co_await find_wanted_.wait();
    if (std::exchange(find_all_, false)) co_await find_all();
    for (std::string name : std::exchange(find_names_, {})) {
      const auto cluster = co_await resolve(std::move(name));
      if (cluster && !queue_.is_under_way(*cluster)) enqueue(*cluster, rank_of(*cluster));
      start_reads();
    }
  }
}

// A full read: finds the clusters and has all of them read.
Async<void> Reconciler::find_all() {
  const TimePoint began = executor_.now();
  refused_.clear();
  std::set<ClusterArn> clusters;
  const Status found = co_await find_clusters(clusters);
  const TimePoint now = executor_.now();
  list_error_ = found ? std::nullopt : std::optional{found.error()};
  if (found) {
    full_wait_ = options_.retry_wait_min;
    next_full_ = began + options_.every;
    if (!full_began_) full_began_ = began;
  } else {
    note_unfound(found.error());
    clusters.clear();
  }
  drop_unfollowed(clusters);
  // Those that were asked for by name may have been read while all were found.
  std::erase_if(clusters, [&](const ClusterArn& cluster) {
    const auto last = own_marks_.find_last(cluster);
    return last && *last >= began && ingest_.catalog().synced_at(cluster);
  });
  wanted_.found(clusters, now);
  for (const ClusterArn& cluster : clusters) {
    // One that is under way does for this full read, too, unless it is marked to be read again.
    if (!queue_.is_under_way(cluster)) add_to_queue(cluster, rank_of(cluster));
  }
  if (found) urgent_.clear();
  start_reads();
  settle();
  plan_wanted_.notify_all();
}

ReadRank Reconciler::rank_of(const ClusterArn& cluster) const {
  if (urgent_.contains(cluster)) return ReadRank::kAsked;
  const auto retried = retries_.find(cluster.value);
  if (retried == retries_.end()) {
    return ingest_.catalog().synced_at(cluster) ? ReadRank::kOther : ReadRank::kUnread;
  }
  const auto begun = reads_.find(cluster);
  const bool goes_on = begun != reads_.end() &&
                       (begun->second.moved || retried->second.error.kind == ErrorKind::kThrottled);
  return goes_on ? ReadRank::kStarted : ReadRank::kOther;
}

void Reconciler::note_unfound(const Error& error) {
  const TimePoint now = executor_.now();
  failures_.Increment();
  next_full_ = now + jittered(full_wait_);
  full_wait_ = next_wait(full_wait_, error, list_.moved);
  if (const auto more = list_pace_.next(now)) {
    log::warn("reconcile", "cannot find the clusters: {}{}", error.message, *more);
  }
}

// Errors: those of ListClusters; of names that fail each is noted by itself.
Async<Status> Reconciler::find_clusters(std::set<ClusterArn>& clusters) {
  if (options_.clusters.empty()) {
    const Status listed = co_await list_clusters();
    if (!listed) co_return listed.error_in("list clusters");
    clusters = std::exchange(list_, {}).clusters;
  }
  for (const std::string& name : options_.clusters) {
    const auto cluster = co_await resolve(name);
    if (cluster) clusters.insert(*cluster);
  }
  // Those that ECS has forgotten hold objects that have to go. Half of a catalog would not name
  // them.
  while (!ingest_.is_ready()) co_await ingest_.became_ready().wait();
  for (ClusterArn& known : ingest_.catalog().clusters()) clusters.insert(std::move(known));
  for (const ClusterArn& cluster : clusters) note_known(cluster, !found_);
  found_ = true;
  found_first_.notify_all();
  co_return done();
}

// Goes on from the page that failed, unless that says too little of now.
Async<Status> Reconciler::list_clusters() {
  if (list_.stale || list_.progress_at + options_.every < executor_.now()) list_ = {};
  list_.moved = false;
  for (bool ends = false; !ends;) {
    auto page = co_await ecs_.list_clusters_page(list_.page);
    if (!page) {
      // ECS may take the token no more; what it named is listed again then.
      if (page.error().kind == ErrorKind::kInvalid) list_.page.clear();
      co_return std::unexpected(page.error());
    }
    for (ClusterArn& cluster : page->arns) {
      learn_pair(cluster);
      list_.clusters.insert(std::move(cluster));
    }
    list_.page = std::move(page->next_token);
    list_.progress_at = executor_.now();
    list_.moved = true;
    ends = list_.page.empty();
    if (!ends && ++list_.pages >= aws::kListPagesMax) {
      list_ = {};
      co_return fail(ErrorKind::kUnavailable, "the list does not end");
    }
  }
  co_return done();
}

// Each name by itself: one that fails must not stop the reads of the others.
Async<std::optional<ClusterArn>> Reconciler::resolve(std::string name) {
  const auto known = ingest_.catalog().clusters();
  const bool read = std::ranges::any_of(known, [&](const ClusterArn& cluster) {
    return is_followed({name}, cluster) && follows(cluster) && ingest_.catalog().synced_at(cluster);
  });
  if (!read) unread_list_.add(name, executor_.now(), true);
  unread_list_.note_turn(name, executor_.now());
  const auto cluster = co_await ecs_.describe_cluster(name);
  if (!cluster) {
    // A name that is misspelt would else look like a cluster without instances.
    const bool missing = cluster.error().kind == ErrorKind::kNotFound;
    note_failure(
        name,
        missing ? Error{ErrorKind::kNotFound, "ECS has no cluster '" + name +
                                                  "' in this account and region; check --cluster"}
                : cluster.error(),
        false);
    co_return std::nullopt;
  }
  // Of one that is configured by its ARN the read that follows has to succeed, too.
  if (cluster->value != name) retries_.erase(name);
  learn_pair(*cluster);
  unread_list_.rename(name, cluster->value);
  if (!queue_.is_under_way(*cluster)) {
    unread_list_.note_waiting(cluster->value, executor_.now());
  }
  if (ingest_.catalog().synced_at(*cluster)) unread_list_.erase(cluster->value);
  co_return *cluster;
}

void Reconciler::drop_unfollowed(std::set<ClusterArn>& clusters) {
  std::erase_if(clusters, [&](const ClusterArn& cluster) {
    if (follows(cluster)) return false;
    forget(cluster);
    return true;
  });
}

// After each end of a read: whether that was the last of a full one.
void Reconciler::settle() {
  if (wanted_.all_are_under_way()) return;
  const auto full = std::exchange(full_began_, std::nullopt);
  listed_ = listed_ || full.has_value();
  if (!listed_) return;
  if (!retries_.empty()) return;
  synced_ = true;
  if (!full) return;
  rounds_.Increment();
  seconds_.Observe(std::chrono::duration<double>(executor_.now() - *full).count());
}

// That a read stands still shows by the time alone.
Async<void> Reconciler::end_boot_share() {
  while (!first_read_is_over()) co_await sleep_for(executor_, kBootLook);
  boot_share_.reset();
}

// Those that ECS named later are not waited for, or there might always be one.
bool Reconciler::first_read_is_over() const {
  const TimePoint now = executor_.now();
  if (!found_) return now - std::max(began_, list_.progress_at) > kStandstillMax;
  return std::ranges::none_of(unread_list_.clusters(), [&](const auto& entry) {
    return entry.second.in_first_list && !entry.second.is_given_up(now);
  });
}

}  // namespace blox::cluster_state
