#include "simulation/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/sim_loop.h"
#include "client/http_cluster_state.h"
#include "simulation/actors.h"
#include "simulation/fault_tally.h"
#include "simulation/judges.h"
#include "simulation/last_words.h"
#include "simulation/outcome_tally.h"
#include "simulation/promises.h"
#include "simulation/sim_process.h"
#include "simulation/watched.h"
#include "simulation/world_trace.h"
#include "simulator/face.h"

namespace blox::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kDefinitions = 3;
constexpr const char* kFamily = "agent";
constexpr const char* kSecondFamily = "logs";

std::string definition_of(const std::string& family, Duration check_interval) {
  const auto interval = std::chrono::floor<seconds>(check_interval).count();
  const std::string check =
      interval == 0
          ? ""
          : fmt::format(R"(,"healthCheck":{{"command":["CMD","c"],"interval":{}}})", interval);
  return R"({"family":")" + family +
         R"(","containerDefinitions":[{"name":"main","image":"i","cpu":64,"memory":64)" + check +
         "}]}";
}

class Run {
 public:
  Run(const Scenario& scenario, const Mutant& mutant, std::ostream* trace)
      : scenario_(scenario),
        mutant_(mutant),
        loop_(scenario.seed),
        random_(scenario.seed + 1),
        simulator_(loop_, random_, options_of(scenario)),
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
    simulator_.world.add_observer(tally_);
    if (trace == nullptr) return;
    tracer_.emplace(loop_, simulator_.judge, *trace);
    simulator_.world.add_observer(*tracer_);
  }

  RunReport run();

 private:
  static simulator::Options options_of(const Scenario& scenario) {
    simulator::Options options;
    options.delays.stopped_visible = scenario.stopped_visible;
    return options;
  }
  std::vector<std::string> other_names() const {
    std::vector<std::string> names;
    for (int i = 2; i <= scenario_.environment_count; ++i) {
      names.push_back("other-" + std::to_string(i));
    }
    return names;
  }
  std::vector<std::string> groups() const {
    std::vector<std::string> groups{kGroup};
    for (const auto& name : other_names()) groups.push_back("blox:" + name);
    return groups;
  }
  void prepare();
  Async<void> register_definition(std::string family);
  void plan_bad_revision();
  void plan_restore();
  void plan_scheduler_restore();
  void note_line(const client::Change<Task>& change) { judges_.state().on_line(change); }
  void note_line(const client::Change<ContainerInstance>& change) {
    judges_.state().on_line(change);
    judges_.ages().on_line(change);
  }
  void plan_windows();
  void plan(const std::vector<Window>& windows, const std::string& what,
            const std::function<void(bool)>& set);
  void start_state();
  void start_scheduler();
  void crash_state();
  void crash_scheduler();
  void crash_one();
  void cut_power(Disk& disk);
  void storm();
  void calm();
  void await_liveness();
  template <class Stream>
  Async<void> watch_stream(Async<Result<std::unique_ptr<Stream>>> (client::HttpClusterState::*open)(
      client::StreamStart));
  Situation situation() {
    return {scenario_, simulator_,   judges_.state(),  judges_.records(),     judges_.calls(),
            *user_,    state_.get(), scheduler_.get(), judges_.eligible_max()};
  }
  void check_safety() {
    break_with(broken_safety(situation()));
    break_with(judges_.broken());
  }
  void say(const std::string& text) {
    if (tracer_) tracer_->say(text);
  }
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
  FaultTally tally_{loop_, report_.coverage};
  std::optional<WorldTrace> tracer_;
  Judges judges_{simulator_, scenario_, groups(), report_.coverage};
  simulator::Face face_;
  simulator::SimTransport state_aws_;
  simulator::SimTransport scheduler_aws_;
  WatchedTransport watched_state_aws_{loop_, state_aws_, report_.coverage,
                                      judges_.of_state_calls()};
  WatchedTransport watched_scheduler_aws_{loop_, scheduler_aws_, report_.coverage,
                                          judges_.of_scheduler_calls()};
  SimLink to_state_;
  SimLink to_scheduler_;
  Disk state_disk_;
  Disk scheduler_disk_;
  client::Scheduler client_;
  client::HttpClusterState reader_{to_state_, {.base_url = "http://state.sim"}};
  DataCentre data_centre_;
  std::optional<User> user_;
  std::unique_ptr<StateProcess> state_;
  std::unique_ptr<SchedulerProcess> scheduler_;
  std::uint64_t lives_ = 0;
  bool calm_ = false;
  Scope actors_;
};

Async<void> Run::register_definition(std::string family) {
  http::Request request;
  request.method = "POST";
  request.target = "/";
  request.headers = {{"X-Amz-Target", "AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition"},
                     {"Content-Type", "application/x-amz-json-1.1"}};
  request.body = definition_of(family, scenario_.check_interval);
  const auto answer = co_await face_.answer(std::move(request));
  check(answer.status == 200, "the simulator takes a task definition");
}

void Run::prepare() {
  data_centre_.prepare();
  const int revision_count = std::max(kDefinitions, scenario_.deployments);
  for (int i = 0; i < revision_count; ++i) actors_.spawn(register_definition(kFamily));
  actors_.spawn(register_definition(kSecondFamily));
  for (const auto& name : other_names()) {
    for (int i = 0; i < scenario_.deployments; ++i) actors_.spawn(register_definition(name));
  }
  loop_.run_for(seconds{1});
  const auto& families = simulator_.world.families();
  std::vector<std::string> definitions;
  for (const auto& definition : families.at(kFamily)) definitions.push_back(definition->arn);
  user_.emplace(loop_, random_, client_, scenario_, std::move(definitions), report_.coverage);
  user_->on_deploying([this](const std::string& name) { judges_.on_deploying(name); });
  data_centre_.start_services();
  simulator_.faults = scenario_.faults;
  plan_bad_revision();
  plan_restore();
  plan_scheduler_restore();
  plan_windows();
  start_state();
  start_scheduler();
  actors_.spawn(user_->run());
  for (const auto& name : other_names()) {
    std::vector<std::string> revisions;
    for (const auto& definition : families.at(name)) revisions.push_back(definition->arn);
    actors_.spawn(user_->run_other(name, std::move(revisions)));
  }
  if (scenario_.second_environment) {
    actors_.spawn(user_->run_second(families.at(kSecondFamily).front()->arn));
  }
  actors_.spawn(data_centre_.run());
  actors_.spawn(tally_outcomes(loop_, scheduler_, report_.coverage));
  actors_.spawn(watch_stream(&client::HttpClusterState::open_task_stream));
  actors_.spawn(watch_stream(&client::HttpClusterState::open_instance_stream));
}

void Run::plan(const std::vector<Window>& windows, const std::string& what,
               const std::function<void(bool)>& set) {
  for (const Window& window : windows) {
    if (window.length == Duration::zero()) continue;
    report_.coverage.add(what);
    for (const bool begins : {true, false}) {
      const TimePoint time{begins ? window.at : window.at + window.length};
      loop_.call_at(time, [this, begins, what, set] {
        if (calm_) return;
        say(what + (begins ? " begin" : " end"));
        set(begins);
      });
    }
  }
}

void Run::plan_windows() {
  plan(scenario_.blackouts, "blackouts of events",
       [this](bool on) { simulator_.faults.event_lost = on ? 1 : scenario_.faults.event_lost; });
  plan({scenario_.stops_denied}, "stretches in which stops are denied", [this](bool on) {
    simulator_.faults.denied =
        on ? std::vector<std::string>{"StopTask"} : std::vector<std::string>{};
  });
  plan(scenario_.state_partitions, "partitions of the state service from AWS",
       [this](bool on) { state_aws_.set_cut_off(on); });
  plan(scenario_.scheduler_partitions, "partitions of the scheduler from AWS",
       [this](bool on) { scheduler_aws_.set_cut_off(on); });
  plan({scenario_.holes}, "times in which Describe leaves objects out",
       [this](bool on) { simulator_.faults.undescribed = on ? scenario_.holes_share : 0; });
}

// The last but one is replaced in time, and good at the end: whoever goes back to it has it run.
void Run::plan_bad_revision() {
  if (scenario_.bad_revision == BadRevision::kNone) return;
  simulator::RevisionFaults& faults =
      simulator_.faults
          .revisions[std::string{kFamily} + ":" + std::to_string(scenario_.deployments - 1)];
  if (scenario_.bad_revision == BadRevision::kDies) faults.life = scenario_.bad_life;
  faults.hangs = scenario_.bad_revision == BadRevision::kHangs;
  faults.denied = scenario_.bad_revision == BadRevision::kDenied;
  faults.silent = scenario_.bad_revision == BadRevision::kSilent;
  report_.coverage.add(faults.hangs    ? "revisions that hang"
                       : faults.denied ? "revisions that are denied"
                       : faults.silent ? "revisions whose health checks are silent"
                                       : "revisions that die");
}

// A file that is copied back knows nothing of what came since.
void Run::plan_restore() {
  if (scenario_.restored.length == Duration::zero()) return;
  loop_.call_at(TimePoint{scenario_.restored.at}, [this] { state_disk_.keep_copy(); });
  loop_.call_at(TimePoint{scenario_.restored.at + scenario_.restored.length}, [this] {
    if (calm_) return;
    if (state_) crash_state();
    say("its store is put back");
    state_disk_.restore_copy();
    judges_.on_restore();
    report_.coverage.add("state stores put back");
  });
}

// By the manual: nothing runs, the file is put back and gets another id.
void Run::plan_scheduler_restore() {
  if (!scenario_.is_scheduler_restored()) return;
  const Window& window = scenario_.scheduler_restored;
  loop_.call_at(TimePoint{window.at}, [this] {
    scheduler_disk_.keep_copy();
    judges_.on_scheduler_copy();
    if (scenario_.both_restored) state_disk_.keep_copy();
  });
  loop_.call_at(TimePoint{window.at + window.length}, [this] {
    // A copy of before the first environment has nothing to be known by: that is a lost store.
    if (calm_ || !judges_.is_scheduler_copied()) return;
    if (scheduler_) crash_scheduler();
    if (scenario_.both_restored && state_) crash_state();
    say("the scheduler's store is put back");
    scheduler_disk_.restore_copy_as(scenario_.seed + 2);
    judges_.on_scheduler_restore();
    user_->on_restore();
    report_.coverage.add("scheduler stores put back");
    if (!scenario_.both_restored) return;
    state_disk_.restore_copy_as(scenario_.seed + 3);
    judges_.on_restore();
    report_.coverage.add("both stores put back");
  });
}

void Run::start_state() {
  auto store = state_disk_.open(loop_);
  if (!store) return break_with("the state store does not open: " + store.error().message);
  apps::StateServiceOptions options;
  options.reconcile.every = scenario_.reconcile_every;
  options.ingest.final_kept = scenario_.final_kept;
  if (scenario_.forgetful) options.ingest.sweep_every = seconds{10};
  state_ = std::make_unique<StateProcess>(
      Surroundings{loop_, watched_state_aws_, mutant_, judges_.state(), judges_.of_state(),
                   scenario_.clocks_err, scenario_.state_clock},
      scenario_.seed * 1000 + ++lives_, *std::move(store), std::move(options));
  to_state_.connect(state_->handler());
}

void Run::start_scheduler() {
  auto store = scheduler_disk_.open(loop_);
  if (!store) return break_with("the scheduler's store does not open: " + store.error().message);
  apps::SchedulerServiceOptions options;
  options.state_url = "http://state.sim";
  options.plan.picture_age_max = 3 * scenario_.reconcile_every;
  options.rounds.join_window = scenario_.join_window;
  scheduler_ = std::make_unique<SchedulerProcess>(
      Surroundings{loop_, watched_scheduler_aws_, mutant_, judges_.state(), judges_.of_scheduler(),
                   scenario_.clocks_err, scenario_.scheduler_clock},
      scenario_.seed * 1000 + ++lives_, *std::move(store), to_state_, std::move(options));
  to_scheduler_.connect(scheduler_->handler());
}

void Run::crash_state() {
  say("the state service crashes");
  tally_metrics(state_->metrics().to_text(), report_.coverage);
  to_state_.disconnect();
  state_.reset();
  judges_.on_state_crash();
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
  say("the scheduler crashes");
  tally_metrics(scheduler_->metrics().to_text(), report_.coverage);
  to_scheduler_.disconnect();
  scheduler_.reset();
  judges_.on_scheduler_crash();
  scheduler_disk_.crash(random_);
  report_.coverage.add("crashes of the scheduler");
  loop_.call_at(loop_.now() + random_.between(milliseconds{100}, seconds{20}),
                [this] { start_scheduler(); });
}

// Often the power fails at one of the next writes, in the midst of a commit: crashes between steps
// alone would find each transaction whole or not begun.
void Run::cut_power(Disk& disk) {
  constexpr std::uint64_t kWritesMax = 40;
  constexpr int kStepsMax = 20'000;
  if (!disk.is_sqlite() || random_.percent(25)) return;
  disk.cut_power_after(static_cast<std::int64_t>(1 + random_.below(kWritesMax)));
  for (int i = 0; i < kStepsMax && !disk.is_off(); ++i) {
    if (!loop_.step(TimePoint{scenario_.calm_at})) break;
  }
  if (disk.is_off()) report_.coverage.add("power cuts at a write");
}

void Run::crash_one() {
  const auto choice = random_.below(100);
  if (choice < 60) {
    if (!scheduler_) return;
    cut_power(scheduler_disk_);
    crash_scheduler();
  } else if (choice < 85) {
    if (!state_) return;
    cut_power(state_disk_);
    crash_state();
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
  calm_ = true;
  simulator_.faults = simulator::Faults{};
  state_aws_.set_cut_off(false);
  scheduler_aws_.set_cut_off(false);
  data_centre_.calm_down();
  say("calm");
  // Tasks that were doomed before still end; after that the world is calm.
  loop_.run_for(scenario_.faults.task_life.high);
}

void Run::await_liveness() {
  const TimePoint begin{scenario_.calm_at};
  const Duration allowed = scenario_.settled_by();
  std::string missing = what_is_missing(situation());
  while (!missing.empty() && loop_.now() < begin + allowed && !is_broken()) {
    loop_.run_for(seconds{5});
    missing = what_is_missing(situation());
  }
  check_safety();
  if (!missing.empty()) return break_with("L: " + missing);
  using Real = std::chrono::duration<double>;
  report_.coverage.note_greatest("share of the time that L allows",
                                 Real{loop_.now() - begin} / Real{allowed});
  // It stays so: past a settle wait, when a late look-up could still do harm, and past the last
  // event. An agent that was away when the calm began comes back meanwhile, and the outcome of the
  // start there is kept for as long again.
  Duration watched = minutes{7};
  if (scenario_.faults.agent_disconnects > 0) {
    watched = minutes{8} + scenario_.faults.agent_away.high;
  }
  loop_.run_for(std::max<Duration>(watched, scenario_.faults.event_delay.high));
  // A start that is refused for good is tried again now and then, for a moment.
  constexpr Duration kMoment = seconds{10};
  loop_.run_while_not([this] { return what_is_missing(situation()).empty(); }, kMoment);
  check_safety();
  missing = what_is_missing(situation());
  if (!missing.empty()) break_with("L: reached, and lost again: " + missing);
}

// Reads as any user would, for as long as it lasts, and then again from the start.
template <class Stream>
Async<void> Run::watch_stream(
    Async<Result<std::unique_ptr<Stream>>> (client::HttpClusterState::*open)(client::StreamStart)) {
  for (;;) {
    auto stream = co_await (reader_.*open)(client::StreamStart{});
    while (stream) {
      const auto changes = co_await (*stream)->next();
      if (!changes) break;
      for (const auto& change : *changes) note_line(change);
    }
    co_await sleep_for(loop_, seconds{1});
  }
}

void Run::note_coverage() {
  Coverage& coverage = report_.coverage;
  tally_calls(state_aws_, coverage);
  tally_calls(scheduler_aws_, coverage);
  tally_simulator(simulator_, coverage);
  coverage.add("broken streams", to_state_.broken_stream_count());
  const auto& judge = simulator_.judge;
  coverage.add("starts where one had just left", judge.bad_start_count());
  coverage.add("instances back after unreachable_release", judge.released_count());
  if (judges_s3(scenario_)) coverage.add("runs in which S3 is judged");
  if (judge.out_of_service_max(kGroup) > 0) coverage.add("runs with an instance out of service");
  judges_.note_coverage(coverage);
  note_scenario(scenario_, coverage);
  if (state_) tally_metrics(state_->metrics().to_text(), coverage);
  if (scheduler_) tally_metrics(scheduler_->metrics().to_text(), coverage);
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
  const LastWords words{
      fmt::format("the simulation died in seed {} (mutant: {})", scenario.seed, mutant.name)};
  return Run{scenario, mutant, trace}.run();
}

}  // namespace blox::simulation
