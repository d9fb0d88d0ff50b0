#include "simulation/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "base/sim_loop.h"
#include "simulation/actors.h"
#include "simulation/sim_process.h"
#include "simulation/world_trace.h"
#include "simulator/face.h"

namespace blox::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kDefinitions = 3;
constexpr const char* kDefinitionBody =
    R"({"family":"agent","containerDefinitions":[{"name":"main","image":"agent","cpu":64,"memory":64}]})";

class Run {
 public:
  Run(const Scenario& scenario, const Mutant& mutant, std::ostream* trace)
      : scenario_(scenario),
        mutant_(mutant),
        loop_(scenario.seed),
        random_(scenario.seed + 1),
        simulator_(loop_, random_),
        face_(simulator_),
        state_aws_(loop_, random_, face_, simulator_.faults),
        scheduler_aws_(loop_, random_, face_, simulator_.faults),
        to_state_(loop_, random_),
        to_scheduler_(loop_, random_),
        state_disk_(scenario.state_on_sqlite, scenario.seed),
        scheduler_disk_(scenario.scheduler_on_sqlite, scenario.seed + 1),
        client_(to_scheduler_, {}),
        data_centre_(loop_, random_, simulator_, scenario_, report_.coverage),
        actors_(loop_) {
    if (trace == nullptr) return;
    tracer_.emplace(loop_, simulator_.judge, *trace);
    simulator_.world.add_observer(*tracer_);
  }

  RunReport run();

 private:
  void prepare();
  void start_state();
  void start_scheduler();
  void crash_state();
  void crash_scheduler();
  void crash_one();
  void storm();
  void calm();
  void await_liveness();
  void check_safety();
  std::string what_is_missing();
  void note_coverage();
  bool is_broken() const { return !report_.broken.empty(); }
  void break_with(std::string promise) {
    if (!is_broken()) report_.broken = std::move(promise);
  }

  const Scenario& scenario_;
  const Mutant& mutant_;
  RunReport report_;
  SimLoop loop_;
  Random random_;
  simulator::Simulator simulator_;
  std::optional<WorldTrace> tracer_;
  simulator::Face face_;
  simulator::SimTransport state_aws_;
  simulator::SimTransport scheduler_aws_;
  SimLink to_state_;
  SimLink to_scheduler_;
  Disk state_disk_;
  Disk scheduler_disk_;
  client::Scheduler client_;
  DataCentre data_centre_;
  std::optional<User> user_;
  std::unique_ptr<StateProcess> state_;
  std::unique_ptr<SchedulerProcess> scheduler_;
  std::uint64_t lives_ = 0;
  Scope actors_;
};

void Run::prepare() {
  data_centre_.prepare();
  std::vector<std::string> definitions;
  const auto register_all = [&]() -> Async<void> {
    for (int i = 0; i < kDefinitions; ++i) {
      http::Request request;
      request.method = "POST";
      request.target = "/";
      request.headers = {
          {"X-Amz-Target", "AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition"},
          {"Content-Type", "application/x-amz-json-1.1"}};
      request.body = kDefinitionBody;
      const auto answer = co_await face_.answer(std::move(request));
      check(answer.status == 200, "the simulator takes a task definition");
    }
  };
  actors_.spawn(register_all());
  loop_.run_for(seconds{1});
  for (const auto& definition : simulator_.world.families().at("agent")) {
    definitions.push_back(definition->arn);
  }
  user_.emplace(loop_, random_, client_, scenario_, std::move(definitions), report_.coverage);
  simulator_.faults = scenario_.faults;
  start_state();
  start_scheduler();
  actors_.spawn(user_->run());
  actors_.spawn(data_centre_.run());
}

void Run::start_state() {
  auto store = state_disk_.open(loop_);
  if (!store) return break_with("the state store does not open: " + store.error().message);
  apps::StateServiceOptions options;
  options.reconcile.every = scenario_.reconcile_every;
  state_ = std::make_unique<StateProcess>(Surroundings{loop_, state_aws_, mutant_},
                                          scenario_.seed * 1000 + ++lives_, *std::move(store),
                                          std::move(options));
  to_state_.connect(state_->handler());
}

void Run::start_scheduler() {
  auto store = scheduler_disk_.open(loop_);
  if (!store) return break_with("the scheduler's store does not open: " + store.error().message);
  apps::SchedulerServiceOptions options;
  options.state_url = "http://state.sim";
  options.plan.picture_age_max = 3 * scenario_.reconcile_every;
  scheduler_ = std::make_unique<SchedulerProcess>(Surroundings{loop_, scheduler_aws_, mutant_},
                                                  scenario_.seed * 1000 + ++lives_,
                                                  *std::move(store), to_state_, std::move(options));
  to_scheduler_.connect(scheduler_->handler());
}

void Run::crash_state() {
  if (tracer_) tracer_->say("the state service crashes");
  to_state_.disconnect();
  state_.reset();
  state_disk_.crash(random_);
  report_.coverage.add("crashes of the state service");
  loop_.call_at(loop_.now() + random_.between(milliseconds{100}, seconds{20}),
                [this] { start_state(); });
}

void Run::crash_scheduler() {
  if (scheduler_->service() != nullptr) {
    const auto& records = scheduler_->service()->repository().records();
    if (!records.intents.empty()) report_.coverage.add("crashes with an open intent");
    if (!records.outcomes.empty()) report_.coverage.add("crashes with an open outcome");
  }
  if (tracer_) tracer_->say("the scheduler crashes");
  to_scheduler_.disconnect();
  scheduler_.reset();
  scheduler_disk_.crash(random_);
  report_.coverage.add("crashes of the scheduler");
  loop_.call_at(loop_.now() + random_.between(milliseconds{100}, seconds{20}),
                [this] { start_scheduler(); });
}

void Run::crash_one() {
  const auto choice = random_.below(100);
  if (choice < 60) {
    if (scheduler_) crash_scheduler();
  } else if (choice < 85) {
    if (state_) crash_state();
  } else {
    to_state_.break_streams();
  }
}

// Between any two steps: a crash comes after a drawn number of steps from a drawn time on.
void Run::storm() {
  std::vector<TimePoint> times;
  for (int i = 0; i < scenario_.crash_count; ++i) {
    times.push_back(TimePoint{random_.between(seconds{2}, scenario_.calm_at)});
  }
  std::ranges::sort(times);
  for (const TimePoint time : times) {
    loop_.run_until(time);
    for (auto steps = random_.below(200); steps > 0; --steps) {
      if (!loop_.step(TimePoint{scenario_.calm_at})) break;
    }
    crash_one();
    check_safety();
    if (is_broken()) return;
  }
  loop_.run_until(TimePoint{scenario_.calm_at});
}

void Run::calm() {
  simulator_.faults = simulator::Faults{};
  data_centre_.calm_down();
  // Tasks that were doomed before still end; after that the world is calm.
  loop_.run_for(scenario_.faults.task_life.high);
}

// What stands between now and L, in words; empty: nothing.
std::string Run::what_is_missing() {
  if (!user_->is_done()) return "the user's deployments are not all accepted";
  if (!scheduler_ || scheduler_->service() == nullptr) return "the scheduler is not up";
  const auto& records = scheduler_->service()->repository().records();
  for (const auto& [key, intent] : records.intents) {
    return fmt::format("an intent is open: {} on {} of task {}, since {}: {}",
                       intent.kind == scheduler::IntentKind::kStart ? "start" : "stop",
                       short_id(intent.instance.value),
                       intent.known_tasks.empty() ? "-" : intent.known_tasks.back().value,
                       format_time(intent.created_at), intent.reason);
  }
  if (!records.outcomes.empty()) return "an outcome is unresolved";
  for (const auto& [id, deployment] : records.deployments) {
    if (deployment.status != scheduler::DeploymentStatus::kCompleted &&
        deployment.status != scheduler::DeploymentStatus::kSuperseded) {
      return "a deployment has not ended";
    }
  }
  const auto* cluster = simulator_.world.find_cluster(kCluster);
  for (const auto& [id, instance] : cluster->instances) {
    const auto& present = instance->present();
    const bool eligible = present.status == InstanceStatusKind::kActive && present.agent_connected;
    std::vector<const simulator::Task*> live;
    for (const auto& [task_id, task] : instance->tasks) {
      if (task->present().is_live() && task->group == kGroup) live.push_back(task);
    }
    if (present.status == InstanceStatusKind::kDraining && present.agent_connected &&
        !live.empty()) {
      return "a drained instance still runs a task: " + id;
    }
    if (!eligible) continue;
    if (live.size() != 1) return fmt::format("instance {} has {} tasks", id, live.size());
    if (!live.front()->present().is_running()) return "a task is not RUNNING on " + id;
    if (live.front()->definition->arn != user_->wanted()) return "an outdated task runs on " + id;
  }
  return {};
}

void Run::await_liveness() {
  const TimePoint limit{scenario_.calm_at + scenario_.settled_by};
  std::string missing = what_is_missing();
  while (!missing.empty() && loop_.now() < limit && !is_broken()) {
    loop_.run_for(seconds{5});
    missing = what_is_missing();
  }
  check_safety();
  if (!missing.empty()) return break_with("L: " + missing);
  // It stays so: past a settle wait, when a late look-up could still do harm.
  loop_.run_for(minutes{7});
  check_safety();
  missing = what_is_missing();
  if (!missing.empty()) break_with("L: reached, and lost again: " + missing);
}

void Run::check_safety() {
  for (const auto& peak : simulator_.judge.doubled()) {
    return break_with(fmt::format("S1: {} live tasks of {} on {} at {}", peak.live_max, peak.group,
                                  peak.instance_arn, format_time(peak.at)));
  }
  if (simulator_.judge.foreign_stop_count() > 0) {
    return break_with("S4: a task was stopped that is not ours: " +
                      simulator_.judge.foreign_stops().front().task.task_arn);
  }
  // An observation is as old as the events and lists that it stands on; a lost event has no bound
  // but the next reconcile, so S2 is judged where none is lost.
  const auto& faults = scenario_.faults;
  if (faults.event_lost == 0 && scenario_.crash_count == 0) {
    const Duration bound = seconds{60} + faults.event_delay.high + faults.overtime.high +
                           (faults.list_lagging > 0 ? faults.list_lag_max : Duration::zero()) +
                           seconds{5};
    for (const auto& start : simulator_.judge.bad_starts()) {
      if (start.since <= bound) continue;
      return break_with(fmt::format("S2: a start on {}, {} for {}", start.instance_arn,
                                    start.instance_status, format_duration(start.since)));
    }
  }
  // Where the event of an agent's return is lost, and no reconcile makes it good in time, the place
  // in the budget of a stop there is given up for an instance that is back (unreachable_release).
  if (faults.event_lost > 0 && faults.agent_disconnects > 0 &&
      scenario_.reconcile_every >= minutes{10}) {
    return;
  }
  const std::size_t budget = static_cast<std::size_t>(scenario_.unavailable_max) +
                             static_cast<std::size_t>(data_centre_.reactivated_count());
  if (simulator_.judge.out_of_service_max(kGroup) > budget) {
    std::string now;
    for (const auto& out : simulator_.judge.out_of_service(kGroup)) {
      now += fmt::format("\n  {} since {}, task {}", short_id(out.instance_arn),
                         format_time(out.at), short_id(out.task_arn));
    }
    break_with(fmt::format("S3: {} instances out of service by our stops, {} allowed; now:{}",
                           simulator_.judge.out_of_service_max(kGroup), budget, now));
  }
}

void Run::note_coverage() {
  Coverage& coverage = report_.coverage;
  const auto& calls = scheduler_aws_.counts();
  coverage.add("lost answers", calls.answer_lost);
  coverage.add("lost requests", calls.request_lost);
  coverage.add("refused calls", calls.refused);
  coverage.add("late calls", calls.overtime);
  coverage.add("500s", calls.failed);
  coverage.add("lost events", simulator_.events.counts().lost);
  coverage.add("delayed events", simulator_.events.counts().delayed);
  coverage.add("doubled events", simulator_.events.counts().duplicated);
  coverage.add("reordered events", simulator_.events.counts().reordered);
  coverage.add("throttled calls", simulator_.throttle.refused_count());
  coverage.add("broken streams", to_state_.broken_stream_count());
  if (scenario_.state_on_sqlite || scenario_.scheduler_on_sqlite) coverage.add("runs on SQLite");
  if (scheduler_) {
    std::istringstream metrics{scheduler_->metrics().to_text()};
    for (std::string line; std::getline(metrics, line);) {
      if (!line.starts_with("blox_scheduler_unknown_resolved_total")) continue;
      coverage.add("unknown starts resolved",
                   std::strtoull(line.c_str() + line.rfind(' '), nullptr, 10));
    }
  }
}

RunReport Run::run() {
  prepare();
  storm();
  check_safety();
  if (!is_broken()) {
    calm();
    await_liveness();
  }
  note_coverage();
  report_.trace_hash = loop_.trace_hash();
  report_.step_count = loop_.step_count();
  // The processes go first: they use all the rest.
  to_state_.disconnect();
  to_scheduler_.disconnect();
  return std::move(report_);
}

}  // namespace

RunReport simulate(const Scenario& scenario, const Mutant& mutant, std::ostream* trace) {
  return Run{scenario, mutant, trace}.run();
}

}  // namespace blox::simulation
