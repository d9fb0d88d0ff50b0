#include "simulation/rollout_judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "simulation/actors.h"
#include "simulation/seam_json.h"

namespace blox::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// From the store of the cluster state to the scheduler: a stream that broke is opened again within
// 10 s, by design/state.md.
constexpr Duration kOnItsWay = seconds{12};
// Less than the time after which the loss of an instance is no news any more.
constexpr Duration kNews = minutes{9};

bool is_other(const simulator::Task& task) {
  return !simulator::is_blox_group(task.group) && !task.group.starts_with("daemon:");
}

bool is_serving(const simulator::Task& task) {
  return task.present().is_running() && task.present().desired_status == TaskStatusKind::kRunning;
}

}  // namespace

void RolloutJudge::on_instance(const simulator::Instance& instance,
                               const simulator::InstanceState*) {
  const auto& state = instance.present();
  const Stretch begun{.since = now(), .version = state.version};
  const auto draining = draining_.find(instance.arn);
  if (state.status == InstanceStatusKind::kDraining) {
    Stretch stretch = begun;
    // To whoever has not heard that it was called off it is one drain.
    if (may_seem_draining(instance.arn)) stretch.since = undrained_.at(instance.arn).drained_since;
    draining_.try_emplace(instance.arn, stretch);
    undrained_.erase(instance.arn);
  } else if (draining != draining_.end()) {
    Stretch stretch = begun;
    stretch.drained_since = draining->second.since;
    draining_.erase(draining);
    undrained_.insert_or_assign(instance.arn, stretch);
  }
  const bool in_use =
      state.status == InstanceStatusKind::kDraining || state.status == InstanceStatusKind::kActive;
  if (in_use && !state.agent_connected) {
    const auto [away, is_new] = away_.try_emplace(instance.arn, begun);
    const auto back = back_.find(instance.arn);
    if (is_new && back != back_.end()) away->second.is_news = is_known(back->first, back->second);
  } else if (away_.erase(instance.arn) > 0) {
    back_.insert_or_assign(instance.arn, begun);
  }
}

// By the scheduler, whatever way the news took.
bool RolloutJudge::is_known(const std::string& instance, const Stretch& stretch) const {
  const auto known = state_.find_instance(instance);
  return known && known->version >= stretch.version && now() - known->at >= kOnItsWay;
}

// To whoever has not heard that its drain was called off.
bool RolloutJudge::may_seem_draining(const std::string& instance) const {
  const auto over = undrained_.find(instance);
  return over != undrained_.end() && !is_known(instance, over->second);
}

void RolloutJudge::on_record(const std::string& key, const std::string& value) {
  if (!key.starts_with("scheduler/intents/")) return;
  const auto intent = parse_seam(value);
  if (text_of(intent, "kind") != "stop") return;
  const auto tasks = texts_of(intent, "knownTasks");
  if (tasks.empty()) return;
  std::string& judged = launch_ids_[tasks.front()];
  if (judged == text_of(intent, "launchId")) return;
  judged = text_of(intent, "launchId");
  const auto* task = world_.find_task(tasks.front());
  if (task == nullptr || !judge_.is_ours(*task) || !task->present().is_live()) return;
  if (task->group == kSecondGroup) return;  // It is deleted: what goes with it goes at once.
  const std::string reason = text_of(intent, "reason");
  judge_drain(*task, reason);
  judge_pause(*task, reason);
}

// Other tasks were there for long enough to be known. Whoever says that it stops for the drain
// knows of it, and is judged by that.
void RolloutJudge::judge_drain(const simulator::Task& task, const std::string& reason) {
  const simulator::Instance& instance = *task.instance;
  const auto draining = draining_.find(instance.arn);
  if (draining == draining_.end()) return;
  if (!reason.starts_with("drains") && !is_known(instance.arn, draining->second)) return;
  const auto waits_for = std::ranges::find_if(instance.tasks, [&](const auto& entry) {
    const simulator::Task& other = *entry.second;
    if (!is_other(other) || !other.present().is_live()) return false;
    const auto known = state_.find_task(other.arn);
    return known && known->live && now() - known->at >= kOnItsWay;
  });
  if (waits_for == instance.tasks.end()) return;
  ++drains_;
  const Duration drained = now() - draining->second.since;
  if (drained >= drain_deadline_) return;
  break_with(fmt::format("drains: a stop on {} ({}), DRAINING for {}, where {} still runs",
                         instance.arn, reason, format_duration(drained), waits_for->second->arn));
}

void RolloutJudge::judge_pause(const simulator::Task& task, const std::string& reason) {
  const simulator::Instance& instance = *task.instance;
  if (instance.present().status != InstanceStatusKind::kActive || !is_serving(task)) return;
  if (may_seem_draining(instance.arn)) return;
  // One too many costs no service, and what a delete stops no rollout does.
  const auto serving = std::ranges::count_if(instance.tasks, [&](const auto& entry) {
    return entry.second->group == task.group && is_serving(*entry.second);
  });
  const auto live = std::ranges::count_if(instance.tasks, [&](const auto& entry) {
    return entry.second->group == task.group && entry.second->present().is_live();
  });
  if (serving != 1 || live != 1) return;
  const auto& all = instance.cluster->instances;
  std::size_t lost = 0;
  std::string since;
  for (const auto& [id, one] : all) {
    const auto away = away_.find(one->arn);
    if (away == away_.end() || !away->second.is_news || one->gone ||
        !is_known(away->first, away->second))
      continue;
    if (now() - away->second.since >= kNews) continue;
    ++lost;
    since += fmt::format("\n  {} for {}", id, format_duration(now() - away->second.since));
  }
  if (lost > 0) ++pauses_;
  if (lost * 3 <= all.size()) return;
  break_with(fmt::format("pauses: a stop on {} ({}) while {} of {} instances are disconnected:{}",
                         instance.arn, reason, lost, all.size(), since));
}

void RolloutJudge::note_coverage(Coverage& coverage) const {
  coverage.add("stops on draining instances with other tasks", drains_);
  coverage.add("stops while others are disconnected", pauses_);
}

}  // namespace blox::simulation
