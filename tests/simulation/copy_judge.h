// CopyJudge: what the scheduler's store held when it was copied, what is lost when the copy is put
// back, and that nothing is stopped which the copy does not know.
#pragma once

#include <map>
#include <set>
#include <string>

#include "simulation/coverage.h"
#include "simulation/seam_listener.h"
#include "simulator/world.h"

namespace blox::simulation {

/// Listens to the store of the scheduler. Threading: the loop's thread.
class CopyJudge final : public simulator::WorldObserver, public SeamListener {
 public:
  using Records = std::map<std::string, std::string>;  // By key.

  /// Empty: all rules were kept.
  const std::string& broken() const { return broken_; }
  void note_coverage(Coverage& coverage) const;

  void on_copy() { copy_ = held_; }
  /// The store holds what it held then.
  void on_restore();
  /// What it holds, or held when it was copied.
  const Records& held() const { return held_; }
  bool has_copy_of_environment() const;

  void on_task(const simulator::Task&, const simulator::TaskState*) override {}
  void on_instance(const simulator::Instance&, const simulator::InstanceState*) override {}
  void on_start_asked(const simulator::Instance&, std::string_view) override {}
  void on_stop_asked(const simulator::Task& task, std::string_view reason) override;

  void on_record(const std::string& key, const std::string& value) override;
  void on_erased(const std::string& key) override { held_.erase(key); }

 private:
  Records held_;
  Records copy_;
  std::set<std::string> lost_;  // Deployments that nobody has adopted since.
  std::uint64_t lost_count_ = 0;
  std::uint64_t adopted_count_ = 0;
  std::string broken_;
};

}  // namespace blox::simulation
