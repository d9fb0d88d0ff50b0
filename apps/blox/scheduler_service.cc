#include "blox/scheduler_service.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "http/url.h"

namespace blox::apps {
namespace {

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
  scope_.spawn(run());
  scope_.spawn(mirror_.run());
}

Async<void> SchedulerService::run() {
  Duration wait = std::chrono::milliseconds{100};
  for (;;) {
    const auto loaded = co_await repository_.load();
    if (loaded) break;
    log::error("daemon-scheduler", "cannot read the store: {}; trying again in {}",
               loaded.error().message, format_duration(wait));
    co_await sleep_for(parts_.executor, wait);
    wait = std::min<Duration>(2 * wait, std::chrono::seconds{10});
  }
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

void SchedulerService::stop() {
  stopping_ = true;
  if (rounds_) rounds_->stop();
}

Status SchedulerService::readiness() const {
  if (!is_loaded()) return fail(ErrorKind::kUnavailable, "the records are not read yet");
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
