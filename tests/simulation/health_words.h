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

/// What the answer calls HEALTHY. An object of which no reader can say how it stands says nothing.
inline std::set<std::string> healthy_of(const http::Answer& answer) {
  std::set<std::string> healthy;
  if (answer.status != 200 || !answer.body.contains("\"HEALTHY\"")) return healthy;
  for (const auto& task : objects_of(parse_seam(answer.body), "tasks")) {
    const bool is_readable = !text_of(task, "lastStatus").empty();
    if (is_readable && text_of(task, "healthStatus") == "HEALTHY") {
      healthy.insert(text_of(task, "taskArn"));
    }
  }
  return healthy;
}

/// Listens to the calls of both services. Threading: the executor's thread.
class HealthWords final : public SeamListener {
 public:
  bool was_told_healthy(const std::string& task) const { return healthy_.contains(task); }

  void on_answer(const std::string& operation, const std::string&, TimePoint,
                 const Result<http::Answer>& answer) override {
    if (operation == "DescribeTasks" && answer) healthy_.merge(healthy_of(*answer));
  }

 private:
  std::set<std::string> healthy_;
};

}  // namespace blox::simulation
