// EligibleCount: how many instances are ACTIVE and connected, and how many somebody may take for
// so who has not heard.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/time.h"
#include "simulator/world.h"

namespace blox::simulation {

/// Threading: the executor's thread. Requires: world outlives it.
class EligibleCount final : public simulator::WorldObserver {
 public:
  /// What happened longer ago than `belief_age` is known.
  EligibleCount(const simulator::World& world, Duration belief_age)
      : world_(world), belief_age_(belief_age) {}

  /// Since when it is; none: it is not.
  std::optional<TimePoint> since(const std::string& instance) const {
    const auto found = since_.find(instance);
    return found == since_.end() ? std::nullopt : std::optional{found->second};
  }
  std::size_t max() const { return max_; }
  /// Of all counts that may be believed now.
  std::size_t most_lately() {
    forget_old();
    return then_.empty() ? 0 : std::ranges::max_element(then_, {}, &Then::second)->second;
  }
  std::size_t least_lately() {
    forget_old();
    return then_.empty() ? 0 : std::ranges::min_element(then_, {}, &Then::second)->second;
  }

  void on_task(const simulator::Task&, const simulator::TaskState*) override {}
  void on_instance(const simulator::Instance& instance, const simulator::InstanceState*) override {
    const auto& state = instance.present();
    const TimePoint now = world_.executor().now();
    if (state.status == InstanceStatusKind::kActive && state.agent_connected) {
      since_.try_emplace(instance.arn, now);
    } else {
      since_.erase(instance.arn);
    }
    then_.emplace_back(now, since_.size());
    max_ = std::max(max_, since_.size());
  }
  void on_start_asked(const simulator::Instance&, std::string_view) override {}
  void on_stop_asked(const simulator::Task&, std::string_view) override {}

 private:
  using Then = std::pair<TimePoint, std::size_t>;  // So many from then on.
  void forget_old() {
    const TimePoint from = world_.executor().now() - belief_age_;
    while (then_.size() > 1 && then_[1].first <= from) then_.pop_front();
  }

  const simulator::World& world_;
  Duration belief_age_;
  std::map<std::string, TimePoint> since_;
  std::deque<Then> then_;
  std::size_t max_ = 0;
};

}  // namespace blox::simulation
