#include "scheduler/act/describe.h"

#include <iterator>
#include <utility>

#include "base/bisection.h"

namespace blox::scheduler {
namespace {

template <class Item>
void append(std::vector<Item>& into, std::vector<Item> more) {
  into.insert(into.end(), std::make_move_iterator(more.begin()),
              std::make_move_iterator(more.end()));
}

std::vector<TaskReport>& reports_of(aws::DescribedTasks& described) { return described.tasks; }
std::vector<InstanceReport>& reports_of(aws::DescribedInstances& described) {
  return described.instances;
}

template <class Described>
void add(Described& into, Described more) {
  append(reports_of(into), std::move(reports_of(more)));
  append(into.missing, std::move(more.missing));
  append(into.undescribed, std::move(more.undescribed));
}

template <class Described, class Arn>
void leave_out(const std::vector<Arn>& part, const Error& error, Described& all) {
  for (const Arn& arn : part) {
    all.undescribed.push_back({.arn = arn.value, .why = error.message, .is_passing = true});
  }
}

template <class Described, class Arn>
Async<Result<Described>> describe_by_halves(
    aws::EcsQuery& query,
    Async<Result<Described>> (aws::EcsQuery::*describe)(ClusterArn, std::vector<Arn>),
    ClusterArn cluster, std::vector<Arn> arns) {
  Bisection<Arn> parts{std::move(arns)};
  Described all;
  bool is_answered = false;
  while (!parts.empty()) {
    std::vector<Arn> part = parts.next();
    auto asked = part;
    auto described = co_await (query.*describe)(cluster, std::move(asked));
    if (!described && described.error().kind != ErrorKind::kInvalid) {
      if (!is_answered && all.undescribed.empty()) co_return std::unexpected(described.error());
      // What is known by now is not lost with it.
      for (; !part.empty(); part = parts.empty() ? std::vector<Arn>{} : parts.next()) {
        leave_out(part, described.error(), all);
      }
      co_return all;
    }
    if (!described && part.size() > 1) {
      parts.split(std::move(part));
      continue;
    }
    if (described) {
      is_answered = true;
      if (all.asked_at == WallTime{}) all.asked_at = described->asked_at;
      add(all, std::move(*described));
    } else {
      all.undescribed.push_back({.arn = part.front().value, .why = described.error().message});
      if (!is_answered && all.undescribed.size() > kBlamedMax) {
        co_return std::unexpected(described.error());
      }
    }
  }
  co_return all;
}

}  // namespace

Async<Result<aws::DescribedTasks>> describe_tasks(aws::EcsQuery& query, ClusterArn cluster,
                                                  std::vector<TaskArn> tasks) {
  co_return co_await describe_by_halves(query, &aws::EcsQuery::describe_tasks, std::move(cluster),
                                        std::move(tasks));
}

Async<Result<aws::DescribedInstances>> describe_instances(
    aws::EcsQuery& query, ClusterArn cluster, std::vector<ContainerInstanceArn> instances) {
  co_return co_await describe_by_halves(query, &aws::EcsQuery::describe_container_instances,
                                        std::move(cluster), std::move(instances));
}

}  // namespace blox::scheduler
