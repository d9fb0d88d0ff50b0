#include "cluster_state/ingest/report.h"

namespace blox::cluster_state {
namespace {

constexpr std::size_t kVerdictCount = 5;

std::size_t place_of(bool task, Origin origin, Verdict verdict) {
  const std::size_t row = (task ? 0U : 2U) + (origin == Origin::kEvent ? 0U : 1U);
  return row * kVerdictCount + static_cast<std::size_t>(verdict);
}

ObjectName name_of(const Report& report) {
  if (const auto* task = std::get_if<TaskReport>(&report.what)) return task->arn;
  return std::get<InstanceReport>(report.what).arn;
}

}  // namespace

ReportView::ReportView(const Report& report)
    : task_(std::get_if<TaskReport>(&report.what)),
      instance_(std::get_if<InstanceReport>(&report.what)),
      name_(name_of(report)) {
  // A task's end is final. An instance's is not: only its version counts.
  sighting_ = {report.origin, is_task() && has_ended(), task_ ? task_->version : instance_->version,
               report.at, report.asked};
}

std::string_view ReportView::describe_only() const {
  const std::string& text = task_ ? task_->describe_only : instance_->describe_only;
  return text == "{}" ? std::string_view{} : std::string_view{text};
}

bool ReportView::has_ended() const {
  return task_ ? task_->last_status.is_final() : instance_->status.is_final();
}

std::string_view ReportView::instance() const {
  return task_ && task_->container_instance ? std::string_view{task_->container_instance->value}
                                            : std::string_view{};
}

ReportCounters::ReportCounters(Metrics& metrics) {
  for (const bool task : {true, false}) {
    for (const Origin origin : {Origin::kEvent, Origin::kDescribe}) {
      for (const Verdict verdict : {Verdict::kApply, Verdict::kOverlay, Verdict::kStale,
                                    Verdict::kFinal, Verdict::kDescribe}) {
        counters_[place_of(task, origin, verdict)] = &metrics.counter(
            "blox_ingest_reports_total", "Reports on objects, by what merging did with them.",
            {{"kind", task ? "task" : "instance"},
             {"origin", origin == Origin::kEvent ? "event" : "describe"},
             {"verdict", std::string{to_text(verdict)}}});
      }
    }
  }
}

void ReportCounters::count(const ReportView& report, Verdict verdict) {
  counters_[place_of(report.is_task(), report.sighting().origin, verdict)]->Increment();
}

}  // namespace blox::cluster_state
