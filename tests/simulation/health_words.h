// HealthWords: of which tasks ECS has told, to either service, that their health checks pass. No
// event tells of it: what no Describe has brought nobody knows.
#pragma once

#include <algorithm>
#include <set>
#include <string>

#include "simulation/seam_json.h"
#include "simulation/seam_listener.h"
#include "simulator/world.h"

namespace blox::simulation {

/// Something of the task says whether it is well.
inline bool has_health_check(const simulator::TaskDefinition& definition) {
  return std::ranges::any_of(definition.containers, [](const auto& container) {
    return container.essential && container.check_interval.has_value();
  });
}

/// Listens to the calls of both services. Threading: the executor's thread.
class HealthWords final : public SeamListener {
 public:
  bool was_told_healthy(const std::string& task) const { return healthy_.contains(task); }

  void on_answer(const std::string& operation, const std::string&, TimePoint,
                 const Result<http::Answer>& answer) override {
    if (operation != "DescribeTasks" || !answer || answer->status != 200) return;
    if (!answer->body.contains("\"HEALTHY\"")) return;
    for (const auto& task : objects_of(parse_seam(answer->body), "tasks")) {
      if (text_of(task, "healthStatus") == "HEALTHY") healthy_.insert(text_of(task, "taskArn"));
    }
  }

 private:
  std::set<std::string> healthy_;
};

}  // namespace blox::simulation
