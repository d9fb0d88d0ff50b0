#include "simulator/judge.h"

#include <algorithm>

#include "simulator/foreign_tasks.h"

namespace blox::simulator {
namespace {

TaskMention mention(const Task& task) {
  return TaskMention{task.arn, task.definition->arn, task.started_by};
}

bool is_serving(const TaskState* state) {
  return state != nullptr && state->is_running() &&
         state->desired_status == TaskStatusKind::kRunning;
}

}  // namespace

bool is_blox_group(std::string_view group) { return group.starts_with("blox:"); }

bool Judge::is_ours(const Task& task) const {
  return is_blox_group(task.group) && !disowned_.contains(task.started_by);
}

bool Judge::is_drained(const Instance& instance) const {
  if (instance.present().status == InstanceStatusKind::kDraining) return true;
  const auto past = pasts_.find(instance.arn);
  return past != pasts_.end() && past->second.drained_until &&
         world_.executor().now() - *past->second.drained_until <= drain_grace_;
}

bool Judge::by_arn(const Task* left, const Task* right) { return left->arn < right->arn; }

void Judge::note_peak(Presence& presence) {
  if (presence.live.size() <= presence.peak.live_max) return;
  const Task& any = **presence.live.begin();
  Peak peak{.group = any.group,
            .instance_arn = any.instance->arn,
            .live_max = presence.live.size(),
            .at = world_.executor().wall_now(),
            .tasks = {}};
  for (const Task* task : presence.live) peak.tasks.push_back(mention(*task));
  presence.peak = std::move(peak);
}

void Judge::on_task(const Task& task, const TaskState* before) {
  const TaskState& now = task.present();
  const Place place{task.group, task.instance->arn};
  if (!is_ours(task)) {
    // Nothing may be started beside it: the place is given back, whoever ended what served there.
    if (now.is_live()) leave_out(place);
    return;
  }
  Presence& presence = presences_[place];
  const bool was_live = before != nullptr && before->is_live();
  if (now.is_live() && !was_live) {
    presence.live.insert(&task);
    if (presence.live.size() == 2) ++doubled_now_;
    note_peak(presence);
  } else if (!now.is_live() && was_live) {
    if (presence.live.size() == 2) --doubled_now_;
    presence.live.erase(&task);
  }
  if (is_serving(&now) && !is_serving(before)) {
    ++presence.serving;
    leave_out(place);
  } else if (!is_serving(&now) && is_serving(before)) {
    --presence.serving;
    if (presence.serving == 0 && now.stop_code == "UserInitiated") take_out(task);
  }
  if (!now.is_live()) drain_stops_.erase(task.arn);
}

void Judge::take_out(const Task& task) {
  const bool active = task.instance->present().status == InstanceStatusKind::kActive;
  if (!active || drain_stops_.contains(task.arn)) return;
  out_[task.group][task.instance->arn] =
      OutOfService{task.group, task.instance->arn, task.arn, world_.executor().wall_now()};
  note_out_max(task.group);
}

void Judge::leave_out(const Place& place) {
  const auto out = out_.find(place.first);
  if (out != out_.end()) out->second.erase(place.second);
}

// One whose agent is away cannot serve again, whatever its scheduler does.
std::size_t Judge::count_reachable(const OutByInstance& out) const {
  return static_cast<std::size_t>(std::ranges::count_if(out, [&](const auto& entry) {
    const Instance* instance = world_.find_instance(entry.first);
    return instance != nullptr && instance->present().agent_connected;
  }));
}

void Judge::note_out_max(const std::string& group) {
  std::size_t& most = out_max_[group];
  most = std::max(most, count_reachable(out_.find(group)->second));
}

void Judge::on_instance(const Instance& instance, const InstanceState* before) {
  const InstanceState& now = instance.present();
  const TimePoint time = world_.executor().now();
  Past& past = pasts_[instance.arn];
  if (before != nullptr && before->status == InstanceStatusKind::kDraining) {
    past.drained_until = time;
  }
  if (!now.agent_connected && !past.away_since) past.away_since = time;
  bool over = now.status != InstanceStatusKind::kActive;
  if (now.agent_connected && past.away_since) {
    const TimePoint release = *past.away_since + kUnreachableRelease;
    const bool released = time >= release;
    past.given_up_from = release;
    past.given_up_until = time + return_grace_;
    past.away_since.reset();
    for (const auto& [group, out] : out_) {
      if (released && out.contains(instance.arn)) ++released_count_;
    }
    over = over || released;
  }
  for (auto& [group, out] : out_) {
    if (over) {
      out.erase(instance.arn);
    } else if (out.contains(instance.arn)) {
      note_out_max(group);  // Its agent may be back.
    }
  }
}

// Who asks for a stop now may take instances for away that have just come back: their place is
// given away. So is that of one where a task of others was already when ours was stopped there.
void Judge::forgive_unheard(const std::string& group) {
  const auto out = out_.find(group);
  if (out == out_.end()) return;
  const TimePoint now = world_.executor().now();
  std::erase_if(out->second, [&](const auto& entry) {
    const Instance* instance = world_.find_instance(entry.first);
    return instance != nullptr && has_foreign_task(*this, *instance, group);
  });
  const auto given = std::erase_if(out->second, [&](const auto& entry) {
    const Past& past = pasts_[entry.first];
    return past.given_up_from <= now && now <= past.given_up_until;
  });
  released_count_ += given;
}

void Judge::on_start_asked(const Instance& instance, std::string_view group) {
  if (!is_blox_group(group) || !instance.unfit_since) return;
  ++bad_start_count_;
  if (bad_starts_.size() == kRecordsMax) return;
  const InstanceState& state = instance.present();
  bad_starts_.push_back(
      BadStart{.group = std::string{group},
               .instance_arn = instance.arn,
               .instance_status = std::string{format(InstanceStatus{state.status, {}})},
               .agent_connected = state.agent_connected,
               .at = world_.executor().wall_now(),
               .since = world_.executor().now() - *instance.unfit_since});
}

void Judge::on_stop_asked(const Task& task, std::string_view reason) {
  if (is_ours(task)) {
    if (is_drained(*task.instance)) drain_stops_.insert(task.arn);
    forgive_unheard(task.group);
    return;
  }
  ++foreign_stop_count_;
  if (foreign_stops_.size() == kRecordsMax) return;
  foreign_stops_.push_back(
      ForeignStop{mention(task), task.group, std::string{reason}, world_.executor().wall_now()});
}

std::vector<Peak> Judge::doubled() const {
  std::vector<Peak> found;
  for (const auto& [place, presence] : presences_) {
    if (presence.peak.live_max >= 2) found.push_back(presence.peak);
  }
  return found;
}

std::vector<std::string> Judge::groups() const {
  std::vector<std::string> found;
  for (const auto& [place, presence] : presences_) {
    if (found.empty() || found.back() != place.first) found.push_back(place.first);
  }
  return found;
}

std::size_t Judge::doubled_now() const { return doubled_now_; }

std::vector<OutOfService> Judge::out_of_service(std::string_view group) const {
  std::vector<OutOfService> list;
  const auto out = out_.find(group);
  if (out == out_.end()) return list;
  for (const auto& [instance, entry] : out->second) list.push_back(entry);
  return list;
}

std::size_t Judge::out_of_service_max(std::string_view group) const {
  const auto most = out_max_.find(group);
  return most == out_max_.end() ? 0 : most->second;
}

void Judge::reset_out_of_service_max(std::string_view group) {
  const auto most = out_max_.find(group);
  if (most != out_max_.end()) most->second = count_reachable(out_.find(group)->second);
}

}  // namespace blox::simulator
