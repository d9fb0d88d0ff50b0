#include "simulation/observation_judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "simulation/own_numbers.h"
#include "simulation/seam_json.h"

namespace blox::simulation {
namespace {

// From the last look at the clock to the wire: the call may wait for its token. Source:
// aws/ecs_client.h, of 2 s for StartTask 1 s is left to the call itself.
constexpr Duration kToTheWire = std::chrono::seconds{1};

bool is_fit(const boost::json::object& instance) {
  const auto* connected = instance.if_contains("agentConnected");
  return text_of(instance, "status") == "ACTIVE" && connected != nullptr && connected->is_bool() &&
         connected->as_bool();
}

}  // namespace

void ObservationJudge::on_instance(const simulator::Instance& instance,
                                   const simulator::InstanceState*) {
  began_[instance.arn].emplace(instance.present().version, world_.executor().now());
}

void ObservationJudge::note_fit(const std::string& instance, TimePoint at) {
  const auto [entry, is_new] = fit_at_.try_emplace(instance, at);
  entry->second = std::max(entry->second, at);
}

void ObservationJudge::on_message(const std::string& body) {
  const auto envelope = parse_seam(body);
  const auto* detail = envelope.if_contains("detail");
  if (detail == nullptr || !detail->is_object() || !is_fit(detail->as_object())) return;
  const std::string arn = text_of(detail->as_object(), "containerInstanceArn");
  const auto* version = detail->as_object().if_contains("version");
  if (version == nullptr || !version->is_int64()) return;
  const auto& versions = began_[arn];
  const auto began = versions.find(version->as_int64());
  if (began != versions.end()) note_fit(arn, began->second);
}

void ObservationJudge::on_answer(const std::string& operation, const std::string&,
                                 TimePoint sent_at, const Result<http::Answer>& answer) {
  if (operation != "DescribeContainerInstances" || !answer || answer->status != 200) return;
  for (const auto& instance : objects_of(parse_seam(answer->body), "containerInstances")) {
    if (is_fit(instance)) note_fit(text_of(instance, "containerInstanceArn"), sent_at);
  }
}

void ObservationJudge::on_sent(const std::string& operation, const std::string& body) {
  if (operation != "StartTask") return;
  for (const auto& instance : texts_of(parse_seam(body), "containerInstances")) {
    judge_start(instance);
  }
}

void ObservationJudge::judge_start(const std::string& instance) {
  const auto fit = fit_at_.find(instance);
  const bool known = fit != fit_at_.end();
  const Duration age = known ? world_.executor().now() - fit->second : Duration::max();
  if (known) oldest_ = std::max(oldest_, age);
  if (age <= kObservationAgeMax + kToTheWire || !broken_.empty()) return;
  broken_ = known ? fmt::format("S2: a start on {}, {} after what was last heard of it was so",
                                instance, format_duration(age))
                  : fmt::format("S2: a start on {}, of which nothing was heard", instance);
}

}  // namespace blox::simulation
