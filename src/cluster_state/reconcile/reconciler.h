// Reconcile: reads ECS and hands ingest what it says, so that lost events are made good. ECS is
// the truth; that something is missing from a list proves nothing.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "aws/call_budget.h"
#include "aws/ecs_query.h"
#include "base/async.h"
#include "base/log_pace.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/scope.h"
#include "base/signal.h"
#include "cluster_state/ingest/ingest.h"
#include "cluster_state/reconcile/cluster_read.h"
#include "cluster_state/reconcile/missing_list.h"
#include "cluster_state/reconcile/own_marks.h"
#include "cluster_state/reconcile/read_progress.h"
#include "cluster_state/reconcile/read_queue.h"
#include "cluster_state/reconcile/read_requests.h"

namespace blox::cluster_state {

struct ReconcileOptions {
  std::string source = "default";     ///< The pair of account and region, as a label of metrics.
  std::string region;                 ///< Of the endpoint; empty: what ECS answers tells it.
  std::vector<std::string> clusters;  ///< Names or ARNs; empty: all that ListClusters names.
  Duration every = std::chrono::minutes{20};
  /// How long ECS may show an old picture. Source: API/RunTask, "eventually consistent", 5 min.
  Duration visible_max = std::chrono::minutes{5};
  std::size_t describes_max = 4;  ///< Describe calls at a time, of one cluster.
  Duration retry_wait_min = std::chrono::seconds{1};
  Duration retry_wait_max = std::chrono::minutes{2};
  /// At least this between the end of a read for people and the next one for them: long enough for
  /// a loop of requests to cost little, short enough for a person at a terminal.
  Duration people_pause = std::chrono::seconds{10};
  /// The first read of a store without any sync mark may use `boot_share` of this budget; see
  /// CallBudget::raise_share. It ends when each cluster that ECS named first is read, denied, or
  /// stands still for kStandstillMax. Outlives the reconciler.
  aws::CallBudget* boot_budget = nullptr;
  double boot_share = 1.0;
};

/// Runs from construction to destruction: at once a full read, then one every `every`, and what
/// request() and ingest's describe list ask for in between. Clusters are read side by side, a few
/// at a time (ReadQueue). A cluster that cannot be read is tried again by itself, with growing
/// waits, and whatever events come meanwhile; it goes on from the call that failed, and as long as
/// calls bring it on, or are throttled (which the budget of calls paces), the waits do not grow. An
/// object with which ECS refuses a call is found, by halves of which those that are throttled are
/// asked for again, and left out until the next full read, or one of its cluster that people ask
/// for; where more than kBlamedMax are and none of their kind is answered, it is not they who are
/// to blame, and the read fails. What is left out and not known otherwise is a hole in the cluster:
/// the sync mark says so, and ECS is asked about those it names every `visible_max`. Of other
/// accounts and regions than its credentials' it asks nothing. Threading: the executor's thread.
/// All references must outlive it.
class Reconciler {
 public:
  Reconciler(Executor& executor, Random& random, aws::EcsQuery& ecs, Ingest& ingest,
             Metrics& metrics, ReconcileOptions options = {});

  /// Has the cluster read whole soon, by a read that begins now or later: what is under way, or was
  /// begun and failed, does not do.
  void request(ClusterArn cluster);
  /// The same of all.
  void request_all();
  /// Has one cluster, or all, read because people ask for it; see ReadRequests. Shape: true when
  /// a read is begun for it, after the pause; false when it joins one. Requires: follows(cluster),
  /// and the catalog has it, so that names nobody knows do not pile up.
  bool request_for_people(ClusterArn cluster);
  bool request_all_for_people();

  /// True once the store holds a complete read of every cluster, of this or an earlier run.
  bool is_synced() const { return synced_; }
  /// Why not all is read that should be; null when the last attempts succeeded. Valid until
  /// something else runs.
  const Error* last_error() const;
  /// Those of the clusters it reads that were never read whole, and how far each has come. Before
  /// knows_clusters() there may be more than these.
  const UnreadClusters& unread_clusters() const { return unread_list_.clusters(); }
  /// Another one after each change of these.
  std::uint64_t unread_version() const { return unread_list_.version(); }
  /// When the read behind that mark began, by the executor's clock; none for one that an earlier
  /// process has written.
  std::optional<TimePoint> find_own_mark(const ClusterArn& cluster, WallTime started) const {
    return own_marks_.find(cluster, started);
  }
  /// True once ECS has told which clusters there are.
  bool knows_clusters() const { return found_; }
  /// True for the clusters that it reads: of its account and region, as far as that is known, and
  /// among the named ones, if there are any.
  bool follows(const ClusterArn& cluster) const;

 private:
  using Objects = std::vector<ObjectName>;
  struct Pair {
    std::string account;
    std::string region;
  };
  // What failed and is tried again. While it waits for its turn or is tried, nothing is due.
  struct Retry {
    Duration wait{};
    TimePoint due{};
    Error error;
  };
  // Objects of one cluster that ECS has to be asked about.
  struct Doubt {
    std::set<ObjectName> objects;
    std::set<ObjectName> again;    // Holes with which ECS has refused a call.
    std::set<ObjectName> refused;  // See Asking.
    AnsweredKinds answered{};
    Duration wait{};  // None before the first failure.
    TimePoint due{};
  };
  // What the list of clusters has come to, kept as that of a cluster is.
  struct ClusterList {
    TimePoint progress_at{};
    std::string page;
    int pages = 0;
    std::set<ClusterArn> clusters;
    bool moved = false;
    bool stale = false;  // Clusters may have come to be behind it that have to be found.
  };
  // Describes of one cluster.
  struct Asking {
    const ClusterArn& cluster;
    std::set<ObjectName>& left;      // Those without an answer.
    std::set<ObjectName>& left_out;  // Those whose answer says nothing of them.
    // Those with which a call is refused, by all attempts until now. They are left out; but where
    // there are more than kBlamedMax and none of the kind is answered, all are left without an
    // answer. Holes of the last read are not counted again.
    std::set<ObjectName>& refused;
    AnsweredKinds& answered;
    bool moved = false;             // One was answered.
    std::optional<Error> error;     // The last, or one that makes the rest vain.
    std::set<ObjectName> blamed{};  // Of `refused`, those that this attempt counts.
  };

  // reconciler_plan.cc
  Async<void> plan_for_ever();
  TimePoint next_plan() const;
  void plan();
  void plan_retries();
  void mark_stale();
  void request_after(const ClusterArn& cluster);
  void enqueue(const ClusterArn& cluster, ReadRank rank);
  void add_to_queue(const ClusterArn& cluster, ReadRank rank);
  Async<void> find_for_ever();
  Async<void> find_all();
  Async<Status> find_clusters(std::set<ClusterArn>& clusters);
  Async<Status> list_clusters();
  Async<std::optional<ClusterArn>> resolve(std::string name);
  ReadRank rank_of(const ClusterArn& cluster) const;
  void note_unfound(const Error& error);
  void drop_unfollowed(std::set<ClusterArn>& clusters);
  void forget(const ClusterArn& cluster);
  bool is_named(const std::string& target) const;
  void learn_pair(const ClusterArn& cluster);
  void settle();
  Async<void> end_boot_share();
  bool first_read_is_over() const;

  // reconciler_read.cc
  void start_reads();
  Async<void> read_and_note(ClusterArn cluster);
  Async<Status> read_cluster(ClusterArn cluster);
  ClusterRead& begin_or_resume(const ClusterArn& cluster);
  Async<Status> read_step(ClusterArn cluster, ClusterRead& read);
  Async<Status> list_page(ClusterArn cluster, ClusterRead& read);
  void end_list(const ClusterArn& cluster, ClusterRead& read);
  Async<Status> describe_left(ClusterArn cluster, ClusterRead& read);
  void note_moved(const ClusterArn& cluster, ClusterRead& read);
  Holes holes_of(const ClusterRead& read) const;
  void note_holes(const ClusterArn& cluster, const Holes& holes);
  Async<Status> mark(ClusterArn cluster, const ClusterRead& read);
  void read_again(const ClusterArn& cluster);
  void note_known(const ClusterArn& cluster, bool in_first_list);
  void note_failure(const std::string& target, const Error& error, bool moved);
  bool is_retried(const ClusterArn& cluster) const { return retries_.contains(cluster.value); }
  Duration next_wait(Duration last, const Error& error, bool moved) const;
  Duration jittered(Duration wait);

  // reconciler_ask.cc
  Async<void> ask_for_ever();
  void collect_doubts();
  void doubt(const ClusterArn& cluster, ObjectName object);
  void doubt_holes();
  bool is_held_up(const ClusterArn& cluster) const;
  void start_asking();
  Async<void> ask_doubtful(ClusterArn cluster);
  Async<void> ask_again(ClusterArn cluster, Asking& asking);
  void note_unasked(const ClusterArn& cluster, std::set<ObjectName> left, bool moved,
                    const Error& error);
  TimePoint next_ask() const;
  Async<void> ask_about(ClusterArn cluster, Asking& asking);
  Async<void> ask_in_hundreds(ClusterArn cluster, std::set<ObjectName> objects, Asking& asking);
  Status note_refused(ObjectName object, const Error& error, Asking& asking);
  void leave_out_refused(Asking& asking);
  bool is_hole(const ClusterArn& cluster, const ObjectName& object) const;
  void take_back_refused(Asking& asking);
  static bool blames_too_many(const Asking& asking);
  template <class Arn>
  Async<Status> ask(ClusterArn cluster, std::vector<Arn> arns, Asking& asking);
  template <class Arn>
  Async<Status> ask_at_once(ClusterArn cluster, std::vector<Arn> arns, Asking& asking);
  Async<Status> take(Batch batch);
  void note_undescribed(const std::vector<aws::Undescribed>& undescribed);
  Async<Status> note_missing(ClusterArn cluster, Objects missing, TimePoint asked_at);
  bool all_marked(const std::vector<ClusterArn>& clusters) const;

  Executor& executor_;
  Random& random_;
  aws::EcsQuery& ecs_;
  Ingest& ingest_;
  ReconcileOptions options_;
  Histogram& seconds_;
  Counter& rounds_;
  Counter& failures_;
  Counter& added_;
  Counter& changed_;
  Counter& overlaid_;
  Counter& removed_;
  Counter& skipped_;
  MissingList missing_;
  Signal plan_wanted_;
  Signal find_wanted_;
  Signal found_first_;
  ReadRequests wanted_;
  ReadQueue queue_;
  std::set<ClusterArn> urgent_;  // Asked for by people while the clusters are being found.
  TimePoint next_full_;
  Duration full_wait_;                // After the next full read that cannot even begin.
  bool find_all_ = false;             // The finder has to find all clusters,
  std::set<std::string> find_names_;  // and these.
  ClusterList list_;
  std::optional<TimePoint> full_began_;  // Of the full read under way whose clusters are found.
  std::set<ClusterArn> unread_;          // Named by events, to be read unless a read does it.
  UnreadList unread_list_;               // Those that are followed and have no sync mark.
  OwnMarks own_marks_;
  std::map<ClusterArn, ClusterRead> reads_;  // Begun.
  std::map<std::string, Retry> retries_;     // By a cluster's ARN, or as it is configured.
  std::map<ClusterArn, Doubt> doubts_;
  TimePoint holes_due_;          // When those that marks name are asked about again.
  std::set<ClusterArn> asking_;  // Those whose doubts are being asked about.
  // With these ECS refuses a Describe; until a full read, or people ask for one of the cluster.
  std::map<ClusterArn, std::set<ObjectName>> refused_;
  std::optional<Pair> pair_;  // Of the clusters that ECS has named.
  bool found_ = false;        // The clusters, once: whose they are is known from then on.
  bool listed_ = false;       // And those found then were read, or are tried again.
  bool synced_ = false;
  TimePoint began_;  // The reconciler.
  std::optional<Error> list_error_;
  // Lines of the log. There may be thousands of clusters, and each may have thousands of holes.
  LogPace list_pace_;
  std::map<ErrorKind, LogPace> unread_pace_;
  LogPace unasked_pace_;
  LogPace refused_pace_;
  LogPace undescribed_pace_;
  LogPace holes_pace_;
  std::optional<aws::RaisedShare> boot_share_;
  Scope scope_;
};

}  // namespace blox::cluster_state
