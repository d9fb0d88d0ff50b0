// CallJudge: how the scheduler calls ECS: waits after refusals, pauses after denials, one start at
// a time after one of unknown outcome, and no more calls than there is to do.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "simulation/coverage.h"
#include "simulation/seam_listener.h"
#include "simulation/state_judge.h"

namespace blox::simulation {

/// What it says of a call it says by what the caller had been answered before; its numbers are its
/// own. Threading: the executor's thread. Requires: world and state outlive it.
class CallJudge final : public SeamListener {
 public:
  CallJudge(const simulator::World& world, const StateJudge& state)
      : world_(world), state_(state) {}

  /// Empty: all rules were kept.
  const std::string& broken() const { return broken_; }
  void note_coverage(Coverage& coverage) const;
  /// How often ECS refused a start there, by itself or for the deployment: in answers that arrived.
  int refusals_of(const std::string& deployment, const std::string& instance) const;

  /// How ECS has put it when it refused an instance of a call for that group last; none: it has
  /// not.
  std::vector<std::string> words_of_refusal(const std::string& group,
                                            const std::string& instance) const;

  /// What a process alone knows of refusals is gone.
  void on_crash();
  /// The cluster state is another: whoever waited may do so no more.
  void on_restore() { refusals_.clear(); }

  void on_commit(std::size_t records) override {
    if (records >= 120) ++whole_commits_;
  }
  void on_sent(const std::string& operation, const std::string& body) override;
  void on_answer(const std::string& operation, const std::string& body, TimePoint sent_at,
                 const Result<http::Answer>& answer) override;

 private:
  using Place = std::pair<std::string, std::string>;  // Deployment, instance.
  struct Refusals {
    int count = 0;  // In a row.
    TimePoint last_at;
  };
  void break_with(std::string how) {
    if (broken_.empty()) broken_ = std::move(how);
  }
  TimePoint now() const { return world_.executor().now(); }
  void count_call();
  void judge_start(const std::string& deployment, const std::string& instance);
  void note_refusal(const std::string& deployment, const std::string& instance);
  void note_start_answer(const std::string& body, TimePoint sent_at,
                         const Result<http::Answer>& answer);
  void note_stop_answer(TimePoint sent_at, const Result<http::Answer>& answer);

  const simulator::World& world_;
  const StateJudge& state_;
  std::map<Place, Refusals> refusals_;
  std::map<Place, int> refusal_counts_;         // In all.
  std::map<std::string, int> denial_counts_;    // Likewise, by deployment.
  std::map<Place, std::string> refusal_words_;  // By group and instance.
  std::map<std::string, Refusals> denials_;     // Of starts, by deployment.
  Refusals stop_denials_;
  std::size_t starts_under_way_ = 0;
  bool unsure_ = false;           // Since a start of unknown outcome.
  std::set<std::string> groups_;  // Of the environments that have started something.
  std::deque<TimePoint> calls_;   // Of the last minute.
  std::size_t calls_max_ = 0;
  double calls_share_ = 0;
  std::uint64_t waits_ = 0;
  std::uint64_t single_ = 0;
  std::uint64_t pauses_ = 0;
  // Bounds that were reached.
  std::uint64_t whole_commits_ = 0;
  std::uint64_t whole_starts_ = 0;
  std::uint64_t all_slots_ = 0;
  std::uint64_t pages_ = 0;
  std::deque<TimePoint> changes_;  // Calls of the last second that change ECS.
  std::uint64_t budget_reached_ = 0;
  std::uint64_t whole_questions_ = 0;
  std::string broken_;
};

}  // namespace blox::simulation
