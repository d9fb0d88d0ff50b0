#include "simulation/age_judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "simulation/seam_json.h"

namespace blox::simulation {
namespace {

// From the service to whoever reads it: a link that is slow, and the second that some ages are of.
constexpr Duration kOnItsWay = std::chrono::seconds{12};

}  // namespace

void AgeJudge::on_instance(const simulator::Instance& instance, const simulator::InstanceState*) {
  began_[instance.arn].emplace(instance.present().version, now());
}

void AgeJudge::note_heard(const std::string& instance, TimePoint said_at) {
  const auto [entry, is_new] = heard_.try_emplace(instance, said_at);
  entry->second = std::max(entry->second, said_at);
}

void AgeJudge::on_message(const std::string& body) {
  const auto envelope = parse_seam(body);
  const auto* detail = envelope.if_contains("detail");
  if (detail == nullptr || !detail->is_object()) return;
  if (detail->as_object().if_contains("agentConnected") == nullptr) return;  // Of a task.
  const auto* version = detail->as_object().if_contains("version");
  if (version == nullptr || !version->is_int64()) return;
  const std::string arn = text_of(detail->as_object(), "containerInstanceArn");
  const auto& versions = began_[arn];
  const auto began = versions.find(version->as_int64());
  if (began != versions.end()) note_heard(arn, began->second);
}

void AgeJudge::on_answer(const std::string& operation, const std::string&, TimePoint sent_at,
                         const Result<http::Answer>& answer) {
  if (operation != "DescribeContainerInstances" || !answer || answer->status != 200) return;
  for (const auto& instance : objects_of(parse_seam(answer->body), "containerInstances")) {
    note_heard(text_of(instance, "containerInstanceArn"), sent_at);
  }
}

void AgeJudge::on_line(const client::Change<ContainerInstance>& change) {
  if (change.kind == client::ChangeKind::kBookmark) {
    for (const auto& [cluster, age] : change.bookmark.sync_ages) {
      if (const auto marked = state_.marked_at(cluster.value)) judge(cluster.value, age, *marked);
    }
    return;
  }
  const auto heard = heard_.find(change.entry.object.arn.value);
  if (!change.entry.age || heard == heard_.end()) return;
  judge(heard->first, *change.entry.age, heard->second);
}

void AgeJudge::judge(const std::string& what, Duration age, TimePoint newest) {
  ++told_;
  if (now() - age <= newest + kOnItsWay || !broken_.empty()) return;
  broken_ = fmt::format("ages: what is known of {} is told to be {} old, and is {}", what,
                        format_duration(age), format_duration(now() - newest));
}

}  // namespace blox::simulation
