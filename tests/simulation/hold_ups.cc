#include "simulation/hold_ups.h"

#include <algorithm>

#include "simulation/own_numbers.h"
#include "simulation/seam_json.h"

namespace blox::simulation {
namespace {

// From the store of the cluster state to a round of the scheduler: see RolloutJudge. What it stores
// is heard of somewhat later than it was decided.
constexpr Duration kOnItsWay = std::chrono::seconds{12};

bool is_refused(const Result<http::Answer>& answer) {
  return answer && answer->status == 400 && !answer->body.contains("Throttling");
}

}  // namespace

void HoldUps::on_crash() {
  process_since_ = now();
  stop_refusals_.clear();
  refused_.clear();
}

void HoldUps::on_restore(const std::map<std::string, std::string>& records) {
  intents_.clear();
  for (const auto& [key, value] : records) on_record(key, value);
}

bool HoldUps::has_lasted(TimePoint since) const { return now() - since >= kWaitedFor - kOnItsWay; }

bool HoldUps::has_lasted(const std::string& deployment) const {
  const auto made = made_at_.find(deployment);
  return made == made_at_.end() || has_lasted(made->second);
}

void HoldUps::on_task(const simulator::Task& task, const simulator::TaskState*) {
  places_.try_emplace(task.arn, Place{task.instance->arn, task.group});
  const auto& state = task.present();
  const bool serves = state.is_running() && state.desired_status == TaskStatusKind::kRunning;
  auto& services = services_[{task.instance->arn, task.group}];
  if (serves) {
    services.try_emplace(task.arn);
  } else if (const auto found = services.find(task.arn); found != services.end()) {
    found->second.until = std::min(found->second.until, now());
  }
}

void HoldUps::on_answer(const std::string& operation, const std::string& body, TimePoint,
                        const Result<http::Answer>& answer) {
  if (operation != "StopTask" || !answer) return;
  const std::string arn = text_of(parse_seam(body), "task");
  if (!is_refused(answer)) {
    if (answer->status == 200) stop_refusals_.erase(arn);
    return;
  }
  const auto place = places_.find(arn);
  if (++stop_refusals_[arn] >= kRefusedStops && place != places_.end()) {
    refused_.insert(place->second);
  }
}

void HoldUps::on_record(const std::string& key, const std::string& value) {
  if (key.starts_with("scheduler/deployments/")) {
    made_at_.try_emplace(text_of(parse_seam(value), "id"), now());
  }
  if (!key.starts_with("scheduler/intents/")) return;
  const auto record = parse_seam(value);
  Intent intent{text_of(record, "launchId"), text_of(record, "environment"),
                text_of(record, "instance"), now()};
  Intent& open = intents_[key];
  if (open.launch_id != intent.launch_id) open = std::move(intent);
}

bool HoldUps::was_stop_refused(const std::string& group, const std::string& instance) const {
  return refused_.contains({instance, group});
}

bool HoldUps::has_old_intent(const std::string& environment, const std::string& deployment,
                             const std::string& instance) const {
  return has_lasted(deployment) && std::ranges::any_of(intents_, [&](const auto& entry) {
           const Intent& intent = entry.second;
           return intent.environment == environment && intent.instance == instance &&
                  has_lasted(intent.opened_at);
         });
}

// Blox does not know of a task that came and went between two looks, or that it has not heard of.
bool HoldUps::is_unserved(const std::string& group, const std::string& deployment,
                          const std::string& instance) const {
  if (!has_lasted(deployment) || !has_lasted(process_since_)) return false;
  const auto found = services_.find({instance, group});
  return found == services_.end() || std::ranges::none_of(found->second, [&](const auto& entry) {
           const auto known = state_.find_task(entry.first);
           if (!known || !known->running_at) return false;
           const TimePoint until = std::min(now(), entry.second.until);
           return *known->running_at + kOnItsWay < until && !has_lasted(until);
         });
}

}  // namespace blox::simulation
