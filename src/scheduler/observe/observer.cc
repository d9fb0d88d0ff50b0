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

std::string resources_text(const std::vector<Resource>& resources) {
  std::string text;
  for (const auto& resource : resources) text += resource.name + "=" + resource.value + ";";
  return text;
}
/// What changes when somebody mended or resized the instance. Remaining resources are not part of
/// it: each task of ours that fails changes them.
std::string standing_text(const ContainerInstance& instance) {
  return std::string{format(instance.status)} + (instance.agent_connected ? " on " : " off ") +
         resources_text(instance.registered_resources);
}

}  // namespace

ClusterView view_of(const client::ClusterMirror& mirror) {
  return {mirror.tasks(),     mirror.instances(),    mirror.is_loaded(), mirror.store_id(),
          mirror.synced_at(), mirror.last_contact(), mirror.list_count()};
}

// Builds the worlds of one round.
class Observer::Build {
 public:
  Build(Observer& observer, const Records& records, const ClusterView& view, TimePoint now,
        WallTime wall_now)
      : observer_(observer), records_(records), view_(view), now_(now), wall_now_(wall_now) {}

  std::map<EnvironmentUid, World> worlds() {
    note_store();
    for (const auto& [key, emptied] : records_.emptied) stopped_unseen_.insert(emptied.task);
    index_instances();
    for (const auto& [uid, environment] : records_.environments) {
      drafts_.emplace(uid, draft_of(environment));
    }
    for (const auto& [arn, entry] : view_.tasks) add_task(entry.object);
    lay_outcomes();
    lay_intents();
    std::map<EnvironmentUid, World> worlds;
    for (auto& [uid, draft] : drafts_) worlds.emplace(uid, finish(uid, draft));
    return worlds;
  }

 private:
  struct Row {
    ObservedInstance instance;
    const ContainerInstance* source = nullptr;  // Null: only tasks or intents speak of it.
    client::EntityVersion version = 0;
    std::vector<Ended> ended;
  };
  struct Draft {
    const Environment* environment = nullptr;
    World world;
    std::map<ContainerInstanceArn, Row> rows;
  };

  void note_store() {
    if (!view_.loaded || view_.store_id == observer_.store_id_) {
      if (view_.loaded) observer_.list_count_ = view_.list_count;
      return;
    }
    // Both lists, of tasks and of instances, must come from the new store.
    if (!observer_.store_id_.empty() && view_.list_count < observer_.list_count_ + 2) {
      store_changed_ = true;
      return;
    }
    observer_.store_id_ = view_.store_id;
    observer_.list_count_ = view_.list_count;
  }

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
      row.instance.confirmed_at = observer_.heard_.at(source->arn).at;
      row.instance.superseded = !source->agent_connected && is_superseded(*source);
    }
    return draft;
  }

  void fill_desired(const Environment& environment, DesiredState& desired) const {
    desired.environment_name = environment.name.value;
    desired.unavailable_max = environment.max_unavailable.amount;
    desired.unavailable_is_percent = environment.max_unavailable.is_percent;
    desired.drain_deadline = environment.drain_deadline;
    desired.deleting = environment.deleting;
    desired.terminate_tasks = environment.terminate_tasks;
    if (!environment.deployment) return;
    const auto found = records_.deployments.find(*environment.deployment);
    if (found == records_.deployments.end()) return;
    const Deployment& deployment = found->second;
    DesiredDeployment wanted{deployment.id.value, deployment.task_definition,
                             RolloutStatus::kCompleted, deployment.failed_instances};
    if (deployment.status == DeploymentStatus::kPending) wanted.status = RolloutStatus::kPending;
    if (deployment.status == DeploymentStatus::kRunning) wanted.status = RolloutStatus::kRunning;
    desired.deployed_before =
        wanted.status == RolloutStatus::kCompleted ||
        std::ranges::any_of(records_.deployments, [&](const auto& other) {
          return other.second.environment == environment.uid && other.first != deployment.id;
        });
    desired.deployment = std::move(wanted);
  }

  void fill_picture(const ClusterArn& cluster, Picture& picture) const {
    picture.loaded = view_.loaded;
    picture.store_changed = store_changed_;
    if (view_.last_contact) picture.contact_age = now_ - *view_.last_contact;
    const auto synced = view_.synced_at.find(cluster);
    if (synced != view_.synced_at.end()) {
      picture.synced_age = std::max<Duration>(wall_now_ - synced->second, Duration{});
    }
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
        row_of(*draft, *task.container_instance).instance.unclaimed.push_back(task.arn);
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
    row.instance.tasks.push_back({task.arn, deployment.task_definition, deployment.id.value,
                                  phase_of(task.last_status, task.desired_status), true,
                                  task.health_status == "UNHEALTHY",
                                  time_or_epoch(task.created_at)});
    for (auto* heir : heirs_of(*found->second.environment, row.instance.arn)) {
      heir->unclaimed.push_back(task.arn);
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
      instance.tasks.push_back({arn, outcome.task_definition, outcome.deployment.value,
                                TaskPhase::kStarting, false, false, outcome.started_at});
      for (auto* heir : heirs_of(*found->second.environment, outcome.instance)) {
        heir->unclaimed.push_back(arn);
      }
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
      } else {
        open.effect_seen = shows_start(row, intent);
        for (auto* heir : heirs_of(*found->second.environment, key.second)) {
          heir->predecessor_starts = true;
        }
      }
      row.instance.intent = std::move(open);
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

  // True if there is a task of the intent's deployment that was not known when it was opened. One
  // that has ended already must be younger than the intent: the event of an old one may come late.
  static bool shows_start(const Row& row, const Intent& intent) {
    const auto is_new = [&](const TaskArn& arn, std::string_view started_by) {
      return started_by == intent.deployment.value &&
             std::ranges::find(intent.known_tasks, arn) == intent.known_tasks.end();
    };
    return std::ranges::any_of(
               row.instance.tasks,
               [&](const ObservedTask& task) { return is_new(task.arn, task.started_by); }) ||
           std::ranges::any_of(row.ended, [&](const Ended& ended) {
             return is_new(ended.arn, ended.started_by) &&
                    time_or_epoch(ended.created_at) >= intent.created_at;
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
      recall({uid.value, arn}, row, world.desired);
      world.instances.push_back(std::move(row.instance));
    }
    return std::move(world);
  }

  // Whether our stop ended the last task there that served. What is stored counts until something
  // newer is seen; a task that is being stopped serves no more, whatever the picture shows.
  bool is_emptied(const RefusalKey& key, const Row& row, bool was_emptied) const {
    const auto& intent = row.instance.intent;
    const bool serves = std::ranges::any_of(row.instance.tasks, [&](const ObservedTask& task) {
      const bool doomed =
          intent && intent->kind == OpenIntentKind::kStop && intent->task == task.arn;
      return task.phase == TaskPhase::kServing && !doomed;
    });
    if (serves) return false;
    const auto noted = records_.emptied.find({EnvironmentUid{key.first}, key.second});
    const bool is_noted = noted != records_.emptied.end();
    for (const Ended& ended : row.ended) {  // Newest first.
      if (is_noted && ended.stopped_at <= noted->second.noted_at) break;
      const bool ours = ended.is_by_us();
      if (ours && ended.started_at.empty()) continue;  // It never served.
      if (!ours && ended.served_for() < observer_.options_.proven_after) continue;
      return ours;
    }
    return is_noted || was_emptied;
  }

  void set_since(std::optional<TimePoint>& since, bool holds) const {
    if (!holds) {
      since.reset();
    } else if (!since) {
      since = now_;
    }
  }

  // Adds what only the past can tell, and remembers the present for the next round.
  void recall(const RefusalKey& key, Row& row, const DesiredState& desired) {
    Past& past = observer_.past_[key];
    past.round = observer_.round_;
    ObservedInstance& instance = row.instance;
    const bool serves = std::ranges::any_of(
        instance.tasks, [](const ObservedTask& task) { return task.phase == TaskPhase::kServing; });
    const bool in_use = instance.status.is_active() || instance.status.is_draining();
    set_since(past.draining_since, instance.status.is_draining());
    set_since(past.disconnected_since, in_use && !instance.agent_connected);
    set_since(past.unserved_since, desired.deployment && instance.status.is_active() &&
                                       instance.agent_connected && !serves);
    instance.draining_since = past.draining_since;
    instance.disconnected_since = past.disconnected_since;
    instance.unserved_since = past.unserved_since;

    std::ranges::sort(row.ended, [](const Ended& a, const Ended& b) {
      return std::tie(b.stopped_at, b.arn) < std::tie(a.stopped_at, a.arn);
    });
    past.emptied_by_us = is_emptied(key, row, past.emptied_by_us);
    instance.emptied_by_us = past.emptied_by_us;
    if (!desired.deployment) return;
    recall_failures(key, past, row, desired.deployment->id);
  }

  void recall_failures(const RefusalKey& key, Past& past, Row& row, const std::string& deployment) {
    if (row.source != nullptr && past.standing_version != row.version) {
      past.standing_version = row.version;
      std::string standing = standing_text(*row.source);
      if (past.standing != standing) {
        if (!past.standing.empty()) {
          observer_.memory_.forget_refusals(key);
          if (!row.ended.empty()) past.failures_forgiven = row.ended.front().stopped_at;
        }
        past.standing = std::move(standing);
      }
    }
    StartFailures& failures = row.instance.failures;
    add_deaths(past, row, deployment, failures);
    add_refusals(key, row, deployment, failures);
  }

  // Newest first, up to one that served for long or was stopped by us.
  void add_deaths(Past& past, const Row& row, const std::string& deployment,
                  StartFailures& failures) const {
    for (const Ended& ended : row.ended) {
      if (ended.started_by != deployment || ended.stopped_at <= past.failures_forgiven) break;
      const Duration served = ended.served_for();
      if (ended.is_by_us() || served >= observer_.options_.proven_after) break;
      if (failures.count++ > 0) continue;
      if (past.newest_death != ended.arn) {
        past.newest_death = ended.arn;
        past.newest_death_at = now_;
      }
      failures.last_at = past.newest_death_at;
      failures.reason = ended.stopped_reason.empty()
                            ? fmt::format("its task ended after {} s",
                                          std::chrono::floor<std::chrono::seconds>(served).count())
                            : std::string{ended.stopped_reason};
    }
  }

  void add_refusals(const RefusalKey& key, const Row& row, const std::string& deployment,
                    StartFailures& failures) const {
    auto& refusals = observer_.memory_.refusals;
    const auto found = refusals.find(key);
    if (found == refusals.end()) return;
    StartRefusals& refused = found->second;
    const std::string resources =
        row.source ? resources_text(row.source->remaining_resources) : std::string{};
    if (refused.resources.empty()) refused.resources = resources;
    if (refused.started_by != deployment || refused.resources != resources) {
      refusals.erase(found);
      return;
    }
    if (failures.count == 0 || refused.last_at > failures.last_at) {
      failures.last_at = refused.last_at;
      failures.reason = refused.reason;
    }
    failures.count += refused.count;
  }

  Observer& observer_;
  const Records& records_;
  const ClusterView& view_;
  TimePoint now_;
  WallTime wall_now_;
  bool store_changed_ = false;
  std::map<ClusterArn, std::vector<const client::Versioned<ContainerInstance>*>> by_cluster_;
  // Machines with a silent registration: when the newest of their connected ones was made.
  std::map<std::pair<ClusterArn, std::string>, WallTime> live_machines_;
  std::map<std::string, std::vector<EnvironmentUid>> by_name_;
  std::map<ContainerInstanceArn, int> other_tasks_;  // Of those that drain.
  std::set<TaskArn> stopped_unseen_;  // Over, whatever the picture shows: the records say so.
  std::map<EnvironmentUid, Draft> drafts_;
};

// That the stream is alive says nothing of one instance: its events may be stuck in the queue. So
// each counts as confirmed by its own changes alone, and not by those that a list brought.
void Observer::note_changes(const ClusterView& view, TimePoint now) {
  const bool listed = view.list_count != heard_list_count_;
  heard_list_count_ = view.list_count;
  auto known = heard_.begin();
  for (const auto& [arn, entry] : view.instances) {  // Both in the same order.
    while (known != heard_.end() && known->first < arn) known = heard_.erase(known);
    const bool is_new = known == heard_.end() || known->first != arn;
    if (is_new) known = heard_.emplace_hint(known, arn, Heard{});
    if (is_new || known->second.version != entry.entity_version) {
      known->second.version = entry.entity_version;
      if (!listed) known->second.at = now;
    }
    ++known;
  }
  heard_.erase(known, heard_.end());
}

std::map<EnvironmentUid, World> Observer::observe(const Records& records, const ClusterView& view,
                                                  TimePoint now, WallTime wall_now) {
  ++round_;
  note_changes(view, now);
  auto worlds = Build{*this, records, view, now, wall_now}.worlds();
  // What no world holds any more is forgotten, which bounds both by the instances there are.
  std::erase_if(past_, [this](const auto& entry) { return entry.second.round != round_; });
  std::erase_if(memory_.refusals,
                [this](const auto& entry) { return !past_.contains(entry.first); });
  return worlds;
}

}  // namespace blox::scheduler
