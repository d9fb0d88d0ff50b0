#include "blox/demo_promises.h"

namespace blox::apps {

bool is_eligible(const TrueInstance& instance) {
  return instance.status == "ACTIVE" && instance.agent_connected;
}

bool runs_exactly(const TrueInstance& instance, const std::string& definition) {
  return instance.daemon_tasks.size() == 1 && instance.daemon_tasks.front() == definition &&
         instance.running_daemons == 1;
}

std::vector<DemoPromise> count_promises(const Truth& truth, const std::string& definition,
                                        std::size_t eligible) {
  std::size_t found = 0;
  std::size_t good = 0;
  std::size_t elsewhere = 0;
  for (const auto& instance : truth.instances) {
    if (!is_eligible(instance)) {
      elsewhere += instance.daemon_tasks.size();
      continue;
    }
    ++found;
    good += runs_exactly(instance, definition) ? 1 : 0;
  }
  const auto size = [](int count) { return static_cast<std::size_t>(count); };
  return {
      {"eligible instances", found, eligible},
      {"… that run exactly one task, of the current revision", good, found},
      {"daemon tasks left on the drained instance", elsewhere, 0},
      {"instances that ever had two live tasks", size(truth.doubled), 0},
      {"starts on instances that were not ACTIVE and connected", size(truth.bad_starts), 0},
      {"stops of tasks that are not ours", size(truth.foreign_stops), 0},
  };
}

}  // namespace blox::apps
