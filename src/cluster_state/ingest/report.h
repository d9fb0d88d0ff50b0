// What comes into ingest: reports on objects, and records that change none.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/metrics.h"
#include "base/time.h"
#include "cluster_state/ingest/catalog.h"
#include "cluster_state/ingest/merge.h"
#include "codec/stored_records.h"
#include "model/report.h"

namespace blox::cluster_state {

/// What was said about one object, by whom and when.
struct Report {
  std::variant<TaskReport, InstanceReport> what;
  Origin origin = Origin::kEvent;
  WallTime at;           ///< When the event was sent, or when the Describe was asked.
  TimePoint asked = {};  ///< Of a Describe: the same by the executor's clock.
};

/// What goes in together and is durable together (not in one commit, though).
struct Batch {
  std::vector<Report> reports;
  std::vector<codec::StoredEvent> events;
  std::vector<codec::DeadLetter> dead_letters;
};

/// Both kinds of report as merging takes them. Requires: the report outlives it.
class ReportView {
 public:
  explicit ReportView(const Report& report);

  const ObjectName& name() const { return name_; }
  const Sighting& sighting() const { return sighting_; }
  bool is_task() const { return task_ != nullptr; }
  const ClusterArn& cluster() const { return task_ ? task_->cluster : instance_->cluster; }
  std::string_view detail() const { return task_ ? task_->detail : instance_->detail; }
  /// Empty when there is nothing in it.
  std::string_view describe_only() const;
  /// STOPPED or INACTIVE.
  bool has_ended() const;
  /// The ARN of a task's container instance, or empty.
  std::string_view instance() const;

 private:
  const TaskReport* task_;
  const InstanceReport* instance_;
  ObjectName name_;
  Sighting sighting_;
};

/// How many reports ended how, by kind and origin.
class ReportCounters {
 public:
  explicit ReportCounters(Metrics& metrics);
  void count(const ReportView& report, Verdict verdict);

 private:
  std::array<Counter*, 20> counters_{};
};

}  // namespace blox::cluster_state
