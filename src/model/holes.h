// What a whole read of a cluster left out. A plain value: ingest stores it, readers are told of it.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "model/arn.h"

namespace blox {

/// Objects of one cluster that ECS listed and did not describe, and of which nothing is known: what
/// is shown of the cluster lacks them, so that their absence proves nothing.
struct Holes {
  /// Of so many the names are kept: enough to look into, and a bounded share of a bookmark.
  static constexpr std::size_t kNamedMax = 20;

  std::size_t task_count = 0;      ///< Of all, whether named or not.
  std::size_t instance_count = 0;  ///< Likewise.
  std::set<std::string> arns;      ///< At most kNamedMax of either kind together.

  std::size_t count() const { return task_count + instance_count; }
  bool is_empty() const { return count() == 0; }

  void add(const TaskArn& task) { add(task.value, task_count); }
  void add(const ContainerInstanceArn& instance) { add(instance.value, instance_count); }
  /// The object is known by now, or gone. Shape: whether it was a hole by name.
  bool erase(const TaskArn& task) { return erase(task.value, task_count); }
  bool erase(const ContainerInstanceArn& instance) { return erase(instance.value, instance_count); }

  friend bool operator==(const Holes&, const Holes&) = default;

 private:
  void add(const std::string& arn, std::size_t& of_kind) {
    ++of_kind;
    if (arns.size() < kNamedMax) arns.insert(arn);
  }
  bool erase(const std::string& arn, std::size_t& of_kind) {
    if (arns.erase(arn) == 0) return false;
    if (of_kind > 0) --of_kind;
    return true;
  }
};

/// Of those clusters that have any.
using ClusterHoles = std::map<ClusterArn, Holes>;

}  // namespace blox
