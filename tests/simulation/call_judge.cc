#include "simulation/call_judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "simulation/own_numbers.h"
#include "simulation/seam_json.h"

namespace blox::simulation {
namespace {

using std::chrono::seconds;

// What is in the cluster state reaches the scheduler within it, or was on its way.
constexpr Duration kOnItsWay = seconds{60};
// Calls of a minute: some whatever there is to do, and so many an instance and environment.
constexpr double kCallsAlways = 120;
constexpr double kCallsAnInstance = 12;

// What ECS lets an account have. Source: API reference, "Request throttling".
constexpr std::size_t kChangesASecond = 40;

Duration doubled(Duration first, int count, Duration most) {
  Duration wait = first;
  for (int i = 1; i < count && wait < most; ++i) wait *= 2;
  return std::min(wait, most);
}

bool is_denied(const Result<http::Answer>& answer) {
  return answer && answer->status == 400 && answer->body.contains("AccessDenied");
}

// After which nobody knows what happened.
bool is_unknown(const Result<http::Answer>& answer) {
  return answer ? answer->status >= 500 : !is_outcome_known(answer.error().kind);
}

}  // namespace

void CallJudge::on_crash() {
  refusals_.clear();
  denials_.clear();
  stop_denials_ = {};
  starts_under_way_ = 0;
  unsure_ = false;
  calls_.clear();
}

void CallJudge::count_call() {
  calls_.push_back(now());
  while (calls_.front() < now() - seconds{60}) calls_.pop_front();
  calls_max_ = std::max(calls_max_, calls_.size());
  std::size_t instances = 0;
  for (const auto& [name, cluster] : world_.clusters()) instances += cluster->instances.size();
  const std::size_t places = instances * std::max<std::size_t>(1, groups_.size());
  const double allowed = kCallsAlways + kCallsAnInstance * static_cast<double>(places);
  calls_share_ = std::max(calls_share_, static_cast<double>(calls_.size()) / allowed);
  if (static_cast<double>(calls_.size()) <= allowed) return;
  break_with(fmt::format("calls: {} within a minute, for {} instances and {} environments",
                         calls_.size(), instances, groups_.size()));
}

void CallJudge::on_sent(const std::string& operation, const std::string& body) {
  count_call();
  if (operation == "StopTask" && stop_denials_.count > 0) {
    const TimePoint due =
        stop_denials_.last_at + doubled(seconds{1}, stop_denials_.count, seconds{30});
    ++pauses_;
    if (now() < due) break_with("pauses: a StopTask right after one was denied");
  }
  if (operation == "StartTask" || operation == "StopTask") {
    changes_.push_back(now());
    while (changes_.front() < now() - seconds{1}) changes_.pop_front();
    if (changes_.size() >= kChangesASecond) ++budget_reached_;
  }
  if (operation != "StartTask") return;
  const auto request = parse_seam(body);
  const std::string deployment = text_of(request, "startedBy");
  groups_.insert(text_of(request, "group"));
  if (unsure_) {
    ++single_;
    if (starts_under_way_ > 0) break_with("calls: two starts at a time after an unknown outcome");
  }
  if (++starts_under_way_ >= 8) ++all_slots_;
  if (texts_of(request, "containerInstances").size() == 10) ++whole_starts_;
  const auto denied = denials_.find(deployment);
  if (denied != denials_.end()) {
    const Refusals& denial = denied->second;
    ++waits_;
    if (now() < denial.last_at + doubled(seconds{1}, denial.count, kBackoffMax)) {
      break_with("backoff: a start too soon after denial " + std::to_string(denial.count));
    }
  }
  for (const auto& instance : texts_of(request, "containerInstances")) {
    judge_start(deployment, instance);
  }
}

// A change of the instance that the scheduler may have seen since ends the wait.
void CallJudge::judge_start(const std::string& deployment, const std::string& instance) {
  const auto found = refusals_.find({deployment, instance});
  if (found == refusals_.end()) return;
  const Refusals& refused = found->second;
  const auto shown = state_.find_instance(instance);
  if (!shown || shown->at >= refused.last_at - kOnItsWay) return;
  ++waits_;
  const Duration wait = doubled(seconds{1}, refused.count, kBackoffMax);
  if (now() >= refused.last_at + wait) return;
  break_with(fmt::format("backoff: a start on {} {} after refusal {}", instance,
                         format_duration(now() - refused.last_at), refused.count));
}

void CallJudge::note_refusal(const std::string& deployment, const std::string& instance) {
  Refusals& refused = refusals_[{deployment, instance}];
  const auto shown = state_.find_instance(instance);
  if (shown && shown->at >= refused.last_at - kOnItsWay) refused.count = 0;
  ++refused.count;
  refused.last_at = now();
  ++refusal_counts_[{deployment, instance}];
}

int CallJudge::refusals_of(const std::string& deployment, const std::string& instance) const {
  const auto refused = refusal_counts_.find({deployment, instance});
  const auto denied = denial_counts_.find(deployment);
  return (refused == refusal_counts_.end() ? 0 : refused->second) +
         (denied == denial_counts_.end() ? 0 : denied->second);
}

std::vector<std::string> CallJudge::words_of_refusal(const std::string& group,
                                                     const std::string& instance) const {
  const auto found = refusal_words_.find({group, instance});
  return found == refusal_words_.end() ? std::vector<std::string>{} : std::vector{found->second};
}

void CallJudge::on_answer(const std::string& operation, const std::string& body, TimePoint sent_at,
                          const Result<http::Answer>& answer) {
  if (operation == "StartTask") note_start_answer(body, sent_at, answer);
  if (operation.starts_with("List") && answer && answer->body.contains("nextToken")) ++pages_;
  if (operation.starts_with("Describe") && answer) {
    const auto request = parse_seam(body);
    const auto asked = texts_of(request, "tasks").size();
    if (std::max(asked, texts_of(request, "containerInstances").size()) == 100) ++whole_questions_;
  }
  if (operation == "StopTask") note_stop_answer(sent_at, answer);
}

void CallJudge::note_start_answer(const std::string& body, TimePoint sent_at,
                                  const Result<http::Answer>& answer) {
  if (starts_under_way_ > 0) --starts_under_way_;
  if (is_unknown(answer)) {
    unsure_ = true;
    return;
  }
  if (!answer) return;
  const auto request = parse_seam(body);
  const std::string deployment = text_of(request, "startedBy");
  const auto instances = texts_of(request, "containerInstances");
  if (is_denied(answer)) {
    unsure_ = false;
    Refusals& denial = denials_[deployment];
    // Those that were sent together count once.
    if (denial.count > 0 && sent_at <= denial.last_at) return;
    if (now() - denial.last_at > kDenialKept) denial.count = 0;
    ++denial.count;
    ++denial_counts_[deployment];
    denial.last_at = now();
    return;
  }
  if (answer->status == 400) {
    if (answer->body.contains("Throttling")) return;
    unsure_ = false;
    if (instances.size() == 1) note_refusal(deployment, instances.front());
    return;
  }
  unsure_ = false;
  denials_.erase(deployment);
  const auto said = parse_seam(answer->body);
  for (const auto& task : objects_of(said, "tasks")) {
    refusals_.erase({deployment, text_of(task, "containerInstanceArn")});
  }
  for (const auto& failure : objects_of(said, "failures")) {
    const std::string named = text_of(failure, "arn");
    for (const auto& instance : instances) {
      if (!named.empty() && (instance == named || instance.ends_with("/" + named))) {
        note_refusal(deployment, instance);
        refusal_words_[{text_of(request, "group"), instance}] = text_of(failure, "reason");
      }
    }
  }
}

void CallJudge::note_stop_answer(TimePoint sent_at, const Result<http::Answer>& answer) {
  if (!answer || answer->status != 400) {
    if (answer && answer->status == 200) stop_denials_ = {};
    return;
  }
  if (!is_denied(answer)) return;
  if (stop_denials_.count > 0 && sent_at <= stop_denials_.last_at) return;
  ++stop_denials_.count;
  stop_denials_.last_at = now();
}

void CallJudge::note_coverage(Coverage& coverage) const {
  coverage.add("starts that waited after a refusal", waits_);
  coverage.add("starts alone after an unknown outcome", single_);
  coverage.add("stops after a denial", pauses_);
  coverage.add("commits of 120 records", whole_commits_);
  coverage.add("starts of ten at once", whole_starts_);
  coverage.add("eight starts at a time", all_slots_);
  coverage.add("calls at the rate that ECS allows", budget_reached_);
  coverage.add("lists of more than a page", pages_);
  coverage.add("questions about a hundred", whole_questions_);
  coverage.note_greatest("calls of a minute", static_cast<double>(calls_max_));
  coverage.note_greatest("share of the calls of a minute that are allowed", calls_share_);
}

}  // namespace blox::simulation
