#include "simulation/read_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "simulation/own_numbers.h"
#include "simulation/seam_json.h"

namespace blox::simulation {
namespace {

// Calls of a minute: some whatever there is to read, and so many an instance.
constexpr double kCallsAlways = 120;
constexpr double kCallsAnInstance = 12;
// Whole reads are counted within it.
constexpr Duration kLately = std::chrono::minutes{5};

}  // namespace

void ReadJudge::on_sent(const std::string& operation, const std::string&) {
  if (!operation.starts_with("List") && !operation.starts_with("Describe")) return;
  calls_.push_back(now());
  while (calls_.front() < now() - std::chrono::minutes{1}) calls_.pop_front();
  std::size_t instances = 0;
  for (const auto& [name, cluster] : world_.clusters()) instances += cluster->instances.size();
  const double allowed = kCallsAlways + kCallsAnInstance * static_cast<double>(instances);
  calls_share_ = std::max(calls_share_, static_cast<double>(calls_.size()) / allowed);
  if (static_cast<double>(calls_.size()) <= allowed) return;
  break_with(
      fmt::format("reads: {} calls within a minute, for {} instances", calls_.size(), instances));
}

// A read that fails goes on from there: its first page counts once.
void ReadJudge::on_answer(const std::string& operation, const std::string& body, TimePoint,
                          const Result<http::Answer>& answer) {
  if (operation != "ListContainerInstances" || !answer || answer->status != 200) return;
  const auto request = parse_seam(body);
  if (!text_of(request, "nextToken").empty()) return;
  auto& begun = whole_[text_of(request, "cluster")];
  begun.push_back(now());
  while (begun.front() < now() - kLately) begun.pop_front();
  whole_max_ = std::max(whole_max_, begun.size());
  // One more by the edges.
  const auto allowed = kReadsAtStart + kLately / kHiddenReadsApart + kLately / interval_ + 1;
  if (static_cast<std::int64_t>(begun.size()) <= allowed) return;
  break_with(fmt::format("reads: {} of all of {} within {}", begun.size(),
                         text_of(request, "cluster"), format_duration(kLately)));
}

void ReadJudge::note_coverage(Coverage& coverage) const {
  coverage.note_greatest("whole reads of a cluster within five minutes",
                         static_cast<double>(whole_max_));
  coverage.note_greatest("share of the reads of a minute that are allowed", calls_share_);
}

}  // namespace blox::simulation
