#include "simulation/copy_judge.h"

#include <algorithm>

#include "simulation/seam_json.h"

namespace blox::simulation {
namespace {

constexpr const char* kDeployments = "scheduler/deployments/";
constexpr const char* kEnvironments = "scheduler/environments/";

std::string last_part(const std::string& key) { return key.substr(key.rfind('/') + 1); }

}  // namespace

void CopyJudge::on_restore() {
  for (const auto& [key, value] : held_) {
    if (!key.starts_with(kDeployments) || copy_.contains(key)) continue;
    lost_.insert(last_part(key));
    ++lost_count_;
  }
  held_ = copy_;
}

bool CopyJudge::has_copy_of_environment() const {
  return std::ranges::any_of(
      copy_, [](const auto& entry) { return entry.first.starts_with(kEnvironments); });
}

void CopyJudge::on_stop_asked(const simulator::Task& task, std::string_view reason) {
  if (!lost_.contains(task.started_by) || !broken_.empty()) return;
  broken_ = "S4: a stop (" + std::string{reason} + ") of " + task.arn +
            ", of whose deployment the store that was put back knows nothing";
}

void CopyJudge::on_record(const std::string& key, const std::string& value) {
  held_[key] = value;
  if (key.starts_with(kDeployments) && lost_.erase(text_of(parse_seam(value), "id")) > 0) {
    ++adopted_count_;
  }
}

void CopyJudge::note_coverage(Coverage& coverage) const {
  coverage.add("deployments that a copy does not know", lost_count_);
  coverage.add("lost deployments that were adopted", adopted_count_);
}

}  // namespace blox::simulation
