#include "scheduler/act/confirmer.h"

#include <algorithm>

#include "base/log.h"
#include "scheduler/act/describe.h"
#include "scheduler/act/report_fields.h"

namespace blox::scheduler {
std::vector<StartAction> Confirmer::admit(const Environment& environment, const Plan& plan) {
  forget_old();
  clear_held(environment.uid);
  const Picture* picture = nullptr;
  if (plan.needs_confirmation) {
    std::string why_not;
    picture = find_picture(environment, why_not);
    if (picture == nullptr) {
      for (const auto& start : plan.starts) held_.note(environment.uid, start.instance, why_not);
      return {};
    }
  }
  std::vector<StartAction> admitted;
  std::vector<ContainerInstanceArn> doubtful;
  for (auto start : plan.starts) {
    if (sightings_.contains(environment.uid, start.instance)) {
      held_.note(environment.uid, start.instance,
                 "ECS shows a live task of it there that the cluster state lacks");
      std::string why_not;
      find_picture(environment, why_not);  // Whether it still does.
      continue;
    }
    if (plan.needs_listing || (picture != nullptr && !picture->undescribed.empty())) {
      std::string why_not = why_not_listed(environment, start, picture);
      if (!why_not.empty()) {
        held_.note(environment.uid, start.instance, std::move(why_not));
        continue;
      }
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
    why_not = "ECS could not be asked which tasks of it live: " + found->second.failure;
    return nullptr;
  }
  why_not = "ECS is asked first which tasks of it live";
  if (asking_tasks_.size() < context_.options.ask_calls_max &&
      asking_tasks_.insert(environment.uid).second) {
    scope_.spawn(ask_tasks(environment));
  }
  return nullptr;
}

Async<void> Confirmer::ask_tasks(Environment environment) {
  context_.metrics.confirmations.Increment();
  const TimePoint asked_at = context_.now();
  Picture picture;
  picture.number = context_.picture_number;
  auto unseen = co_await find_unseen(environment);
  if (!unseen) {
    log::warn("act", "cannot confirm that tasks of '{}' are missing: {}", environment.name.value,
              unseen.error().message);
    // Remembered as well, so that it is not asked again at once.
    picture.failure = unseen.error().message;
  } else {
    picture.undescribed = std::move(unseen->undescribed);
    co_await sightings_.take(environment, std::move(unseen->tasks), {}, asked_at);
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

// Tasks that the picture shows are its own business; those that it does not show are described.
// Both desired statuses: one that was told to stop may be alive yet.
Async<Result<Confirmer::Unseen>> Confirmer::find_unseen(Environment environment) {
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
        // Where an outcome is, is known.
        if (context_.tasks.contains(arn) || context_.records().outcomes.contains(arn)) continue;
        unseen.insert(arn);
      }
    }
  }
  co_return co_await describe_unseen(environment.cluster, std::move(unseen));
}

Async<Result<Confirmer::Unseen>> Confirmer::describe_unseen(ClusterArn cluster,
                                                            std::set<TaskArn> tasks) {
  if (tasks.empty()) co_return Unseen{};
  std::vector<TaskArn> asked(tasks.begin(), tasks.end());
  auto described = co_await describe_tasks(context_.query, std::move(cluster), std::move(asked));
  if (!described) co_return std::unexpected(described.error());
  // Whatever the answer says of the others, or does not say.
  for (const auto& report : described->tasks) tasks.erase(report.arn);
  for (const auto& arn : described->missing) tasks.erase(arn);
  co_return Unseen{std::move(described->tasks), std::move(tasks)};
}

// Few at a time: where all are asked about a read of the whole cluster is under way, which answers
// for them. Without a description ECS still tells on which instance a task is.
std::string Confirmer::why_not_listed(const Environment& environment, const StartAction& start,
                                      const Picture* picture) {
  const IntentKey key{environment.uid, start.instance};
  const auto found = listings_.find(key);
  if (found != listings_.end()) {
    if (!found->second.failure.empty()) {
      return "ECS could not be asked what runs there: " + found->second.failure;
    }
    for (const auto& task : found->second.undescribed) {
      // Of those of other families the environment has none.
      if (picture != nullptr && !picture->undescribed.contains(task)) continue;
      return "ECS shows " + task.value +
             " there and does not describe it, so it may be of this environment";
    }
    return {};
  }
  if (asking_listings_.size() < context_.options.ask_calls_max &&
      asking_listings_.insert(key).second) {
    scope_.spawn(ask_listing(environment, start.instance));
  }
  return "the cluster state may lack tasks, so ECS is asked first what runs there";
}

Async<void> Confirmer::ask_listing(Environment environment, ContainerInstanceArn instance) {
  context_.metrics.confirmations.Increment();
  const TimePoint asked_at = context_.now();
  Listing listing;
  listing.number = context_.picture_number;
  std::set<TaskArn> unseen;
  for (const bool stopped : {false, true}) {
    aws::TaskFilter filter;
    filter.container_instance = instance;
    filter.stopped = stopped;
    const auto listed = co_await context_.query.list_tasks(environment.cluster, std::move(filter));
    if (!listed) {
      listing.failure = listed.error().message;
      break;
    }
    for (const auto& arn : *listed) {
      if (!context_.tasks.contains(arn)) unseen.insert(arn);
    }
  }
  if (listing.failure.empty()) {
    auto described = co_await describe_unseen(environment.cluster, std::move(unseen));
    if (described) {
      std::vector<ContainerInstanceArn> about{instance};
      listing.undescribed = std::move(described->undescribed);
      co_await sightings_.take(environment, std::move(described->tasks), std::move(about),
                               asked_at);
    } else {
      listing.failure = described.error().message;
    }
  }
  listing.answered_at = context_.now();
  const IntentKey key{environment.uid, instance};
  listings_.insert_or_assign(key, std::move(listing));
  asking_listings_.erase(key);
  context_.changed.notify_all();
}

Async<void> Confirmer::ask_instances(EnvironmentUid environment, ClusterArn cluster,
                                     std::vector<ContainerInstanceArn> instances) {
  context_.metrics.confirmations.Increment();
  const TimePoint asked_at = context_.now();
  auto asked = instances;
  const auto described = co_await describe_instances(context_.query, cluster, std::move(asked));
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
    for (const auto& [arn, why, is_passing] : described->undescribed) {
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
  for (const auto& [key, listing] : listings_) {
    if (!oldest || listing.answered_at < *oldest) oldest = listing.answered_at;
  }
  for (const auto& [arn, refusal] : refusals_) {
    if (!oldest || refusal.at < *oldest) oldest = refusal.at;
  }
  if (oldest) *oldest += context_.options.confirmation_age_max;
  return oldest;
}

void Confirmer::forget_old() {
  sightings_.forget_shown();
  std::erase_if(pictures_, [this](const auto& entry) { return !is_of_now(entry.second); });
  std::erase_if(listings_, [this](const auto& entry) { return !is_of_now(entry.second); });
  std::erase_if(eligible_at_, [this](const auto& entry) {
    return context_.now() - entry.second >= context_.options.assumptions.observation_age_max;
  });
  std::erase_if(refusals_, [this](const auto& entry) { return !is_fresh(entry.second.at); });
  held_.prune(context_.records());
}

}  // namespace blox::scheduler
