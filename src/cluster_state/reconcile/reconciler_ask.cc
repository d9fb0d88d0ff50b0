// The half of reconcile that asks ECS about named objects: those of a full read, those that a
// report has put in doubt, and those that were MISSING once.
#include <algorithm>
#include <utility>

#include "base/bisection.h"
#include "base/log.h"
#include "cluster_state/reconcile/reconciler.h"

namespace blox::cluster_state {
namespace {

// Objects in one Describe call. Source: API/DescribeTasks, API/DescribeContainerInstances.
constexpr std::size_t kDescribeMax = 100;
// Clusters whose doubts are asked about at a time: one that is slow does not hold up the others.
constexpr std::size_t kAskedAtATime = 4;
// Objects of one cluster that wait to be asked about; of one with more the whole is read.
constexpr std::size_t kDoubtsMax = 10'000;

template <class Arn>
std::vector<std::vector<Arn>> in_hundreds(const std::set<ObjectName>& objects) {
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

// Either kind by the same names.
Async<Result<aws::DescribedInstances>> describe(aws::EcsQuery& ecs, ClusterArn cluster,
                                                std::vector<ContainerInstanceArn> instances) {
  return ecs.describe_container_instances(std::move(cluster), std::move(instances));
}
Async<Result<aws::DescribedTasks>> describe(aws::EcsQuery& ecs, ClusterArn cluster,
                                            std::vector<TaskArn> tasks) {
  return ecs.describe_tasks(std::move(cluster), std::move(tasks));
}
auto& reports_of(aws::DescribedInstances& described) { return described.instances; }
auto& reports_of(aws::DescribedTasks& described) { return described.tasks; }

// What was asked about and is neither described nor MISSING, whatever the answer says of it.
template <class Arn, class Described>
std::set<Arn> left_out_of(const std::vector<Arn>& asked, Described& described) {
  std::set<Arn> left(asked.begin(), asked.end());
  for (const auto& report : reports_of(described)) left.erase(report.arn);
  for (const Arn& arn : described.missing) left.erase(arn);
  return left;
}

std::optional<ObjectName> parse_object(const std::string& arn) {
  if (auto task = parse_task_arn(arn)) return *std::move(task);
  if (auto instance = parse_container_instance_arn(arn)) return *std::move(instance);
  return std::nullopt;
}

const std::string& text_of(const ObjectName& object) {
  return std::visit([](const auto& arn) -> const std::string& { return arn.value; }, object);
}

template <class Reports>
Batch make_batch(Reports& reports, WallTime asked_at, TimePoint asked) {
  Batch batch;
  batch.reports.reserve(reports.size());
  for (auto& report : reports) {
    batch.reports.push_back({std::move(report), Origin::kDescribe, asked_at, asked});
  }
  return batch;
}

}  // namespace

Async<void> Reconciler::ask_for_ever() {
  while (!found_) co_await found_first_.wait();
  while (true) {
    collect_doubts();
    start_asking();
    co_await ingest_.describe_list().changed().wait_until(next_ask());
  }
}

// It waits, or is being asked about.
bool Reconciler::is_held_up(const ClusterArn& cluster) const {
  if (asking_.contains(cluster)) return true;
  const auto found = doubts_.find(cluster);
  return found != doubts_.end() && found->second.due > executor_.now();
}

// A full read may add to the missing list meanwhile; so it is looked at now and then anyway. A
// cluster that has been asked about notifies.
TimePoint Reconciler::next_ask() const {
  TimePoint next = std::max(holes_due_, executor_.now() + options_.retry_wait_min);
  if (asking_.size() >= kAskedAtATime) return next;
  for (const auto& [cluster, doubt] : doubts_) {
    if (!asking_.contains(cluster)) next = std::min(next, doubt.due);
  }
  const auto missing =
      missing_.next_due([&](const ClusterArn& cluster) { return !is_held_up(cluster); });
  return missing ? std::min(next, *missing) : next;
}

void Reconciler::start_asking() {
  for (const auto& [cluster, doubt] : doubts_) {
    if (asking_.size() >= kAskedAtATime) return;
    if (is_held_up(cluster)) continue;
    asking_.insert(cluster);
    scope_.spawn(ask_doubtful(cluster));
  }
}

void Reconciler::collect_doubts() {
  DescribeList& list = ingest_.describe_list();
  for (const ClusterArn& cluster : list.take_overflowed()) {
    if (follows(cluster)) read_again(cluster);
  }
  for (const ClusterArn& cluster : list.take_unread()) {
    if (!follows(cluster)) continue;
    note_known(cluster, false);
    if (unread_.insert(cluster).second) plan_wanted_.notify_all();
  }
  for (const auto& [cluster, objects] : missing_.due(executor_.now())) {
    if (is_held_up(cluster)) continue;
    for (const ObjectName& object : objects) doubt(cluster, object);
  }
  for (const auto& [cluster, object] : list.take_objects()) {
    if (follows(cluster)) doubt(cluster, object);
  }
  if (executor_.now() >= holes_due_) doubt_holes();
}

// Why ECS did not describe them may pass; the full read is far.
void Reconciler::doubt_holes() {
  holes_due_ = executor_.now() + options_.visible_max;
  for (const ClusterArn& cluster : ingest_.catalog().clusters()) {
    const Holes* holes = ingest_.catalog().find_holes(cluster);
    if (holes == nullptr || !follows(cluster)) continue;
    for (const std::string& arn : holes->arns) {
      auto object = parse_object(arn);
      if (!object) continue;
      const auto refused = refused_.find(cluster);
      if (refused == refused_.end() || !refused->second.contains(*object)) {
        doubt(cluster, *std::move(object));
      } else {
        doubts_[cluster].again.insert(*std::move(object));
      }
    }
  }
}

void Reconciler::doubt(const ClusterArn& cluster, ObjectName object) {
  Doubt& doubt = doubts_[cluster];
  if (doubt.objects.size() < kDoubtsMax) {
    doubt.objects.insert(std::move(object));
  } else {
    read_again(cluster);
  }
}

Async<void> Reconciler::ask_doubtful(ClusterArn cluster) {
  while (!ingest_.is_ready()) co_await ingest_.became_ready().wait();
  std::set<ObjectName> left = std::exchange(doubts_.at(cluster).objects, {});
  const std::set<ObjectName> asked = left;
  auto all_due = missing_.due(executor_.now());
  std::set<ObjectName> left_out;  // They stay what they were, and holes if they were that.
  std::set<ObjectName>& refused = doubts_.at(cluster).refused;
  Asking asking{cluster, left,        left_out, refused, doubts_.at(cluster).answered,
                false,   std::nullopt};
  co_await ask_about(cluster, asking);
  if (!asking.error) co_await ask_again(cluster, asking);
  // Those that ECS called neither found nor MISSING start again with the next full read.
  const auto still_due = missing_.due(executor_.now())[cluster];
  for (const ObjectName& object : all_due[cluster]) {
    const bool answered = asked.contains(object) && !left.contains(object);
    if (answered && std::ranges::binary_search(still_due, object)) missing_.forget(object);
  }
  asking_.erase(cluster);
  ingest_.describe_list().changed().notify_all();
  if (asking.error) {
    note_unasked(cluster, std::move(left), asking.moved, *asking.error);
    co_return;
  }
  Doubt& doubt = doubts_.at(cluster);
  doubt.refused.clear();
  doubt.answered = {};
  doubt.wait = {};
  doubt.due = {};
  if (doubt.objects.empty() && doubt.again.empty()) doubts_.erase(cluster);
}

// Each by itself, as it may be the only one to blame. That it is refused once more is no news, and
// after another failure the next time is early enough: these are asked about every `visible_max`.
Async<void> Reconciler::ask_again(ClusterArn cluster, Asking& asking) {
  for (const ObjectName& object : std::exchange(doubts_.at(cluster).again, {})) {
    auto asks = std::visit(
        [&]<class Arn>(const Arn& arn) {
          return ask_at_once(cluster, std::vector<Arn>{arn}, asking);
        },
        object);
    const Status asked = co_await std::move(asks);
    if (asked) {
      refused_[cluster].erase(object);
    } else if (asked.error().kind != ErrorKind::kInvalid) {
      co_return;
    }
  }
}

void Reconciler::note_unasked(const ClusterArn& cluster, std::set<ObjectName> left, bool moved,
                              const Error& error) {
  failures_.Increment();
  Doubt& doubt = doubts_.at(cluster);
  doubt.wait = next_wait(doubt.wait, error, moved);
  doubt.due = executor_.now() + jittered(doubt.wait);
  if (const auto more = unasked_pace_.next(executor_.now())) {
    log::warn("reconcile", "cannot ask about {} objects of '{}': {}{}", left.size(), cluster.value,
              error.message, *more);
  }
  doubt.objects.merge(left);
}

// When it ends, those in `asking.left` were not answered, and `asking.error` says why. Those that
// were refused come last, so that they keep nobody from the others.
Async<void> Reconciler::ask_about(ClusterArn cluster, Asking& asking) {
  leave_out_refused(asking);
  std::set<ObjectName> others = asking.left;
  for (const ObjectName& object : asking.refused) others.erase(object);
  co_await ask_in_hundreds(cluster, std::move(others), asking);
  if (!asking.error) co_await ask_in_hundreds(cluster, asking.left, asking);
}

Async<void> Reconciler::ask_in_hundreds(ClusterArn cluster, std::set<ObjectName> objects,
                                        Asking& asking) {
  std::vector<Async<Status>> asks;
  for (auto& instances : in_hundreds<ContainerInstanceArn>(objects)) {
    asks.push_back(ask(cluster, std::move(instances), asking));
  }
  for (auto& tasks : in_hundreds<TaskArn>(objects)) {
    asks.push_back(ask(cluster, std::move(tasks), asking));
  }
  co_await gather(executor_, std::move(asks), options_.describes_max);
}

// What is known to be refused costs no call.
void Reconciler::leave_out_refused(Asking& asking) {
  const auto known = refused_.find(asking.cluster);
  std::erase_if(asking.left, [&](const ObjectName& object) {
    if (known == refused_.end() || !known->second.contains(object)) return false;
    asking.left_out.insert(object);
    asking.refused.insert(object);
    return true;
  });
  asking.blamed = asking.refused;
  std::erase_if(asking.blamed,
                [&](const ObjectName& object) { return is_hole(asking.cluster, object); });
  if (!blames_too_many(asking)) return;
  take_back_refused(asking);
  asking.blamed.clear();
}

// A read of others has blamed it already, and nothing is lost where it is left out.
bool Reconciler::is_hole(const ClusterArn& cluster, const ObjectName& object) const {
  const Holes* holes = ingest_.catalog().find_holes(cluster);
  return holes != nullptr && holes->arns.contains(text_of(object));
}

// So many of a kind are blamed, and none of it is answered, that it is not they who are to blame.
bool Reconciler::blames_too_many(const Asking& asking) {
  for (std::size_t kind = 0; kind < asking.answered.size(); ++kind) {
    if (asking.answered.at(kind)) continue;
    const auto count = std::ranges::count(asking.blamed, kind, &ObjectName::index);
    if (static_cast<std::size_t>(count) > kBlamedMax) return true;
  }
  return false;
}

void Reconciler::take_back_refused(Asking& asking) {
  for (const ObjectName& object : asking.refused) {
    asking.left_out.erase(object);
    asking.left.insert(object);
    refused_[asking.cluster].erase(object);
  }
}

// ECS refuses a call for this object alone. Errors: kInvalid when it is one of too many.
Status Reconciler::note_refused(ObjectName object, const Error& error, Asking& asking) {
  const std::string& arn = text_of(object);
  const bool is_new = asking.refused.insert(object).second;
  if (!is_hole(asking.cluster, object)) asking.blamed.insert(object);
  if (blames_too_many(asking)) {
    take_back_refused(asking);
    return fail(error.kind, "ECS refuses calls for " + std::to_string(asking.refused.size()) +
                                " objects, the last one '" + arn + "': " + error.message);
  }
  if (is_new) {
    skipped_.Increment();
    if (const auto more = refused_pace_.next(executor_.now())) {
      log::warn("reconcile", "leaves out '{}': {}{}", arn, error.message, *more);
    }
  }
  refused_[asking.cluster].insert(object);
  asking.left_out.insert(object);
  asking.left.erase(object);
  return done();
}

template <class Arn>
Async<Status> Reconciler::ask_at_once(ClusterArn cluster, std::vector<Arn> arns, Asking& asking) {
  const TimePoint asked_at = executor_.now();
  auto described = co_await describe(ecs_, cluster, arns);
  const bool answered = described || described.error().kind == ErrorKind::kNotFound;
  if (answered) unread_list_.note_progress(cluster.value, executor_.now());
  if (!described && answered) {
    Objects all = as_objects(std::move(arns));
    co_return co_await note_missing(std::move(cluster), std::move(all), asked_at);
  }
  if (!described) co_return described.error_in("describe");
  note_undescribed(described->undescribed);
  const std::set<Arn> left_out = left_out_of(arns, *described);
  Batch batch = make_batch(reports_of(*described), described->asked_at, asked_at);
  Status taken = co_await take(std::move(batch));
  if (!taken) co_return taken;
  asking.left_out.insert(left_out.begin(), left_out.end());
  Objects missing = as_objects(std::move(described->missing));
  co_return co_await note_missing(std::move(cluster), std::move(missing), asked_at);
}

// A call that is refused is made again by halves, until it shows which objects are to blame. One
// that is throttled says nothing of the others, and what the halves have shown is not lost with it;
// after any other failure they would fail as well.
template <class Arn>
Async<Status> Reconciler::ask(ClusterArn cluster, std::vector<Arn> arns, Asking& asking) {
  const auto is_vain = [&] { return asking.error && asking.error->kind != ErrorKind::kThrottled; };
  Bisection<Arn> parts{std::move(arns)};
  while (!parts.empty() && !is_vain()) {
    std::vector<Arn> part = parts.next();
    Status asked = co_await ask_at_once(cluster, part, asking);
    if (asked) {
      for (Arn& arn : part) {
        const ObjectName object{std::move(arn)};
        asking.answered.at(object.index()) = true;
        asking.left.erase(object);
        asking.refused.erase(object);
        asking.blamed.erase(object);
      }
      asking.moved = true;
      continue;
    }
    if (asked.error().kind == ErrorKind::kThrottled && parts.put_back(part)) {
      co_await sleep_for(executor_, jittered(options_.retry_wait_min));
      continue;
    }
    const bool is_refused = asked.error().kind == ErrorKind::kInvalid;
    if (is_refused && part.size() > 1) {
      parts.split(std::move(part));
      continue;
    }
    if (is_refused) asked = note_refused(part.front(), asked.error(), asking);
    if (asked) continue;
    if (!is_vain()) asking.error = asked.error();
    co_return asked;
  }
  co_return done();
}

// They are neither there nor gone: the store keeps what it has of them.
void Reconciler::note_undescribed(const std::vector<aws::Undescribed>& undescribed) {
  for (const aws::Undescribed& object : undescribed) {
    skipped_.Increment();
    if (const auto more = undescribed_pace_.next(executor_.now())) {
      log::warn("reconcile", "'{}' is not described: {}{}", object.arn, object.why, *more);
    }
  }
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
  const TimePoint answered_at = executor_.now();
  for (ObjectName& object : missing) {
    // Of half of a catalog the object may not be there yet.
    if (!ingest_.is_ready()) {
      co_return fail(ErrorKind::kUnavailable, "ingest is reading the store");
    }
    if (!ingest_.catalog().is_live(object)) {
      missing_.forget(object);
      const Status ended = co_await ingest_.end_hole(cluster, object);
      if (!ended) co_return ended.error_in("end a hole");
      continue;
    }
    const auto since = missing_.note(cluster, object, {asked_at, answered_at});
    if (!since) continue;
    missing_.forget(object);
    const auto removed = co_await ingest_.remove_missing(object, *since);
    if (!removed) co_return removed.error_in("remove a missing object");
    if (*removed) {
      removed_.Increment();
    } else if (ingest_.catalog().is_live(object)) {
      // It was seen, or the store read again, since the first word: this is the first one now.
      missing_.note(cluster, object, {asked_at, answered_at});
    }
  }
  co_return done();
}

}  // namespace blox::cluster_state
