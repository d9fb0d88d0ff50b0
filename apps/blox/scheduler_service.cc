#include "blox/scheduler_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/age.h"
#include "base/log.h"
#include "http/url.h"
#include "scheduler/environments/store_mark.h"

namespace blox::apps {
namespace {

// Between two looks whether a copy can be gone by.
constexpr Duration kLookAgain = std::chrono::seconds{1};
constexpr Duration kAskAgainMax = std::chrono::seconds{10};
// Where every answer takes long the date is no better known than that, and no wait betters it.
constexpr int kSlowAnswersMax = 10;
constexpr std::string_view kNoRecords = "the records are not read yet";
constexpr std::string_view kNoDate = "ECS has not answered yet, so its date is not known";
constexpr std::string_view kNoOrigin = "it is not known yet whether its store was copied back";
// What a copy did not know of has been served again or given up by then.
constexpr std::chrono::days kCopyRemembered{1};

client::HttpClusterStateOptions state_options(const std::string& url) {
  client::HttpClusterStateOptions options;
  options.base_url = url;
  return options;
}

std::unique_ptr<scheduler::IntentLog> make_intent_log(const SchedulerParts& parts,
                                                      scheduler::Repository& repository) {
  if (parts.make_intent_log) return parts.make_intent_log(repository);
  return std::make_unique<scheduler::RepositoryIntentLog>(repository);
}

}  // namespace

SchedulerService::SchedulerService(SchedulerParts parts, SchedulerServiceOptions options)
    : parts_(std::move(parts)),
      options_(std::move(options)),
      repository_(parts_.executor, parts_.store),
      intent_log_(make_intent_log(parts_, repository_)),
      planner_(options_.plan),
      state_(parts_.state_transport, state_options(options_.state_url)),
      mirror_(parts_.executor, parts_.random, state_, options_.mirror),
      operations_(parts_.executor, parts_.random, repository_, parts_.directory),
      api_(operations_, board_, parts_.metrics, [this] { return readiness(); }),
      scope_(parts_.executor) {
  waits_for_ = kNoRecords;
  scope_.spawn(run());
  scope_.spawn(mirror_.run());
}

Async<void> SchedulerService::run() {
  co_await load();
  co_await learn_date();
  co_await outwait_copy();
  if (stopping_) co_return;
  scheduler::RoundsParts rounds{
      parts_.executor,
      parts_.random,
      repository_,
      mirror_,
      parts_.planner != nullptr ? *parts_.planner : planner_,
      *intent_log_,
      parts_.control,
      parts_.query,
      board_,
      parts_.metrics,
  };
  rounds_ = std::make_unique<scheduler::Rounds>(rounds, options_.rounds);
  co_await rounds_->run();
}

// What it says is told by /readyz at once, and by the log once in a while.
void SchedulerService::tell_wait(std::string_view what, std::string_view why, LogPace& pace) {
  waits_for_ = fmt::format("{}: {}", what, why);
  const auto more = pace.next(parts_.executor.now());
  if (more) log::warn("daemon-scheduler", "{}; trying again{}", waits_for_, *more);
}

Async<void> SchedulerService::load() {
  LogPace pace;
  Duration wait = std::chrono::milliseconds{100};
  for (;;) {
    const auto loaded = co_await repository_.load();
    if (loaded) break;
    tell_wait(kNoRecords, loaded.error().message, pace);
    co_await sleep_for(parts_.executor, wait);
    wait = std::min(2 * wait, kAskAgainMax);
  }
}

// The times of tasks and intents are compared, so the first intent has to have ECS's date. Whoever
// gets no answer could start or stop nothing either.
Async<void> SchedulerService::learn_date() {
  LogPace pace;
  Duration wait = std::chrono::milliseconds{100};
  waits_for_ = kNoDate;
  int slow_count = 0;
  while (parts_.knows_date && !parts_.knows_date() && !stopping_) {
    // A refusal tells the date as well.
    const auto clusters = co_await parts_.query.list_clusters();
    if (parts_.knows_date()) co_return;
    if (clusters && ++slow_count == kSlowAnswersMax) {
      log::warn("daemon-scheduler", "the answers of ECS take so long that its date is uncertain");
      co_return;
    }
    // Asked again, it may go quicker.
    tell_wait(kNoDate, clusters ? "the answer took too long" : clusters.error().message, pace);
    co_await sleep_for(parts_.executor, wait);
    wait = std::min(2 * wait, kAskAgainMax);
  }
}

// A copy that was put back knows nothing of what was started and stopped since it was made. That
// shows by ECS's lists after the settle time, and in the cluster state by a read that begins then:
// each cluster waits for its own.
Async<void> SchedulerService::outwait_copy() {
  LogPace pace;
  waits_for_ = kNoOrigin;
  auto origin = co_await scheduler::find_origin(parts_.store);
  while (!origin) {
    tell_wait(kNoOrigin, origin.error().message, pace);
    co_await sleep_for(parts_.executor, kLookAgain);
    origin = co_await scheduler::find_origin(parts_.store);
  }
  auto& taken_over_at = options_.rounds.observe.copy_taken_over_at;
  if (!origin->is_copy) {
    const WallTime now = parts_.executor.wall_now();
    if (!origin->taken_over_at || now - *origin->taken_over_at > kCopyRemembered) co_return;
    taken_over_at =
        parts_.executor.now() - clamped_age(*origin->taken_over_at, now, kCopyRemembered);
    co_return;
  }
  const Duration settle = options_.rounds.act.assumptions.settle_time();
  const std::string copied = fmt::format(
      "its store was copied back: for {} nothing is started or stopped, and in no cluster before "
      "it is read after that",
      format_duration(std::chrono::ceil<std::chrono::minutes>(settle)));
  waits_for_ = copied;
  log::warn("daemon-scheduler", "{}", copied);
  co_await sleep_for(parts_.executor, settle);
  for (;;) {
    taken_over_at = parts_.executor.now();
    const Status taken = co_await scheduler::take_over(parts_.store, parts_.executor.wall_now());
    if (taken) co_return;
    tell_wait(copied, taken.error().message, pace);
    co_await sleep_for(parts_.executor, kLookAgain);
  }
}

void SchedulerService::stop() {
  stopping_ = true;
  if (rounds_) rounds_->stop();
}

Status SchedulerService::readiness() const {
  if (!is_loaded()) return fail(ErrorKind::kUnavailable, waits_for_);
  const std::string where = http::without_userinfo(options_.state_url);
  if (!mirror_.is_loaded()) {
    const std::string& why = mirror_.last_end();
    return fail(ErrorKind::kUnavailable, "the cluster state at " + where + " is not read yet" +
                                             (why.empty() ? "" : ": " + why));
  }
  if (mirror_.is_stale()) {
    return fail(ErrorKind::kUnavailable,
                "the cluster-state-service at " + where + " gives no sign of life");
  }
  return done();
}

}  // namespace blox::apps
