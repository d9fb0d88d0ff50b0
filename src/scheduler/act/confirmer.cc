#include "scheduler/act/confirmer.h"

#include <algorithm>

#include "base/log.h"
#include "scheduler/act/report_fields.h"

namespace blox::scheduler {
std::vector<StartAction> Confirmer::admit(const Environment& environment, const Plan& plan) {
  forget_old();
  clear_held(environment.uid);
  const Picture* picture = nullptr;
  if (plan.needs_confirmation) {
    std::string why_not;
    picture = find_picture(environment, why_not);
    if (!picture) {
      for (const auto& start : plan.starts) held_.note(environment.uid, start.instance, why_not);
      return {};
    }
  }
  std::vector<StartAction> admitted;
  std::vector<ContainerInstanceArn> doubtful;
  for (auto start : plan.starts) {
    if (picture && picture->occupied.contains(start.instance)) {
      held_.note(environment.uid, start.instance,
                 "ECS shows a live task of it there that the cluster state lacks");
      continue;
    }
    const auto described = eligible_at_.find(start.instance);
    if (described != eligible_at_.end()) {
      start.confirmed_at =
          std::max(start.confirmed_at.value_or(TimePoint::min()), described->second);
    }
    const auto refused = refusals_.find(start.instance);
    if (refused != refusals_.end() && start.confirmed_at <= refused->second.at) {
      held_.note(environment.uid, start.instance, refused->second.why);
      continue;
    }
    // A tenth of the age is kept for opening the intent.
    if (start.confirmed_at && context_.now() - *start.confirmed_at <
                                  context_.options.assumptions.observation_age_max * 9 / 10) {
      admitted.push_back(std::move(start));
    } else {
      doubtful.push_back(start.instance);
      held_.note(environment.uid, start.instance, "ECS is asked about the instance first");
    }
  }
  if (!doubtful.empty() && asking_instances_.size() < context_.options.ask_calls_max &&
      asking_instances_.insert(environment.uid).second) {
    // Those that are left out are asked about when these are on their way.
    doubtful.resize(std::min(doubtful.size(), context_.options.ask_instances_max));
    scope_.spawn(ask_instances(environment.uid, environment.cluster, std::move(doubtful)));
  }
  return admitted;
}

const Confirmer::Picture* Confirmer::find_picture(const Environment& environment,
                                                  std::string& why_not) {
  const auto found = pictures_.find(environment.uid);
  if (found != pictures_.end()) {
    if (found->second.failure.empty()) return &found->second;
    why_not = "ECS could not be asked whether so many tasks are missing: " + found->second.failure;
    return nullptr;
  }
  why_not = "ECS is asked first whether so many tasks are missing";
  if (asking_tasks_.size() < context_.options.ask_calls_max &&
      asking_tasks_.insert(environment.uid).second) {
    scope_.spawn(ask_tasks(environment));
  }
  return nullptr;
}

Async<void> Confirmer::ask_tasks(Environment environment) {
  context_.metrics.confirmations.Increment();
  Picture picture;
  const Status collected = co_await collect_tasks(environment, picture);
  if (!collected) {
    log::warn("act", "cannot confirm that tasks of '{}' are missing: {}", environment.name.value,
              collected.error().message);
    // Remembered as well, so that it is not asked again at once.
    picture.failure = collected.error().message;
  } else if (!picture.occupied.empty()) {
    log::warn("act", "the cluster state lacks tasks of '{}' on {} instances; nothing starts there",
              environment.name.value, picture.occupied.size());
  }
  picture.answered_at = context_.now();
  pictures_.insert_or_assign(environment.uid, std::move(picture));
  asking_tasks_.erase(environment.uid);
  context_.changed.notify_all();
}

// By family and not by deployment: there are few families, however many deployments there were.
std::set<std::string> Confirmer::families_of(const Environment& environment) const {
  std::set<std::string> families;
  for (const auto& [id, deployment] : context_.records().deployments) {
    if (deployment.environment != environment.uid) continue;
    const std::string_view name = short_id(deployment.task_definition.value);
    families.emplace(name.substr(0, name.find(':')));
  }
  return families;
}

bool Confirmer::is_of(const Environment& environment, const TaskReport& report) const {
  if (find_text(report.detail, "group") == "blox:" + environment.name.value) return true;
  const auto& deployments = context_.records().deployments;
  const auto owner =
      deployments.find(DeploymentId{std::string{find_text(report.detail, "startedBy")}});
  return owner != deployments.end() && owner->second.environment == environment.uid;
}

// Tasks that the picture shows are its own business; those that it does not show are described.
// Both desired statuses: one that was told to stop may be alive yet.
Async<Status> Confirmer::collect_tasks(const Environment& environment, Picture& picture) {
  std::set<TaskArn> unseen;
  for (const auto& family : families_of(environment)) {
    for (const bool stopped : {false, true}) {
      aws::TaskFilter filter;
      filter.family = family;
      filter.stopped = stopped;
      const auto listed =
          co_await context_.query.list_tasks(environment.cluster, std::move(filter));
      if (!listed) co_return std::unexpected(listed.error());
      for (const auto& arn : *listed) {
        if (!context_.tasks.contains(arn)) unseen.insert(arn);
      }
    }
  }
  if (unseen.empty()) co_return done();
  std::vector<TaskArn> asked(unseen.begin(), unseen.end());
  const auto described =
      co_await context_.query.describe_tasks(environment.cluster, std::move(asked));
  if (!described) co_return std::unexpected(described.error());
  if (!described->undescribed.empty()) {
    const auto& [arn, why] = described->undescribed.front();
    co_return fail(ErrorKind::kUnavailable, "ecs cannot describe '" + arn + "': " + why);
  }
  for (const auto& report : described->tasks) {
    if (!report.container_instance || report.last_status.is_final()) continue;
    if (is_of(environment, report)) picture.occupied.insert(*report.container_instance);
  }
  co_return done();
}

Async<void> Confirmer::ask_instances(EnvironmentUid environment, ClusterArn cluster,
                                     std::vector<ContainerInstanceArn> instances) {
  context_.metrics.confirmations.Increment();
  const TimePoint asked_at = context_.now();
  auto asked = instances;
  const auto described =
      co_await context_.query.describe_container_instances(cluster, std::move(asked));
  std::map<ContainerInstanceArn, std::string> reasons;
  if (!described) {
    log::warn("act", "cannot confirm {} instances before a start: {}", instances.size(),
              described.error().message);
  } else {
    for (const auto& report : described->instances) {
      const bool connected = has_connected_agent(report);
      if (report.status.is_active() && connected) {
        eligible_at_.insert_or_assign(report.arn, asked_at);
      } else {
        reasons[report.arn] = std::string{"ECS shows it "} + std::string{format(report.status)} +
                              (connected ? "" : " with its agent disconnected");
      }
    }
    for (const auto& [arn, why] : described->undescribed) {
      reasons[ContainerInstanceArn{arn}] = "ECS could not describe the instance: " + why;
    }
  }
  for (const auto& arn : instances) {
    const auto found = eligible_at_.find(arn);
    if (found != eligible_at_.end() && found->second == asked_at) continue;
    std::string& why = reasons[arn];
    if (why.empty()) {
      why = described ? "ECS does not know the instance"
                      : "ECS could not be asked about the instance: " + described.error().message;
    }
    refusals_.insert_or_assign(arn, Refusal{context_.now(), std::move(why)});
  }
  asking_instances_.erase(environment);
  context_.changed.notify_all();
}

std::optional<TimePoint> Confirmer::next_due() const {
  std::optional<TimePoint> oldest;
  for (const auto& [uid, picture] : pictures_) {
    if (!oldest || picture.answered_at < *oldest) oldest = picture.answered_at;
  }
  for (const auto& [arn, refusal] : refusals_) {
    if (!oldest || refusal.at < *oldest) oldest = refusal.at;
  }
  if (oldest) *oldest += context_.options.confirmation_age_max;
  return oldest;
}

void Confirmer::forget_old() {
  std::erase_if(pictures_,
                [this](const auto& entry) { return !is_fresh(entry.second.answered_at); });
  std::erase_if(eligible_at_, [this](const auto& entry) {
    return context_.now() - entry.second >= context_.options.assumptions.observation_age_max;
  });
  std::erase_if(refusals_, [this](const auto& entry) { return !is_fresh(entry.second.at); });
  held_.prune(context_.records());
}

}  // namespace blox::scheduler
