#include "simulation/fault_tally.h"

#include <cstdlib>
#include <sstream>
#include <vector>

namespace blox::simulation {
namespace {

struct Row {
  std::string_view metric;
  std::vector<std::string_view> labels;
  const char* what;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> all{
      {"blox_scheduler_unknown_resolved_total", {"as=\"started\""}, "unknown starts found"},
      {"blox_scheduler_unknown_resolved_total",
       {"as=\"not_started\""},
       "unknown starts settled as not started"},
      {"blox_scheduler_withdrawn_stops_total", {}, "stops taken back"},
      {"blox_scheduler_disproved_stops_total", {}, "stops that had no effect"},
      {"blox_scheduler_start_refusals_total", {}, "refused starts"},
      {"blox_scheduler_confirmations_total", {}, "confirmations"},
      {"blox_scheduler_health_questions_total", {}, "questions about health"},
      {"blox_reconcile_differences_total", {"kind=\"added\""}, "reconcile repairs"},
      {"blox_reconcile_differences_total", {"kind=\"changed\""}, "reconcile repairs"},
      {"blox_reconcile_differences_total", {"kind=\"removed\""}, "deletes confirmed"},
      {"blox_ingest_reports_total",
       {"origin=\"event\"", "verdict=\"asked\""},
       "Describes caused by old events"},
      {"blox_ingest_reports_total",
       {"origin=\"event\"", "verdict=\"final\""},
       "events that contradict an end"},
  };
  return all;
}

bool is_of(const std::string& line, const Row& row) {
  if (!line.starts_with(row.metric)) return false;
  return std::ranges::all_of(
      row.labels, [&](std::string_view label) { return line.find(label) != std::string::npos; });
}

}  // namespace

void tally_metrics(const std::string& metrics, Coverage& coverage) {
  std::istringstream lines{metrics};
  for (std::string line; std::getline(lines, line);) {
    for (const Row& row : rows()) {
      if (!is_of(line, row)) continue;
      const double count = std::strtod(line.c_str() + line.rfind(' '), nullptr);
      coverage.add(row.what, static_cast<std::uint64_t>(count));
    }
  }
}

void tally_calls(const simulator::SimTransport& aws, Coverage& coverage) {
  const auto& calls = aws.counts();
  coverage.add("lost answers", calls.answer_lost);
  coverage.add("lost requests", calls.request_lost);
  coverage.add("refused calls", calls.refused);
  coverage.add("late calls", calls.overtime);
  coverage.add("500s", calls.failed);
}

void tally_simulator(const simulator::Simulator& simulator, Coverage& coverage) {
  const auto& events = simulator.events.counts();
  coverage.add("lost events", events.lost);
  coverage.add("delayed events", events.delayed);
  coverage.add("doubled events", events.duplicated);
  coverage.add("reordered events", events.reordered);
  coverage.add("throttled calls", simulator.throttle.refused_count());
  coverage.add("lagging answers", simulator.fault_counts.lagging_answers);
  coverage.add("slow answers", simulator.fault_counts.slow_answers);
  coverage.add("objects not described", simulator.fault_counts.undescribed);
}

}  // namespace blox::simulation
