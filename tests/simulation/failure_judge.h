// FailureJudge: which deployments fail: those whose budget is filled by instances that are lost to
// it, and no others; and they do so before long.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "simulation/coverage.h"
#include "simulation/deployment_record.h"
#include "simulation/eligible_count.h"
#include "simulation/seam_listener.h"
#include "simulation/strikes.h"

namespace blox::simulation {

/// Listens to the calls and the store of the scheduler. Threading: the executor's thread. Requires:
/// all outlive it.
class FailureJudge final : public SeamListener {
 public:
  struct Rules {
    /// Of so many eligible instances: how many may be lost to a deployment that goes on.
    std::function<std::size_t(std::size_t)> places;
    Duration belief_age{};    ///< What happened longer ago than this is known.
    bool deaths_stay = true;  ///< How a task ended can be read later.
  };
  FailureJudge(const simulator::World& world, const Strikes& strikes, EligibleCount& eligible,
               Rules rules)
      : world_(world), strikes_(strikes), eligible_(eligible), rules_(std::move(rules)) {}

  /// Empty: all rules were kept.
  const std::string& broken() const { return broken_; }
  void note_coverage(Coverage& coverage) const;

  /// A process crashed, or the cluster state is another: who begins anew may not know of deaths
  /// before.
  void on_crash() { judged_from_ = now(); }
  /// The scheduler's store is an older copy of itself; what it holds is told when it is read.
  void on_restore();

  void on_sent(const std::string& operation, const std::string& body) override;
  void on_record(const std::string& key, const std::string& value) override;
  void on_held(const std::string& key, const std::string& value) override;

 private:
  TimePoint now() const { return world_.executor().now(); }
  void note(const DeploymentRecord& deployment);
  bool deployed_before(const DeploymentRecord& deployment) const;
  void judge_failed(const DeploymentRecord& deployment);
  void judge_going_on(const DeploymentRecord& deployment);

  const simulator::World& world_;
  const Strikes& strikes_;
  EligibleCount& eligible_;
  Rules rules_;
  TimePoint judged_from_{};
  TimePoint waits_until_{};
  std::map<std::string, DeploymentRecord> going_on_;          // By id.
  std::map<std::string, std::set<std::string>> deployments_;  // Ids, by environment uid.
  std::set<std::string> failed_;                              // Ids, of those that ever were.
  std::uint64_t filled_ = 0;
  std::string broken_;
};

}  // namespace blox::simulation
