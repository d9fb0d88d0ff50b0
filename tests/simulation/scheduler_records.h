// SchedulerRecords: what the scheduler's store holds, as it passed the seam.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "simulation/deployment_record.h"
#include "simulation/seam_json.h"
#include "simulation/seam_listener.h"

namespace blox::simulation {

/// Listens to the store of the scheduler. Threading: the executor's thread.
class SchedulerRecords final : public SeamListener {
 public:
  /// The value of the first key under a prefix that `holds` is true for; null: there is none.
  template <class Holds>
  const boost::json::object* find(std::string_view prefix, Holds holds) const {
    for (auto found = records_.lower_bound(prefix); found != records_.end(); ++found) {
      if (!found->first.starts_with(prefix)) return nullptr;
      if (holds(found->second)) return &found->second;
    }
    return nullptr;
  }
  const boost::json::object* find(std::string_view prefix) const {
    return find(prefix, [](const auto&) { return true; });
  }
  /// Of the environment of that name that is not being deleted; empty: there is none.
  std::string uid_of(std::string_view name) const {
    const auto* record = find("scheduler/environments/", [&](const auto& environment) {
      return text_of(environment, "name") == name && !environment.contains("deleting");
    });
    return record == nullptr ? "" : text_of(*record, "uid");
  }

  /// What is durable and was not acknowledged shows when the next process begins.
  void on_crash() { records_.clear(); }
  void on_record(const std::string& key, const std::string& value) override {
    records_.insert_or_assign(key, parse_seam(value));
  }
  void on_held(const std::string& key, const std::string& value) override { on_record(key, value); }
  void on_erased(const std::string& key) override { records_.erase(key); }

 private:
  std::map<std::string, boost::json::object, std::less<>> records_;
};

}  // namespace blox::simulation
