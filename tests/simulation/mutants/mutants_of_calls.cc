#include <utility>

#include "simulation/mutants/biases.h"
#include "simulation/mutants/broken_calls.h"
#include "simulation/mutants/more_mutants.h"

namespace blox::simulation {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

using Bias = std::function<void(Scenario&)>;

Mutant called(std::string promise, std::string name, BentControl::Bends bends, Bias bias) {
  Mutant mutant;
  mutant.promise = std::move(promise);
  mutant.name = std::move(name);
  mutant.control = [bends = std::move(bends)](aws::EcsControl& real) {
    return std::make_unique<BentControl>(real, bends);
  };
  mutant.bend_scenario = std::move(bias);
  return mutant;
}

Mutant asked(std::string promise, std::string name, BentQuery::Bends bends, Bias bias) {
  Mutant mutant;
  mutant.promise = std::move(promise);
  mutant.name = std::move(name);
  mutant.query = [bends = std::move(bends)](aws::EcsQuery& real) {
    return std::make_unique<BentQuery>(real, bends);
  };
  mutant.bend_scenario = std::move(bias);
  return mutant;
}

Mutant optioned(std::string promise, std::string name,
                std::function<void(scheduler::ActOptions&)> options, Bias bias) {
  Mutant mutant;
  mutant.promise = std::move(promise);
  mutant.name = std::move(name);
  mutant.options = std::move(options);
  mutant.bend_scenario = std::move(bias);
  return mutant;
}

// A call that is refused for one of several instances is refused for all, and not made again.
void blame_all(const aws::StartRequest& request, BentControl::Started& answer) {
  if (answer || answer.error().kind != ErrorKind::kInvalid || request.instances.size() < 2) return;
  const aws::StartFailure failure{"REFUSED", answer.error().message};
  std::vector<aws::StartedOn> all;
  for (const auto& instance : request.instances)
    all.push_back({instance, std::unexpected(failure)});
  answer = std::move(all);
}

// What nobody knows the outcome of stays open, as it must, but nothing slows down.
void do_not_brake(const aws::StartRequest&, BentControl::Started& answer) {
  if (!answer && !is_outcome_known(answer.error().kind)) answer = std::vector<aws::StartedOn>{};
}

void take_unknown_for_not_done(Status& answer) {
  if (answer || is_outcome_known(answer.error().kind)) return;
  answer = fail(ErrorKind::kUnavailable, answer.error().message);
}

void take_denied_for_unavailable(Status& answer) {
  if (answer || answer.error().kind != ErrorKind::kDenied) return;
  answer = fail(ErrorKind::kUnavailable, answer.error().message);
}

void show_all_active(aws::DescribedInstances& answer) {
  for (auto& report : answer.instances) {
    report.status = make_instance_status("ACTIVE");
    const std::string off = "\"agentConnected\":false";
    const auto at = report.detail.find(off);
    if (at != std::string::npos) report.detail.replace(at, off.size(), "\"agentConnected\":true");
  }
}

void find_nothing(const aws::TaskFilter& filter, std::vector<TaskArn>& answer) {
  if (!filter.started_by.empty()) answer.clear();
}

void ask_without_rest(scheduler::ActOptions& options) {
  const scheduler::Backoff soon{milliseconds{20}, milliseconds{20}};
  options.lookup = options.outcome_check = options.stop_repeat = options.call_retry = soon;
  options.confirmation_age_max = milliseconds{20};
  options.removal_check = milliseconds{20};
}

void refuse_one(Scenario& scenario) {
  scenario.refused_instance = true;
  scenario.instance_count = 10;
  scenario.machine_events = 8;
  scenario.deployments = 3;
}

void deny_stops(Scenario& scenario) {
  scenario.stops_denied = {seconds{30}, scenario.calm_at - minutes{1}};
  scenario.deployments = 3;
  scenario.instance_count = 8;
  scenario.unavailable_is_percent = false;
  scenario.unavailable_max = 3;
}

// Deployments are taken back before anybody knows what became of their stops.
void second_thoughts(Scenario& scenario) {
  keep_quiet(scenario);
  scenario.second_thoughts = true;
  scenario.deployments = 20;
  scenario.instance_count = 8;
  scenario.unavailable_max = 3;
  scenario.faults.answer_lost = 0.5;
  scenario.faults.event_delayed = 1;
  scenario.faults.event_delay = {seconds{5}, seconds{12}};
}

// Most starts whose answer is lost are seen by their events in time.
Mutant does_not_find() {
  Mutant mutant = asked("S1", "does-not-find-unknown-starts", {find_nothing, {}, {}}, lose_answers);
  mutant.first_seed = 795;
  return mutant;
}

Mutant takes_unknown_stops() {
  Mutant mutant = called("S3", "takes-unknown-stops-for-not-done", {{}, take_unknown_for_not_done},
                         second_thoughts);
  mutant.first_seed = 2;
  return mutant;
}

Mutant fast() {
  Mutant mutant;
  mutant.promise = "S1";
  mutant.name = "lives-by-a-fast-clock";
  mutant.clock_speed = 30;
  mutant.bend_scenario = [](Scenario& scenario) {
    scenario.faults.answer_lost = 0.3;
    scenario.faults.list_lagging = 0.5;
    scenario.faults.list_lag_max = minutes{5};
  };
  return mutant;
}

}  // namespace

std::vector<Mutant> mutants_of_calls() {
  return {
      called("failed instances", "blames-all-of-a-refused-call", {blame_all, {}}, refuse_one),
      called("calls", "does-not-brake", {do_not_brake, {}}, lose_answers),
      called("pauses", "does-not-pause-denied-stops", {{}, take_denied_for_unavailable},
             deny_stops),
      takes_unknown_stops(),
      asked("S2", "takes-every-instance-for-active", {{}, show_all_active, {}},
            [](Scenario& scenario) { scenario.machine_events = 12; }),
      does_not_find(),
      optioned("S2", "believes-for-an-hour",
               [](scheduler::ActOptions& options) {
                 options.assumptions.observation_age_max = hours{1};
               },
               {}),
      optioned("calls", "asks-without-rest", ask_without_rest, {}),
      fast(),
  };
}

}  // namespace blox::simulation
