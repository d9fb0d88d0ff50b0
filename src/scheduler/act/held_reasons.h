// HeldReasons: why actions of the newest plans are kept back, in words for people.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "scheduler/environments/repository.h"

namespace blox::scheduler {

/// By environment and instance. Bounded by the actions of the newest plan of each environment.
class HeldReasons {
 public:
  /// Forgets those of an environment, as its newest plan may hold back others, or none.
  void clear(const EnvironmentUid& environment) { reasons_.erase(environment); }
  void note(const EnvironmentUid& environment, const ContainerInstanceArn& instance,
            std::string why) {
    reasons_[environment].insert_or_assign(instance, std::move(why));
  }
  /// Empty: nothing is kept back there.
  std::string why(const EnvironmentUid& environment, const ContainerInstanceArn& instance) const {
    const auto of_environment = reasons_.find(environment);
    if (of_environment == reasons_.end()) return {};
    const auto found = of_environment->second.find(instance);
    return found == of_environment->second.end() ? std::string{} : found->second;
  }
  /// Forgets those of environments that are gone.
  void prune(const Records& records) {
    std::erase_if(reasons_,
                  [&](const auto& entry) { return !records.environments.contains(entry.first); });
  }

 private:
  std::map<EnvironmentUid, std::map<ContainerInstanceArn, std::string>> reasons_;
};

}  // namespace blox::scheduler
