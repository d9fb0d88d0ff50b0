// ReadJudge: how often the cluster-state-service reads a cluster whole, and how many calls it makes
// of a minute: what it spends of the account's calls others lack.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "simulation/coverage.h"
#include "simulation/seam_listener.h"
#include "simulator/world.h"

namespace blox::simulation {

/// Its numbers are its own. Listens to the calls of the cluster-state-service. Threading: the
/// executor's thread. Requires: world outlives it.
class ReadJudge final : public SeamListener {
 public:
  /// A cluster is read whole every `interval`.
  ReadJudge(const simulator::World& world, Duration interval)
      : world_(world), interval_(interval) {}

  /// Empty: all rules were kept.
  const std::string& broken() const { return broken_; }
  void note_coverage(Coverage& coverage) const;

  /// The next process reads all anew.
  void on_crash() { whole_.clear(); }

  void on_sent(const std::string& operation, const std::string& body) override;
  void on_answer(const std::string& operation, const std::string& body, TimePoint sent_at,
                 const Result<http::Answer>& answer) override;

 private:
  void break_with(std::string how) {
    if (broken_.empty()) broken_ = std::move(how);
  }
  TimePoint now() const { return world_.executor().now(); }

  const simulator::World& world_;
  Duration interval_;
  std::map<std::string, std::deque<TimePoint>> whole_;  // Reads that began lately, by cluster.
  std::deque<TimePoint> calls_;                         // Of the last minute.
  std::size_t whole_max_ = 0;
  double calls_share_ = 0;
  std::string broken_;
};

}  // namespace blox::simulation
