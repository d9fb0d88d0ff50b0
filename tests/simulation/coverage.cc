#include "simulation/coverage.h"

#include <fmt/format.h>

#include <cstdlib>
#include <sstream>

namespace blox::simulation {

namespace {

// What strikes the run, from outside.
std::vector<std::string> wanted_faults() {
  return {
      "lost answers",
      "lost requests",
      "refused calls",
      "late calls",
      "500s",
      "lost events",
      "delayed events",
      "doubled events",
      "reordered events",
      "throttled calls",
      "broken streams",
      "runs on SQLite",
      "deployments",
      "deployments taken back",
      "stops taken back",
      "joins",
      "drains",
      "drains cancelled",
      "instances gone",
      "registrations anew",
      "deaths",
      "foreign tasks",
      "unanswered: StartTask",
      "unanswered: StopTask",
      "unanswered: ReceiveMessage",
      "unanswered: DeleteMessageBatch",
      "scheduler stores put back",
      "both stores put back",
      "deployments that a copy does not know",
      "lost deployments that were adopted",
      "runs in which clocks err",
      "runs in which a clock is set",
      "ages that were told",
  };
}

}  // namespace

std::vector<std::string> wanted_coverage() {
  auto wanted = wanted_faults();
  const std::vector<std::string> rest{
      "unknown starts found",
      "unknown starts settled as not started",
      "outcomes dropped as MISSING",
      "refused starts",
      "confirmations",
      "late launches",
      "broken starts",
      "tasks that ended",
      "lagging answers",
      "slow answers",
      "agent disconnects",
      "redelivered messages",
      "reconcile repairs",
      "deletes confirmed",
      "late events after a tombstone",
      "Describes caused by old events",
      "events that contradict an end",
      "blackouts of events",
      "partitions of the state service from AWS",
      "partitions of the scheduler from AWS",
      "unclaimed tasks",
      "tasks of another Blox",
      "stops at the drain deadline",
      "environments deleted",
      "environments deleted with their tasks",
      "runs with an instance without room",
      "runs with an instance out of service",
      "runs in which S3 is judged",
      "starts where one had just left",
      "instances back after unreachable_release",
      "power cuts at a write",
      "crashes of the state service",
      "crashes of the scheduler",
      "crashes with an open intent",
      "crashes with an open outcome",
      "failed deployments, made anew",
      "names used again",
      "revisions that die",
      "revisions that hang",
      "revisions that are denied",
      "revisions whose health checks are silent",
      "runs with health checks",
      "questions about health",
      "instances with which calls are refused",
      "runs in which tasks of others stay",
      "state stores put back",
      "times in which Describe leaves objects out",
      "objects not described",
      "stretches in which stops are denied",
      "runs with a budget in percent",
      "runs with environments side by side",
      "starts that waited after a refusal",
      "starts alone after an unknown outcome",
      "stops after a denial",
      "stops on draining instances with other tasks",
      "stops while others are disconnected",
      "failed instances of deployments",
      "completed deployments",
  };
  wanted.insert(wanted.end(), rest.begin(), rest.end());
  return wanted;
}

std::vector<std::string> wanted_large_coverage() {
  return {
      "starts of ten at once",
      "eight starts at a time",
      "commits of 120 records",
      "lists of more than a page",
      "questions about a hundred",
      "calls at the rate that ECS allows",
      "throttled calls",
      "deployments",
      "runs with a budget in percent",
  };
}

std::string format_coverage(const Coverage& coverage) {
  std::string text;
  for (const auto& [what, count] : coverage.counts) {
    text += fmt::format("count\t{}\t{}\n", what, count);
  }
  for (const auto& [what, value] : coverage.greatest) {
    text += fmt::format("greatest\t{}\t{}\n", what, value);
  }
  return text;
}

Coverage parse_coverage(const std::string& text) {
  Coverage coverage;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find('\t');
    const auto last = line.rfind('\t');
    if (first == std::string::npos || first == last) continue;
    const std::string kind = line.substr(0, first);
    const std::string what = line.substr(first + 1, last - first - 1);
    const char* number = line.c_str() + last + 1;
    if (kind == "count") coverage.add(what, std::strtoull(number, nullptr, 10));
    if (kind == "greatest") coverage.note_greatest(what, std::strtod(number, nullptr));
  }
  return coverage;
}

}  // namespace blox::simulation
