// Repository: the scheduler's records in its own store, with a mirror in memory for the rounds.
#pragma once

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
#include "base/signal.h"
#include "scheduler/environments/records.h"
#include "store/store.h"

namespace blox::scheduler {

using IntentKey = std::pair<EnvironmentUid, ContainerInstanceArn>;

/// Everything of the scheduler's store, as of its last commit. Ordered, so that decisions do not
/// depend on chance.
struct Records {
  std::map<EnvironmentUid, Environment> environments;  ///< Those being deleted among them.
  std::map<DeploymentId, Deployment> deployments;
  std::map<IntentKey, Intent> intents;  ///< Open ones: at most one an environment and instance.
  std::map<TaskArn, Outcome> outcomes;  ///< Unresolved ones.
};

/// What closes with one commit: an intent goes, and with it comes what was found out.
struct IntentClosing {
  IntentKey intent;
  store::Revision mod_revision = 0;  ///< Of the intent that is closed.
  std::vector<Outcome> outcomes;     ///< To be laid over the picture; usually one, or none.
};

/// The only reader and writer of the scheduler's records. Each write is compare-and-swap on the
/// record's mod_revision, durable when it returns, and only then seen in records().
/// Errors of all writes: kConflict (somebody else changed it: decide again), kUnavailable (nothing
/// was written), kUnknown (reload before deciding again; `reload` is called within), kInternal.
/// Threading: the executor's thread. Today one process owns the store, so the mirror follows its
/// own commits alone.
class Repository {
 public:
  Repository(Executor& executor, store::Store& store);

  /// Reads everything. Call once before use.
  Async<Status> load();

  const Records& records() const { return records_; }
  /// Notified after every change.
  Signal& changed() { return changed_; }

  /// The one of that name that is not being deleted.
  const Environment* find_environment(const EnvironmentName& name) const;

  /// Stores all of them in one commit, each against its mod_revision (0: must be absent). A name
  /// is taken only once: creating compares the name's own key.
  Async<Status> put(std::vector<Environment> environments, std::vector<Deployment> deployments);
  /// Removes an environment for good, with its deployments.
  /// Requires: no open intent of it.
  Async<Status> remove(EnvironmentUid uid);

  /// Writes intents with "key absent" compared, up to 120 of them in one commit, all or nothing.
  /// Shape: as given, with their mod_revision.
  Async<Result<std::vector<Intent>>> open_intents(std::vector<Intent> intents);
  /// Deletes intents and writes outcomes, in as many commits as needed; each intent is closed
  /// together with its outcomes or not at all.
  Async<Status> close_intents(std::vector<IntentClosing> closings);
  /// Forgets outcomes that are resolved.
  Async<Status> remove_outcomes(std::vector<TaskArn> tasks);

 private:
  Executor& executor_;
  store::Store& store_;
  Records records_;
  Signal changed_;
};

}  // namespace blox::scheduler
