#include "scheduler/observe/observer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "scheduler/observe/ended.h"

namespace blox::scheduler {
namespace {

constexpr std::string_view kGroupPrefix = "blox:";
// Tasks of ECS's own daemon services; a drain does not wait for them. Source: design of drains.
constexpr std::string_view kDaemonGroupPrefix = "daemon:";

RolloutStatus rollout_status(DeploymentStatus status) {
  switch (status) {
    case DeploymentStatus::kPending: return RolloutStatus::kPending;
    case DeploymentStatus::kRunning: return RolloutStatus::kRunning;
    case DeploymentStatus::kFailed: return RolloutStatus::kFailed;
    case DeploymentStatus::kCompleted:
    case DeploymentStatus::kSuperseded: break;
  }
  return RolloutStatus::kCompleted;
}

}  // namespace

ClusterView view_of(const client::ClusterMirror& mirror) {
  ClusterView view{
      mirror.tasks(),        mirror.instances(), mirror.is_loaded(), mirror.synced_at(), {}, {},
      mirror.last_contact(), mirror.told_at(),   mirror.list_count()};
  for (const auto& [cluster, time] : view.synced_at) {
    if (mirror.is_unconfirmed(cluster)) view.unconfirmed.insert(cluster);
    if (mirror.lacks_tasks(cluster)) view.lacks_tasks.insert(cluster);
  }
  return view;
}

// Builds the worlds of one round.
class Observer::Build {
 public:
  Build(Observer& observer, const Records& records, const ClusterView& view, TimePoint now,
        WallTime wall_now, bool suppose_emptied)
      : observer_(observer),
        records_(records),
        view_(view),
        now_(now),
        suppose_emptied_(suppose_emptied),
        recall_(observer.memory_, observer.options_, records, now, wall_now) {}

  std::map<EnvironmentUid, World> worlds() {
    for (const auto& [key, emptied] : records_.emptied) {
      stopped_unseen_.insert(emptied.task);
      stopped_unseen_.insert(emptied.also_over.begin(), emptied.also_over.end());
    }
    index_instances();
    for (const auto& [uid, environment] : records_.environments) {
      drafts_.emplace(uid, draft_of(environment));
    }
    for (const auto& [arn, entry] : view_.tasks) add_task(entry.object);
    lay_outcomes();
    lay_intents();
    lay_emptied();
    std::map<EnvironmentUid, World> worlds;
    for (auto& [uid, draft] : drafts_) worlds.emplace(uid, finish(uid, draft));
    return worlds;
  }

 private:
  using Row = InstanceRow;
  struct Draft {
    const Environment* environment = nullptr;
    World world;
    std::map<ContainerInstanceArn, Row> rows;
  };

  void index_instances() {
    std::set<std::string> silent;  // Machines: only for them is there something to supersede.
    for (const auto& [arn, entry] : view_.instances) {
      const ContainerInstance& instance = entry.object;
      by_cluster_[instance.cluster].push_back(&entry);
      if (instance.status.is_draining()) other_tasks_.emplace(arn, 0);
      if (!instance.agent_connected) silent.insert(instance.ec2_instance_id);
    }
    silent.erase("");
    if (silent.empty()) return;
    for (const auto& [arn, entry] : view_.instances) {
      const ContainerInstance& instance = entry.object;
      if (instance.status.is_active() && instance.agent_connected &&
          silent.contains(instance.ec2_instance_id)) {
        auto& newest = live_machines_[{instance.cluster, instance.ec2_instance_id}];
        newest = std::max(newest, time_or_epoch(instance.registered_at));
      }
    }
  }

  // By a registration that is not older: the event that an old one fell silent may be lost.
  bool is_superseded(const ContainerInstance& silent) const {
    const auto live = live_machines_.find({silent.cluster, silent.ec2_instance_id});
    return live != live_machines_.end() && live->second >= time_or_epoch(silent.registered_at);
  }

  Draft draft_of(const Environment& environment) {
    Draft draft;
    draft.environment = &environment;
    draft.world.now = now_;
    fill_desired(environment, draft.world.desired);
    fill_picture(environment.cluster, draft.world.picture);
    by_name_[environment.name.value].push_back(environment.uid);
    const auto found = by_cluster_.find(environment.cluster);
    if (found == by_cluster_.end()) return draft;
    for (const auto* entry : found->second) {
      const ContainerInstance* source = &entry->object;
      Row& row = draft.rows.emplace_hint(draft.rows.end(), source->arn, Row{})->second;
      row.source = source;
      row.version = entry->entity_version;
      row.instance.arn = source->arn;
      row.instance.status = source->status;
      row.instance.agent_connected = source->agent_connected;
      // That the stream is alive says nothing of one instance, nor does a change that comes now:
      // its event may have been stuck in the queue. What counts is when ECS said it.
      const auto told = view_.told_at.find(source->arn);
      if (told != view_.told_at.end()) row.instance.confirmed_at = told->second;
      row.instance.superseded = !source->agent_connected && is_superseded(*source);
    }
    return draft;
  }

  void fill_desired(const Environment& environment, DesiredState& desired) const {
    desired.environment_name = environment.name.value;
    desired.deleting = environment.deleting;
    desired.terminate_tasks = environment.terminate_tasks;
    fill_rollout(environment.rollout, desired);
    if (!environment.deployment) return;
    const auto found = records_.deployments.find(*environment.deployment);
    if (found == records_.deployments.end()) return;
    const Deployment& deployment = found->second;
    // What was patched since acts with the next deployment.
    if (deployment.rollout) fill_rollout(*deployment.rollout, desired);
    DesiredDeployment wanted{deployment.id.value,
                             deployment.task_definition,
                             rollout_status(deployment.status),
                             deployment.failed_instances,
                             deployment.left_some_out,
                             first_seen(deployment.id),
                             deployment.reason};
    desired.has_predecessor = std::ranges::any_of(records_.deployments, [&](const auto& other) {
      return other.second.environment == environment.uid && other.first != deployment.id;
    });
    desired.deployed_before = desired.has_predecessor || wanted.status == RolloutStatus::kCompleted;
    desired.deployment = std::move(wanted);
  }

  static void fill_rollout(const RolloutOptions& rollout, DesiredState& desired) {
    desired.unavailable_max = rollout.max_unavailable.amount;
    desired.unavailable_is_percent = rollout.max_unavailable.is_percent;
    desired.drain_deadline = rollout.drain_deadline;
    desired.min_healthy = rollout.min_healthy;
  }

  void fill_picture(const ClusterArn& cluster, Picture& picture) const {
    picture.loaded = view_.loaded;
    picture.confirmed = !view_.unconfirmed.contains(cluster);
    picture.lacks_tasks = view_.lacks_tasks.contains(cluster);
    if (view_.last_contact) picture.contact_age = now_ - *view_.last_contact;
    const auto synced = view_.synced_at.find(cluster);
    if (synced != view_.synced_at.end()) {
      picture.synced_age = now_ - synced->second;
      const auto& taken_over_at = observer_.options_.copy_taken_over_at;
      picture.awaits_read = taken_over_at && synced->second < *taken_over_at;
    }
  }

  // By this process's own clock, as the date may be set.
  TimePoint first_seen(const DeploymentId& deployment) const {
    return observer_.in_force_since_.try_emplace(deployment, now_).first->second;
  }

  Row& row_of(Draft& draft, const ContainerInstanceArn& arn) {
    Row& row = draft.rows[arn];
    if (row.instance.arn.value.empty()) {
      row.instance.arn = arn;  // A registration that the picture does not hold (any more).
      row.instance.status = make_instance_status("UNKNOWN");
    }
    return row;
  }

  void add_task(const Task& task) {
    if (!task.container_instance) return;
    const auto owner = records_.deployments.find(DeploymentId{task.started_by});
    if (owner != records_.deployments.end()) return add_own_task(task, owner->second);
    if (task.last_status.is_final()) return;
    if (task.group.starts_with(kGroupPrefix)) {
      const std::string name = task.group.substr(kGroupPrefix.size());
      for (Draft* draft : drafts_of(name, task.cluster)) {
        row_of(*draft, *task.container_instance)
            .instance.unclaimed.push_back({task.arn, task.task_definition, task.started_by, false,
                                           time_or_epoch(task.created_at)});
      }
      return;
    }
    if (other_tasks_.empty() || task.group.starts_with(kDaemonGroupPrefix)) return;
    const auto drained = other_tasks_.find(*task.container_instance);
    if (drained != other_tasks_.end()) ++drained->second;
  }

  // The environments of that name in that cluster: of several all but one are being deleted.
  std::vector<Draft*> drafts_of(const std::string& name, const ClusterArn& cluster) {
    std::vector<Draft*> found;
    const auto named = by_name_.find(name);
    if (named == by_name_.end()) return found;
    for (const auto& uid : named->second) {
      Draft& draft = drafts_.at(uid);
      if (draft.environment->cluster == cluster) found.push_back(&draft);
    }
    return found;
  }

  // The rows of that instance in the environments that took over the name of one that is being
  // deleted: to them its tasks are what they will be when it is gone, unclaimed.
  std::vector<ObservedInstance*> heirs_of(const Environment& owner,
                                          const ContainerInstanceArn& instance) {
    std::vector<ObservedInstance*> heirs;
    if (!owner.deleting) return heirs;
    for (Draft* draft : drafts_of(owner.name.value, owner.cluster)) {
      if (!draft->environment->deleting) heirs.push_back(&row_of(*draft, instance).instance);
    }
    return heirs;
  }

  void add_own_task(const Task& task, const Deployment& deployment) {
    const auto found = drafts_.find(deployment.environment);
    if (found == drafts_.end()) return;
    Row& row = row_of(found->second, *task.container_instance);
    row.instance.known_tasks.push_back(task.arn);
    if (task.last_status.is_final()) return row.ended.push_back(ended_of(task));
    if (const EndedTask* end = find_end(task.arn)) {
      return row.ended.push_back(ended_of(task.arn, deployment.id, *end));
    }
    if (stopped_unseen_.contains(task.arn)) return;
    ObservedTask own;
    own.arn = task.arn;
    own.task_definition = deployment.task_definition;
    own.started_by = deployment.id.value;
    own.phase = phase_of(task.last_status, task.desired_status);
    own.stopped_by_us = own.phase == TaskPhase::kEnding && ended_of(task).is_by_us();
    own.started_at = time_or_epoch(task.started_at);
    own.created_at = time_or_epoch(task.created_at);
    fill_health(task, found->second.world.desired, own);
    row.instance.tasks.push_back(std::move(own));
    show_to_heirs(*found->second.environment, row.instance);
  }

  // By the newer of two words: what the picture shows by some Describe, and what ECS said when act
  // asked. An UNKNOWN in the picture says nothing.
  void fill_health(const Task& task, const DesiredState& desired, ObservedTask& own) const {
    const auto& memory = observer_.memory_;
    const bool shows_healthy = task.health_status == "HEALTHY";
    const bool shows_ill = task.health_status == "UNHEALTHY";
    const auto asked = memory.health.find(task.arn);
    const bool by_answer =
        asked != memory.health.end() &&
        ((!shows_healthy && !shows_ill) || asked->second.shown == task.health_status);
    const HealthWord word = by_answer       ? asked->second.word
                            : shows_healthy ? HealthWord::kHealthy
                            : shows_ill     ? HealthWord::kIll
                                            : HealthWord::kSilent;
    const auto checked = memory.checked_containers.find(own.task_definition);
    const bool may_have_check =
        checked == memory.checked_containers.end() || !checked->second.empty();
    own.unhealthy = word == HealthWord::kIll;
    const bool is_wanted =
        desired.deployment && desired.deployment->task_definition == own.task_definition;
    own.awaits_health = word == HealthWord::kSilent && is_wanted && may_have_check;
    if (own.awaits_health && by_answer) own.silent_since = asked->second.since;
  }

  // The newest task of an environment that is being deleted.
  void show_to_heirs(const Environment& owner, const ObservedInstance& instance) {
    const ObservedTask& task = instance.tasks.back();
    for (auto* heir : heirs_of(owner, instance.arn)) {
      heir->unclaimed.push_back({task.arn, task.task_definition, task.started_by,
                                 owner.terminate_tasks, task.created_at});
    }
  }

  // How a task ended that the picture does not show so, if we know.
  const EndedTask* find_end(const TaskArn& arn) const {
    const auto found = observer_.memory_.ended.find(arn);
    return found == observer_.memory_.ended.end() ? nullptr : &found->second;
  }

  bool is_live(const TaskArn& arn) const {
    if (find_end(arn)) return false;
    const auto found = view_.tasks.find(arn);
    if (found != view_.tasks.end()) return !found->second.object.last_status.is_final();
    return records_.outcomes.contains(arn);
  }

  // A task that ECS said it started is PENDING until the picture shows it, or it is known to be
  // over.
  void lay_outcomes() {
    for (const auto& [arn, outcome] : records_.outcomes) {
      if (view_.tasks.contains(arn)) continue;
      const auto found = drafts_.find(outcome.environment);
      if (found == drafts_.end()) continue;
      Row& row = row_of(found->second, outcome.instance);
      ObservedInstance& instance = row.instance;
      instance.known_tasks.push_back(arn);
      if (const EndedTask* end = find_end(arn)) {
        row.ended.push_back(ended_of(arn, outcome.deployment, *end));
        continue;
      }
      ObservedTask unseen;
      unseen.arn = arn;
      unseen.task_definition = outcome.task_definition;
      unseen.started_by = outcome.deployment.value;
      unseen.seen = false;
      unseen.created_at = outcome.started_at;
      instance.tasks.push_back(std::move(unseen));
      show_to_heirs(*found->second.environment, instance);
    }
  }

  void lay_intents() {
    for (const auto& [key, intent] : records_.intents) {
      const auto found = drafts_.find(key.first);
      if (found == drafts_.end()) continue;
      Row& row = row_of(found->second, key.second);
      OpenIntent open;
      open.started_by = intent.deployment.value;
      open.reason = intent.reason;
      if (intent.kind == IntentKind::kStop) {
        open.kind = OpenIntentKind::kStop;
        if (!intent.known_tasks.empty()) open.task = intent.known_tasks.front();
        open.effect_seen = shows_stop(open.task);
        const auto& refusals = observer_.memory_.stop_refusals;
        if (const auto refused = refusals.find(open.task); refused != refusals.end()) {
          open.refused_count = refused->second.count;
          open.refusal = refused->second.reason;
        }
      } else {
        open.started = started_of(row, intent);
        open.effect_seen = shows_start(row, intent);
        for (auto* heir : heirs_of(*found->second.environment, key.second)) {
          heir->predecessor_starts = true;
        }
      }
      row.instance.intent = std::move(open);
    }
  }

  // A cluster state that was put back knows nothing of an instance that joined since before ECS
  // lists it: until then its place in the budget is not free.
  void lay_emptied() {
    const TimePoint until = observer_.picture_began_ + observer_.options_.ecs_visible_max;
    if (now_ >= until) return;
    for (const auto& [key, emptied] : records_.emptied) {
      const auto found = drafts_.find(key.first);
      if (found == drafts_.end()) continue;
      Row& row = row_of(found->second, key.second);
      if (row.source == nullptr) row.instance.hidden_until = until;
    }
  }

  // True if the picture shows that the task is over. What we alone know (by a Describe) does not
  // count while the picture shows the task alive: a crash would lose it, and the next process would
  // take the instance for served, and empty another one.
  bool shows_stop(const TaskArn& task) const {
    const auto found = view_.tasks.find(task);
    return found != view_.tasks.end() ? found->second.object.last_status.is_final()
                                      : !is_live(task);
  }

  static bool is_new(const Intent& intent, const TaskArn& arn, std::string_view started_by) {
    return started_by == intent.deployment.value &&
           std::ranges::find(intent.known_tasks, arn) == intent.known_tasks.end();
  }

  // The live tasks of the intent's deployment that were not known when it was opened.
  static std::vector<TaskArn> started_of(const Row& row, const Intent& intent) {
    std::vector<TaskArn> started;
    for (const ObservedTask& task : row.instance.tasks) {
      if (is_new(intent, task.arn, task.started_by)) started.push_back(task.arn);
    }
    return started;
  }

  // True if there is such a task, or was one, that is younger than the intent: an old one may come
  // into the picture late.
  static bool shows_start(const Row& row, const Intent& intent) {
    return std::ranges::any_of(row.instance.tasks,
                               [&](const ObservedTask& task) {
                                 return is_new(intent, task.arn, task.started_by) &&
                                        may_be_of(intent, task.created_at);
                               }) ||
           std::ranges::any_of(row.ended, [&](const Ended& ended) {
             return is_new(intent, ended.arn, ended.started_by) &&
                    may_be_of(intent, time_or_epoch(ended.created_at));
           });
  }

  World finish(const EnvironmentUid& uid, Draft& draft) {
    World& world = draft.world;
    world.instances.reserve(draft.rows.size());
    for (auto& [arn, row] : draft.rows) {
      const auto others = other_tasks_.find(arn);
      if (others != other_tasks_.end()) row.instance.other_task_count = others->second;
      std::ranges::sort(row.instance.tasks, [](const ObservedTask& a, const ObservedTask& b) {
        return std::tie(a.created_at, a.arn) < std::tie(b.created_at, b.arn);
      });
      const RefusalKey key{uid.value, arn};
      Past& past = observer_.past_[key];
      past.may_be_emptied = past.may_be_emptied || suppose_emptied_;
      recall_.recall(key, past, row, world.desired);
      if (world.picture.awaits_read) {
        past = {};  // While nothing may be decided nothing is waited for.
        past.may_be_emptied = true;
      }
      past.round = observer_.round_;
      world.instances.push_back(std::move(row.instance));
    }
    return std::move(world);
  }

  Observer& observer_;
  const Records& records_;
  const ClusterView& view_;
  TimePoint now_;
  bool suppose_emptied_;
  Recall recall_;
  std::map<ClusterArn, std::vector<const client::Versioned<ContainerInstance>*>> by_cluster_;
  // Machines with a silent registration: when the newest of their connected ones was made.
  std::map<std::pair<ClusterArn, std::string>, WallTime> live_machines_;
  std::map<std::string, std::vector<EnvironmentUid>> by_name_;
  std::map<ContainerInstanceArn, int> other_tasks_;  // Of those that drain.
  std::set<TaskArn> stopped_unseen_;  // Over, whatever the picture shows: the records say so.
  std::map<EnvironmentUid, Draft> drafts_;
};

std::map<EnvironmentUid, World> Observer::observe(const Records& records, const ClusterView& view,
                                                  TimePoint now, WallTime wall_now) {
  ++round_;
  const bool is_first = picture_number_ == 0 && view.loaded;
  if (view.loaded && picture_number_ != view.number) {
    picture_number_ = view.number;
    picture_began_ = now;
  }
  const bool suppose_emptied = options_.copy_taken_over_at && is_first;
  auto worlds = Build{*this, records, view, now, wall_now, suppose_emptied}.worlds();
  // What no world holds any more is forgotten, which bounds both by the instances there are.
  std::erase_if(past_, [this](const auto& entry) { return entry.second.round != round_; });
  std::erase_if(memory_.refusals,
                [this](const auto& entry) { return !past_.contains(entry.first); });
  const auto is_in_force = [&](const DeploymentId& deployment) {
    return std::ranges::any_of(records.environments, [&](const auto& each) {
      return each.second.deployment == deployment;
    });
  };
  std::erase_if(memory_.denials,
                [&](const auto& entry) { return !is_in_force(DeploymentId{entry.first}); });
  std::erase_if(in_force_since_, [&](const auto& entry) { return !is_in_force(entry.first); });
  return worlds;
}

}  // namespace blox::scheduler
