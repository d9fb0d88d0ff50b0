#include "simulation/failure_judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "simulation/actors.h"
#include "simulation/own_numbers.h"

namespace blox::simulation {

void FailureJudge::note(const DeploymentRecord& deployment) {
  deployments_[deployment.environment].insert(deployment.id);
  if (goes_on(deployment.status)) {
    going_on_.insert_or_assign(deployment.id, deployment);
  } else {
    going_on_.erase(deployment.id);
  }
}

void FailureJudge::on_record(const std::string& key, const std::string& value) {
  if (!key.starts_with(kDeploymentRecords)) return;
  const auto deployment = read_deployment(value);
  note(deployment);
  if (deployment.status == "failed" && failed_.insert(deployment.id).second) {
    judge_failed(deployment);
  }
}

void FailureJudge::on_held(const std::string& key, const std::string& value) {
  if (!key.starts_with(kDeploymentRecords)) return;
  const auto deployment = read_deployment(value);
  note(deployment);
  if (deployment.status == "failed") failed_.insert(deployment.id);
}

bool FailureJudge::deployed_before(const DeploymentRecord& deployment) const {
  const auto all = deployments_.find(deployment.environment);
  return all != deployments_.end() && all->second.size() > 1;
}

void FailureJudge::on_restore() {
  deployments_.clear();
  going_on_.clear();
  failed_.clear();
  on_crash();
  // On a copy nothing is decided before what it lacks shows.
  waits_until_ = now() + kSettleTime + rules_.belief_age;
}

void FailureJudge::judge_failed(const DeploymentRecord& deployment) {
  const auto lost = std::ranges::count_if(
      strikes_.instances_of(deployment.group),
      [&](const auto& instance) { return strikes_.may_be_lost(deployment, instance); });
  const std::size_t places = rules_.places(eligible_.least_lately());
  if (!broken_.empty()) return;
  if (!deployed_before(deployment)) {
    broken_ = fmt::format("failed: {} is, and there was none before it", deployment.id);
  } else if (static_cast<std::size_t>(lost) < places) {
    broken_ = fmt::format("failed: {} is by {}, and {} instances are lost to it of {} that may be",
                          deployment.id, format_time(world_.executor().wall_now()), lost, places);
  }
}

void FailureJudge::on_sent(const std::string&, const std::string&) {
  if (!rules_.deaths_stay) return;
  for (const auto& [id, deployment] : going_on_) judge_going_on(deployment);
}

// One that is deleted ends otherwise.
void FailureJudge::judge_going_on(const DeploymentRecord& deployment) {
  if (deployment.group == kSecondGroup || !deployed_before(deployment)) return;
  if (now() < waits_until_) return;
  const auto deaths =
      strikes_.unredeemed_deaths(deployment, judged_from_, now() - rules_.belief_age);
  const auto filled = std::ranges::count_if(deaths, [&](const auto& entry) {
    const auto since = eligible_.since(entry.first);
    return since && *since <= entry.second;
  });
  if (filled == 0) return;
  ++filled_;
  const std::size_t places = rules_.places(eligible_.most_lately());
  if (static_cast<std::size_t>(filled) < places || !broken_.empty()) return;
  broken_ = fmt::format("failed: {} is not by {}, and {} places of {} are lost to early deaths",
                        deployment.id, format_time(world_.executor().wall_now()), filled, places);
}

void FailureJudge::note_coverage(Coverage& coverage) const {
  coverage.add("failed deployments", failed_.size());
  coverage.add("calls of deployments that go on with known early deaths", filled_);
}

}  // namespace blox::simulation
