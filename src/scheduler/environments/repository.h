// Repository: the scheduler's records in its own store, with a mirror in memory for the rounds.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/async.h"
#include "base/executor.h"
#include "base/result.h"
#include "base/scope.h"
#include "base/signal.h"
#include "scheduler/environments/records.h"
#include "store/store.h"

namespace blox::scheduler {

/// Operations in one commit: the store's bound, with room for what one more record may need.
inline constexpr std::size_t kRecordsPerCommit = 120;

using IntentKey = std::pair<EnvironmentUid, ContainerInstanceArn>;

/// Everything of the scheduler's store, as of its last commit. Ordered, so that decisions do not
/// depend on chance.
struct Records {
  std::map<EnvironmentUid, Environment> environments;  ///< Those being deleted among them.
  std::map<DeploymentId, Deployment> deployments;
  std::map<IntentKey, Intent> intents;  ///< Open ones: at most one an environment and instance.
  std::map<TaskArn, Outcome> outcomes;  ///< Unresolved ones.
  std::map<IntentKey, Emptied> emptied;
  bool has_mark = false;  ///< It says in which store they are written.
};

/// What closes with one commit: an intent goes, and with it comes what was found out.
struct IntentClosing {
  IntentKey intent;
  store::Revision mod_revision = 0;     ///< Of the intent that is closed.
  std::vector<Outcome> outcomes;        ///< To be laid over the picture; usually one, or none.
  std::optional<Emptied> emptied = {};  ///< Of a stop that ended service, or may have.
};

/// The only reader and writer of the scheduler's records. Each write is compare-and-swap on the
/// record's mod_revision, durable when it returns, and only then seen in records().
/// Errors of all writes: kConflict (somebody else changed it: decide again), kUnavailable (nothing
/// was written), kUnknown (reload before deciding again; `reload` is called within), kInternal.
/// Writes at the same time reach the mirror in the order of their revisions, however they are
/// answered: a later one of the same record is not undone.
/// A write goes on when its caller is destroyed, so the mirror follows it all the same. After
/// kConflict and kUnknown the mirror is read anew before the error is returned; while that cannot
/// be done, writes fail with kUnavailable and records() may lag.
/// Threading: the executor's thread. Today one process owns the store, so the mirror follows its
/// own commits alone. Requires: executor and store outlive it, nobody awaits it when it ends.
class Repository {
 public:
  Repository(Executor& executor, store::Store& store);

  /// Reads everything. Call once before use.
  Async<Status> load();

  const Records& records() const { return records_; }
  /// True once everything was read. Until then records() is empty and says nothing.
  bool is_loaded() const { return loaded_; }
  /// Notified after every change.
  Signal& changed() { return changed_; }

  /// The one of that name that is not being deleted.
  const Environment* find_environment(const EnvironmentName& name) const;

  /// Stores all of them in one commit, each against its mod_revision (0: must be absent). A name
  /// is taken only once: creating compares the name's own key.
  Async<Status> put(std::vector<Environment> environments, std::vector<Deployment> deployments);
  /// Removes an environment for good, with its deployments and emptied instances, itself last.
  /// Errors besides: kConflict (an intent of it is open or an outcome unresolved, or was until
  /// now).
  Async<Status> remove(EnvironmentUid uid);

  /// Writes intents with "key absent" compared, up to kRecordsPerCommit of them in one commit, all
  /// or nothing. Their environments are compared as well, so that none is opened for one that is
  /// deleted at the same time. Shape: as given, with their mod_revision. Errors besides: kConflict
  /// (of a start also: its deployment is not the one in force any more).
  Async<Result<std::vector<Intent>>> open_intents(std::vector<Intent> intents);
  /// True while an intent of the environment is open, or is being opened.
  bool has_intents(const EnvironmentUid& uid) const;
  /// True while what ECS said it started for the environment is not resolved.
  bool has_outcomes(const EnvironmentUid& uid) const;
  /// Deletes intents and writes outcomes, in as many commits as needed; each intent is closed
  /// together with its outcomes or not at all.
  Async<Status> close_intents(std::vector<IntentClosing> closings);
  /// Notes tasks that were found alive and that the picture lacks, as outcomes. Those that are
  /// noted already, and those of environments that are gone, are left out.
  Async<Status> put_outcomes(std::vector<Outcome> outcomes);
  /// Forgets outcomes that are resolved.
  Async<Status> remove_outcomes(std::vector<TaskArn> tasks);
  /// Notes instances as emptied that are not noted yet. Those of environments that are gone are
  /// left out.
  Async<Status> put_emptied(std::vector<Emptied> emptied);
  Async<Status> remove_emptied(std::vector<IntentKey> keys);

 private:
  using Apply = std::function<void(store::Revision)>;  // What a commit changes in the mirror.
  Async<Status> write(store::Commit commit, Apply apply);
  Async<void> carry_out(store::Commit commit, Apply apply, Promise<Status> promise);
  void apply_finished();
  Async<Status> reload();
  Async<Result<Records>> read_all();
  bool has_name(const EnvironmentUid& uid) const;
  std::vector<IntentKey> emptied_of(const EnvironmentUid& uid) const;
  template <class Record>
  Async<Status> put_new(std::vector<Record> records, std::string (*key_of)(const Record&),
                        bool (Repository::*is_known)(const Record&) const,
                        void (Repository::*keep)(const std::vector<Record>&, store::Revision));
  bool has_emptied(const Emptied& emptied) const;
  bool has_outcome(const Outcome& outcome) const;
  void keep_emptied(const std::vector<Emptied>& emptied, store::Revision revision);
  void keep_outcomes(const std::vector<Outcome>& outcomes, store::Revision revision);
  Result<std::vector<store::Compare>> compares_of(const std::vector<Intent>& intents) const;
  std::shared_ptr<void> note_opening(const std::vector<Intent>& intents);

  Executor& executor_;
  store::Store& store_;
  Records records_;
  Signal changed_;
  // Commits in the order of their numbers. A reload waits for them, so that it overtakes none.
  std::set<std::uint64_t> under_way_;
  std::uint64_t newest_ = 0;  // The number of the commit that was sent last.
  bool loaded_ = false;
  bool stale_ = true;                      // The mirror may lack a commit.
  bool reloading_ = false;                 // Commits wait.
  Signal turn_;                            // Told when one of the three changes.
  std::multiset<EnvironmentUid> opening_;  // Of commits under way that open intents.
  struct Finished {
    std::uint64_t newest;  // When it was answered.
    Apply apply;
    Promise<Status> promise;
  };
  std::multimap<store::Revision, Finished> finished_;  // And not in the mirror yet.
  Scope scope_;  // Holds the writes under way: last, as they use all of the above.
};

}  // namespace blox::scheduler
