#include "scheduler/environments/repository.h"

#include <algorithm>

#include "base/log.h"
#include "scheduler/environments/record_codec.h"
#include "scheduler/environments/store_mark.h"

namespace blox::scheduler {
namespace {

// A read of everything starts over when a compaction has taken its snapshot away.
constexpr int kReadCountMax = 3;
// A page that a busy store refuses is asked for again, so that it does not cost those before it.
constexpr int kPageCountMax = 5;
constexpr Duration kPageRetry = std::chrono::milliseconds{10};

template <class Key, class Record>
Status insert(std::map<Key, Record>& records, Result<Record> decoded,
              Key (*key_of)(const Record&)) {
  if (!decoded) return std::unexpected(decoded.error());
  Key key = key_of(*decoded);
  records.insert_or_assign(std::move(key), std::move(*decoded));
  return done();
}

EnvironmentUid environment_id(const Environment& environment) { return environment.uid; }
DeploymentId deployment_id(const Deployment& deployment) { return deployment.id; }
IntentKey intent_id(const Intent& intent) { return {intent.environment, intent.instance}; }
TaskArn outcome_id(const Outcome& outcome) { return outcome.task; }
IntentKey emptied_id(const Emptied& emptied) { return {emptied.environment, emptied.instance}; }

std::string outcome_key_of(const Outcome& outcome) {
  return outcome_key(outcome.environment, outcome.task);
}
std::string emptied_key_of(const Emptied& emptied) {
  return emptied_key(emptied.environment, emptied.instance);
}

// Keys of kinds that it does not know are left alone: a later version has written them.
Status insert_entry(Records& records, const store::KeyValue& entry) {
  if (entry.key.starts_with(kEnvironmentsPrefix)) {
    return insert(records.environments, decode_environment(entry), &environment_id);
  }
  if (entry.key.starts_with(kDeploymentsPrefix)) {
    return insert(records.deployments, decode_deployment(entry), &deployment_id);
  }
  if (entry.key.starts_with(kIntentsPrefix)) {
    return insert(records.intents, decode_intent(entry), &intent_id);
  }
  if (entry.key.starts_with(kOutcomesPrefix)) {
    return insert(records.outcomes, decode_outcome(entry), &outcome_id);
  }
  if (entry.key.starts_with(kEmptiedPrefix)) {
    return insert(records.emptied, decode_emptied(entry), &emptied_id);
  }
  if (entry.key == kStoreMarkKey) records.has_mark = true;
  return done();
}

}  // namespace

Repository::Repository(Executor& executor, store::Store& store)
    : executor_(executor), store_(store), changed_(executor), turn_(executor), scope_(executor) {}

Async<Status> Repository::load() { co_return co_await reload(); }

const Environment* Repository::find_environment(const EnvironmentName& name) const {
  for (const auto& [uid, environment] : records_.environments) {
    if (environment.name == name && !environment.deleting) return &environment;
  }
  return nullptr;
}

bool Repository::has_name(const EnvironmentUid& uid) const {
  const auto found = records_.environments.find(uid);
  return found != records_.environments.end() && !found->second.deleting;
}

Async<Result<Records>> Repository::read_all() {
  Records records;
  store::RangeRequest request;
  request.prefix = kSchedulerPrefix;
  int page_count = 0;  // Of the same page, in a row.
  for (int read_count = 1;;) {
    const auto page = co_await store_.range(request);
    const bool busy = !page && page.error().kind == ErrorKind::kUnavailable;
    if (busy && ++page_count < kPageCountMax) {
      co_await sleep_for(executor_, kPageRetry * page_count);
      continue;
    }
    if (!page) {
      if (page.error().kind != ErrorKind::kCompacted || read_count == kReadCountMax) {
        co_return page.error_in("read the scheduler's records");
      }
      ++read_count;
      records = Records{};
      request.after_key.clear();
      request.revision = 0;
      continue;
    }
    for (const auto& entry : page->items) {
      const auto inserted = insert_entry(records, entry);
      if (!inserted) co_return std::unexpected(inserted.error());
    }
    page_count = 0;
    if (!page->more || page->items.empty()) co_return records;
    request.revision = page->revision;
    request.after_key = page->items.back().key;
  }
}

Async<Status> Repository::reload() {
  while (reloading_) co_await turn_.wait();
  if (!stale_) co_return done();  // Somebody else has just done it.
  reloading_ = true;
  while (!under_way_.empty()) co_await turn_.wait();
  auto records = co_await read_all();
  reloading_ = false;
  turn_.notify_all();
  if (!records) {
    log::error("scheduler", "{}", records.error().message);
    co_return std::unexpected(records.error());
  }
  records_ = std::move(*records);
  stale_ = false;
  loaded_ = true;
  changed_.notify_all();
  co_return done();
}

Async<void> Repository::carry_out(store::Commit commit, Apply apply, Promise<Status> promise) {
  while (reloading_) co_await turn_.wait();
  if (stale_) {
    // What was decided came from a mirror that lacked something: it has to be decided again.
    const auto read = co_await reload();
    promise.set(read ? fail(ErrorKind::kConflict, "the scheduler's records were read anew")
                     : fail(ErrorKind::kUnavailable, read.error().message));
    co_return;
  }
  const std::uint64_t number = ++newest_;
  under_way_.insert(number);
  const auto revision = co_await store_.commit(std::move(commit));
  under_way_.erase(number);
  if (revision) {
    finished_.emplace(*revision, Finished{newest_, std::move(apply), std::move(promise)});
    apply_finished();
    turn_.notify_all();
    co_return;
  }
  apply_finished();
  turn_.notify_all();
  const ErrorKind kind = revision.error().kind;
  if (kind == ErrorKind::kConflict || kind == ErrorKind::kUnknown) {
    stale_ = true;
    // Should it fail, the next write tries again; reload has logged why.
    [[maybe_unused]] const auto read = co_await reload();
  }
  promise.set(revision.error_in("write the scheduler's records"));
}

// A commit that was under way when another one was answered may have been carried out before it:
// until that one is answered as well, the other one waits.
void Repository::apply_finished() {
  while (!finished_.empty()) {
    const auto first = finished_.begin();
    if (!under_way_.empty() && *under_way_.begin() <= first->second.newest) return;
    Finished finished = std::move(first->second);
    const store::Revision revision = first->first;
    finished_.erase(first);
    finished.apply(revision);
    changed_.notify_all();
    finished.promise.set(done());
  }
}

Async<Status> Repository::write(store::Commit commit, Apply apply) {
  auto [promise, future] = make_promise<Status>(executor_);
  scope_.spawn(carry_out(std::move(commit), std::move(apply), std::move(promise)));
  co_return co_await future;
}

Async<Status> Repository::put(std::vector<Environment> environments,
                              std::vector<Deployment> deployments) {
  store::Commit commit;
  for (const auto& environment : environments) {
    const std::string key = environment_key(environment.uid);
    commit.compares.push_back({key, environment.mod_revision});
    commit.puts.push_back({key, encode_record(environment)});
    if (environment.mod_revision == 0) {
      commit.compares.push_back({name_key(environment.name), 0});
      commit.puts.push_back({name_key(environment.name), encode_name(environment.uid)});
    } else if (environment.deleting && has_name(environment.uid)) {
      commit.deletes.push_back(name_key(environment.name));
    }
  }
  // The store gets its mark with the first environment; that of a copy stays until it is taken
  // over.
  const bool marks = !records_.has_mark && records_.environments.empty() && !environments.empty();
  if (marks) commit.puts.push_back(store_mark_of(store_.info().store_id));
  for (const auto& deployment : deployments) {
    const std::string key = deployment_key(deployment.environment, deployment.id);
    commit.compares.push_back({key, deployment.mod_revision});
    commit.puts.push_back({key, encode_record(deployment)});
  }
  if (commit.puts.empty()) co_return done();
  Apply apply = [this, marks, environments = std::move(environments),
                 deployments = std::move(deployments)](store::Revision revision) {
    records_.has_mark = records_.has_mark || marks;
    for (auto environment : environments) {
      environment.mod_revision = revision;
      const auto uid = environment.uid;
      records_.environments.insert_or_assign(uid, std::move(environment));
    }
    for (auto deployment : deployments) {
      deployment.mod_revision = revision;
      const auto id = deployment.id;
      records_.deployments.insert_or_assign(id, std::move(deployment));
    }
  };
  co_return co_await write(std::move(commit), std::move(apply));
}

Async<Status> Repository::remove(EnvironmentUid uid) {
  const auto found = records_.environments.find(uid);
  if (found == records_.environments.end()) co_return done();
  const store::Revision mod_revision = found->second.mod_revision;
  const bool named = !found->second.deleting;
  const EnvironmentName name = found->second.name;
  const auto refused =
      fail(ErrorKind::kConflict, "an intent of the environment is open, or an outcome unresolved");
  if (has_intents(uid) || has_outcomes(uid)) co_return refused;
  std::vector<DeploymentId> deployments;
  for (const auto& [id, deployment] : records_.deployments) {
    if (deployment.environment == uid) deployments.push_back(id);
  }
  const auto forgotten = co_await remove_emptied(emptied_of(uid));
  if (!forgotten) co_return forgotten;
  for (std::size_t first = 0; first < deployments.size(); first += kRecordsPerCommit) {
    store::Commit commit;
    commit.compares.push_back({environment_key(uid), mod_revision});
    const auto last = std::min(first + kRecordsPerCommit, deployments.size());
    const std::vector<DeploymentId> chunk(deployments.begin() + static_cast<std::ptrdiff_t>(first),
                                          deployments.begin() + static_cast<std::ptrdiff_t>(last));
    for (const auto& id : chunk) commit.deletes.push_back(deployment_key(uid, id));
    Apply apply = [this, chunk](store::Revision) {
      for (const auto& id : chunk) records_.deployments.erase(id);
    };
    const auto written = co_await write(std::move(commit), std::move(apply));
    if (!written) co_return written;
  }
  // Opened since, and perhaps closed again.
  if (has_intents(uid) || has_outcomes(uid) || !emptied_of(uid).empty()) co_return refused;
  store::Commit commit;
  commit.compares.push_back({environment_key(uid), mod_revision});
  commit.deletes.push_back(environment_key(uid));
  if (named) commit.deletes.push_back(name_key(name));
  Apply apply = [this, uid](store::Revision) { records_.environments.erase(uid); };
  co_return co_await write(std::move(commit), std::move(apply));
}

std::vector<IntentKey> Repository::emptied_of(const EnvironmentUid& uid) const {
  std::vector<IntentKey> keys;
  for (auto at = records_.emptied.lower_bound({uid, ContainerInstanceArn{}});
       at != records_.emptied.end() && at->first.first == uid; ++at) {
    keys.push_back(at->first);
  }
  return keys;
}

bool Repository::has_intents(const EnvironmentUid& uid) const {
  if (opening_.contains(uid)) return true;
  const auto first = records_.intents.lower_bound({uid, ContainerInstanceArn{}});
  return first != records_.intents.end() && first->first.first == uid;
}

bool Repository::has_outcomes(const EnvironmentUid& uid) const {
  return std::ranges::any_of(records_.outcomes,
                             [&](const auto& entry) { return entry.second.environment == uid; });
}

// Of their environments, each once, as the mirror has them now. What the mirror shows already need
// not be found out by the commit: that would make it read everything anew.
Result<std::vector<store::Compare>> Repository::compares_of(
    const std::vector<Intent>& intents) const {
  std::map<EnvironmentUid, store::Revision> revisions;
  for (const auto& intent : intents) {
    const auto found = records_.environments.find(intent.environment);
    if (found == records_.environments.end()) {
      return fail(ErrorKind::kConflict, "the environment is gone");
    }
    const Environment& environment = found->second;
    if (intent.kind == IntentKind::kStart &&
        (environment.deleting || environment.deployment != intent.deployment)) {
      return fail(ErrorKind::kConflict, "the deployment is not in force any more");
    }
    revisions.emplace(intent.environment, environment.mod_revision);
  }
  std::vector<store::Compare> compares;
  for (const auto& [uid, revision] : revisions) {
    compares.push_back({environment_key(uid), revision});
  }
  return compares;
}

// Ends with the commit that holds it, which goes on when whoever awaits it is gone.
std::shared_ptr<void> Repository::note_opening(const std::vector<Intent>& intents) {
  std::set<EnvironmentUid> uids;
  for (const auto& intent : intents) uids.insert(intent.environment);
  opening_.insert(uids.begin(), uids.end());
  return {nullptr, [this, uids = std::move(uids)](std::nullptr_t) {
            for (const auto& uid : uids) opening_.erase(opening_.find(uid));
          }};
}

Async<Result<std::vector<Intent>>> Repository::open_intents(std::vector<Intent> intents) {
  if (intents.empty()) co_return intents;
  auto compares = compares_of(intents);
  if (!compares) co_return std::unexpected(compares.error());
  store::Commit commit;
  commit.compares = std::move(*compares);
  for (const auto& intent : intents) {
    const std::string key = intent_key(intent.environment, intent.instance);
    commit.compares.push_back({key, 0});
    commit.puts.push_back({key, encode_record(intent)});
  }
  auto noted = note_opening(intents);
  const auto opened = std::make_shared<std::vector<Intent>>(std::move(intents));
  Apply apply = [this, opened, noted = std::move(noted)](store::Revision revision) {
    for (auto& intent : *opened) {
      intent.mod_revision = revision;
      const IntentKey key{intent.environment, intent.instance};
      records_.intents.insert_or_assign(key, intent);
    }
  };
  const auto written = co_await write(std::move(commit), std::move(apply));
  if (!written) co_return std::unexpected(written.error());
  co_return std::move(*opened);
}

Async<Status> Repository::close_intents(std::vector<IntentClosing> closings) {
  for (std::size_t next = 0; next < closings.size();) {
    store::Commit commit;
    std::vector<IntentKey> closed;
    std::vector<Outcome> outcomes;
    std::vector<Emptied> emptied;
    do {
      const auto& closing = closings[next];
      const auto& [uid, instance] = closing.intent;
      commit.compares.push_back({intent_key(uid, instance), closing.mod_revision});
      commit.deletes.push_back(intent_key(uid, instance));
      for (const auto& outcome : closing.outcomes) {
        commit.puts.push_back({outcome_key(uid, outcome.task), encode_record(outcome)});
        outcomes.push_back(outcome);
      }
      if (closing.emptied) {
        commit.puts.push_back({emptied_key(uid, instance), encode_record(*closing.emptied)});
        emptied.push_back(*closing.emptied);
      }
      closed.push_back(closing.intent);
      ++next;
    } while (next < closings.size() &&
             commit.puts.size() + commit.deletes.size() + 2 + closings[next].outcomes.size() <=
                 kRecordsPerCommit);
    Apply apply = [this, closed = std::move(closed), outcomes = std::move(outcomes),
                   emptied = std::move(emptied)](store::Revision revision) {
      for (const auto& key : closed) records_.intents.erase(key);
      keep_outcomes(outcomes, revision);
      keep_emptied(emptied, revision);
    };
    const auto written = co_await write(std::move(commit), std::move(apply));
    if (!written) co_return written;
  }
  co_return done();
}

Async<Status> Repository::remove_outcomes(std::vector<TaskArn> tasks) {
  std::ranges::sort(tasks);
  const auto repeated = std::ranges::unique(tasks);
  tasks.erase(repeated.begin(), repeated.end());
  for (std::size_t next = 0; next < tasks.size();) {
    store::Commit commit;
    std::vector<TaskArn> removed;
    for (; next < tasks.size() && removed.size() < kRecordsPerCommit; ++next) {
      const auto found = records_.outcomes.find(tasks[next]);
      if (found == records_.outcomes.end()) continue;
      commit.deletes.push_back(outcome_key(found->second.environment, tasks[next]));
      removed.push_back(tasks[next]);
    }
    if (removed.empty()) continue;
    Apply apply = [this, removed](store::Revision) {
      for (const auto& task : removed) records_.outcomes.erase(task);
    };
    const auto written = co_await write(std::move(commit), std::move(apply));
    if (!written) co_return written;
  }
  co_return done();
}

void Repository::keep_emptied(const std::vector<Emptied>& emptied, store::Revision revision) {
  for (Emptied each : emptied) {
    each.mod_revision = revision;
    IntentKey key = emptied_id(each);
    records_.emptied.insert_or_assign(std::move(key), std::move(each));
  }
}

// Their environments are compared, so that none outlives an environment that is removed meanwhile.
// Each with a key of its own that has to be absent, and guarded by its environment.
template <class Record>
Async<Status> Repository::put_new(std::vector<Record> records, std::string (*key_of)(const Record&),
                                  bool (Repository::*is_known)(const Record&) const,
                                  void (Repository::*keep)(const std::vector<Record>&,
                                                           store::Revision)) {
  for (std::size_t next = 0; next < records.size();) {
    store::Commit commit;
    std::map<EnvironmentUid, store::Revision> revisions;
    std::vector<Record> noted;
    for (; next < records.size() && noted.size() < kRecordsPerCommit / 3; ++next) {
      const Record& each = records[next];
      const auto found = records_.environments.find(each.environment);
      if (found == records_.environments.end() || (this->*is_known)(each)) continue;
      revisions.emplace(each.environment, found->second.mod_revision);
      const std::string key = key_of(each);
      commit.compares.push_back({key, 0});
      commit.puts.push_back({key, encode_record(each)});
      noted.push_back(each);
    }
    if (noted.empty()) break;
    for (const auto& [uid, revision] : revisions) {
      commit.compares.push_back({environment_key(uid), revision});
    }
    Apply apply = [this, keep, noted = std::move(noted)](store::Revision revision) {
      (this->*keep)(noted, revision);
    };
    const auto written = co_await write(std::move(commit), std::move(apply));
    if (!written) co_return written;
  }
  co_return done();
}

Async<Status> Repository::put_emptied(std::vector<Emptied> emptied) {
  return put_new<Emptied>(std::move(emptied), &emptied_key_of, &Repository::has_emptied,
                          &Repository::keep_emptied);
}

Async<Status> Repository::put_outcomes(std::vector<Outcome> outcomes) {
  return put_new<Outcome>(std::move(outcomes), &outcome_key_of, &Repository::has_outcome,
                          &Repository::keep_outcomes);
}

bool Repository::has_emptied(const Emptied& emptied) const {
  return records_.emptied.contains(emptied_id(emptied));
}
bool Repository::has_outcome(const Outcome& outcome) const {
  return records_.outcomes.contains(outcome.task);
}

void Repository::keep_outcomes(const std::vector<Outcome>& outcomes, store::Revision revision) {
  for (auto outcome : outcomes) {
    outcome.mod_revision = revision;
    const auto task = outcome.task;
    records_.outcomes.insert_or_assign(task, std::move(outcome));
  }
}

Async<Status> Repository::remove_emptied(std::vector<IntentKey> keys) {
  for (std::size_t next = 0; next < keys.size();) {
    store::Commit commit;
    std::vector<IntentKey> removed;
    for (; next < keys.size() && removed.size() < kRecordsPerCommit / 2; ++next) {
      const auto found = records_.emptied.find(keys[next]);
      if (found == records_.emptied.end()) continue;
      const std::string key = emptied_key(keys[next].first, keys[next].second);
      commit.compares.push_back({key, found->second.mod_revision});
      commit.deletes.push_back(key);
      removed.push_back(keys[next]);
    }
    if (removed.empty()) break;
    Apply apply = [this, removed](store::Revision) {
      for (const auto& key : removed) records_.emptied.erase(key);
    };
    const auto written = co_await write(std::move(commit), std::move(apply));
    if (!written) co_return written;
  }
  co_return done();
}

}  // namespace blox::scheduler
