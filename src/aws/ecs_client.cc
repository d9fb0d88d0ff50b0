#include "aws/ecs_client.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/bounded_text.h"
#include "base/log.h"
#include "base/signal.h"
#include "base/text.h"

namespace blox::aws {
namespace {

using namespace std::chrono_literals;

constexpr Duration kReadDeadline = 10s;
// What reconcile asks nobody waits for, and each page that fails is one more call: it waits for its
// token as long as some come at all.
constexpr Duration kReconcileTokenWait = 5min;
constexpr Duration kWriteDeadline = 2s;  // design/scheduling.md, "Leader".
constexpr std::size_t kDescribesAtOnceMax = 4;

JsonCall make_read(std::string operation, std::string body, EcsBudgets& budgets,
                   CallPriority priority) {
  JsonCall call;
  call.operation = std::move(operation);
  call.body = std::move(body);
  call.deadline = kReadDeadline;
  call.budget = &budgets.read;
  call.priority = priority;
  if (priority == CallPriority::kReconcile) call.token_wait = kReconcileTokenWait;
  return call;
}

JsonCall make_write(std::string operation, std::string body, EcsBudgets& budgets) {
  JsonCall call;
  call.operation = std::move(operation);
  call.body = std::move(body);
  call.deadline = kWriteDeadline;
  call.repeatable = false;
  call.budget = &budgets.modify;
  call.priority = CallPriority::kAct;
  return call;
}

template <class T>
using Decode = std::move_only_function<Result<T>(std::string_view)>;

// One call, and what its answer says.
template <class T>
Async<Result<T>> send(JsonClient& client, JsonCall call, Decode<T> decode) {
  std::optional<T> decoded;
  AcceptBody accept = [&decoded, &decode](std::string_view body) -> Status {
    auto result = decode(body);
    if (!result) return std::unexpected(result.error());
    decoded = std::move(*result);
    return done();
  };
  const Status status = co_await client.call(std::move(call), std::move(accept));
  if (!status) co_return std::unexpected(status.error());
  co_return std::move(*decoded);
}

// One page of a list, as `call` asks for it.
template <class Id>
Async<Result<ListPage<Id>>> list_page(JsonClient& client, JsonCall call, std::string_view field) {
  Decode<codec::EcsListPage> decode = [field](std::string_view body) {
    return codec::decode_list(body, field);
  };
  auto answer = co_await send<codec::EcsListPage>(client, std::move(call), std::move(decode));
  if (!answer) co_return std::unexpected(answer.error());
  ListPage<Id> page;
  page.next_token = std::move(answer->next_token);
  page.arns.reserve(answer->arns.size());
  for (std::string& arn : answer->arns) page.arns.push_back(Id{std::move(arn)});
  co_return page;
}

// All pages. `read_page` reads the one that a token names.
template <class Id>
Async<Result<std::vector<Id>>> list_all(
    std::string operation, std::function<Async<Result<ListPage<Id>>>(std::string)> read_page) {
  std::vector<Id> ids;
  std::string token;
  for (int page_count = 0; page_count < kListPagesMax; ++page_count) {
    auto page = co_await read_page(std::move(token));
    if (!page) co_return std::unexpected(page.error());
    std::ranges::move(page->arns, std::back_inserter(ids));
    token = std::move(page->next_token);
    if (token.empty()) co_return ids;
  }
  co_return fail(ErrorKind::kUnavailable,
                 "ecs " + operation + ": more than " + std::to_string(kListPagesMax) + " pages");
}

// ECS names an object by the ARN that was asked for, or by its last part.
bool names(const codec::EcsFailure& failure, const std::string& arn) {
  return failure.arn == arn || failure.arn == short_id(arn);
}

// One chunk of a Describe; does nothing any more once another has failed, so that an outage costs
// the time of few calls.
template <class Answer>
Async<Result<Answer>> describe_chunk(JsonClient& client, JsonCall call, Decode<Answer> decode,
                                     std::optional<Error>& first_error) {
  if (first_error) co_return std::unexpected(*first_error);
  bool unreadable = false;
  call.unreadable = &unreadable;
  auto answer = co_await send<Answer>(client, std::move(call), std::move(decode));
  // Asked again it reads no better; asked about fewer objects it may, all but one of them.
  if (!answer && unreadable) answer = fail(ErrorKind::kInvalid, answer.error().message);
  if (!answer && !first_error) first_error = answer.error();
  co_return answer;
}

// Calls of up to 100, some at a time. Shape: the answers, in the order asked.
template <class Answer, class Id>
Async<Result<std::vector<Answer>>> describe_all(
    Executor& executor, JsonClient& client, JsonCall call, const std::vector<Id>& ids,
    std::function<std::string(const std::vector<Id>&)> encode,
    std::function<Result<Answer>(std::string_view)> decode) {
  std::optional<Error> first_error;
  std::vector<Async<Result<Answer>>> works;
  for (std::size_t first = 0; first < ids.size(); first += codec::kEcsDescribeMax) {
    const std::size_t end = std::min(ids.size(), first + codec::kEcsDescribeMax);
    JsonCall chunk_call = call;
    chunk_call.body = encode(std::vector<Id>(ids.begin() + static_cast<std::ptrdiff_t>(first),
                                             ids.begin() + static_cast<std::ptrdiff_t>(end)));
    works.push_back(
        describe_chunk<Answer>(client, std::move(chunk_call), Decode<Answer>{decode}, first_error));
  }
  auto results = co_await gather(executor, std::move(works), kDescribesAtOnceMax);
  if (first_error) co_return std::unexpected(*first_error);
  std::vector<Answer> answers;
  for (auto& result : results) answers.push_back(std::move(*result));
  co_return answers;
}

// Sorts what ECS did not describe into missing and undescribed; what could not be described is not
// to be taken for gone. Shape: the missing ones in the order asked.
template <class Answer, class Id>
std::vector<Id> collect_missing(const std::vector<Answer>& answers, const std::vector<Id>& asked,
                                std::vector<Undescribed>& undescribed) {
  std::set<std::string_view> named;
  for (const Answer& answer : answers) {
    for (const codec::EcsFailure& failure : answer.failures) {
      if (failure.reason == "MISSING") {
        named.insert(failure.arn);
        continue;
      }
      std::string why = failure.reason.empty() ? "no reason given" : failure.reason;
      if (!failure.detail.empty()) why += " (" + failure.detail + ")";
      undescribed.push_back({failure.arn, std::move(why)});
    }
  }
  std::vector<Id> missing;
  for (const Id& id : asked) {
    if (named.contains(id.value) || named.contains(short_id(id.value))) missing.push_back(id);
  }
  return missing;
}

// All that is named in logs of an ARN as ECS wrote it.
constexpr std::size_t kArnBytesMax = 300;

}  // namespace

EcsClient::EcsClient(AwsContext context, std::string endpoint, std::string region,
                     EcsBudgets& budgets, CallPriority priority)
    : executor_(context.executor),
      client_(context, ecs_service(), std::move(endpoint), std::move(region)),
      budgets_(budgets),
      priority_(priority),
      repaired_(context.metrics.counter(
          "blox_aws_repaired_total",
          "Objects of ECS that were taken with a text repaired or a number left out.")) {}

void EcsClient::note_repaired(const std::vector<codec::EcsRepair>& repaired) {
  for (const auto& [arn, what] : repaired) {
    repaired_.Increment();
    log::warn("aws", "'{}' of a Describe answer: {}", escape_control(cut(arn, kArnBytesMax)), what);
  }
}

Async<Result<ListPage<ClusterArn>>> EcsClient::list_clusters_page(std::string token) {
  JsonCall call =
      make_read("ListClusters", codec::encode_list_clusters(token), budgets_, priority_);
  return list_page<ClusterArn>(client_, std::move(call), "clusterArns");
}

Async<Result<std::vector<ClusterArn>>> EcsClient::list_clusters() {
  std::function<Async<Result<ListPage<ClusterArn>>>(std::string)> read_page =
      [this](std::string token) { return list_clusters_page(std::move(token)); };
  co_return co_await list_all<ClusterArn>("ListClusters", std::move(read_page));
}

Async<Result<ClusterArn>> EcsClient::describe_cluster(std::string cluster) {
  JsonCall call =
      make_read("DescribeClusters", codec::encode_describe_clusters(cluster), budgets_, priority_);
  Decode<codec::DescribeClustersAnswer> decode = codec::decode_describe_clusters;
  auto answer =
      co_await send<codec::DescribeClustersAnswer>(client_, std::move(call), std::move(decode));
  if (!answer) co_return std::unexpected(answer.error());
  if (answer->clusters.empty()) {
    const bool missing = answer->failures.empty() || answer->failures.front().reason == "MISSING";
    co_return fail(missing ? ErrorKind::kNotFound : ErrorKind::kUnavailable,
                   "ecs DescribeClusters: cluster '" + cluster + "' is " +
                       (missing ? "MISSING" : answer->failures.front().reason));
  }
  auto& found = answer->clusters.front();
  if (found.status == "INACTIVE") {
    co_return fail(ErrorKind::kNotFound,
                   "ecs DescribeClusters: cluster '" + cluster + "' is INACTIVE");
  }
  co_return std::move(found.arn);
}

Async<Result<ListPage<ContainerInstanceArn>>> EcsClient::list_container_instances_page(
    ClusterArn cluster, std::string token) {
  JsonCall call =
      make_read("ListContainerInstances", codec::encode_list_container_instances(cluster, token),
                budgets_, priority_);
  return list_page<ContainerInstanceArn>(client_, std::move(call), "containerInstanceArns");
}

Async<Result<std::vector<ContainerInstanceArn>>> EcsClient::list_container_instances(
    ClusterArn cluster) {
  std::function<Async<Result<ListPage<ContainerInstanceArn>>>(std::string)> read_page =
      [this, &cluster](std::string token) {
        return list_container_instances_page(cluster, std::move(token));
      };
  co_return co_await list_all<ContainerInstanceArn>("ListContainerInstances", std::move(read_page));
}

Async<Result<DescribedInstances>> EcsClient::describe_container_instances(
    ClusterArn cluster, std::vector<ContainerInstanceArn> instances) {
  using Answer = codec::DescribeInstancesAnswer;
  DescribedInstances described;
  described.asked_at = executor_.wall_now();
  JsonCall call = make_read("DescribeContainerInstances", "", budgets_, priority_);
  std::function<std::string(const std::vector<ContainerInstanceArn>&)> encode =
      [&cluster](const std::vector<ContainerInstanceArn>& chunk) {
        return codec::encode_describe_container_instances(cluster, chunk);
      };
  std::function<Result<Answer>(std::string_view)> decode = [&cluster](std::string_view body) {
    return codec::decode_describe_container_instances(body, cluster);
  };
  auto answers = co_await describe_all<Answer>(executor_, client_, std::move(call), instances,
                                               std::move(encode), std::move(decode));
  if (!answers) co_return std::unexpected(answers.error());
  described.missing = collect_missing(*answers, instances, described.undescribed);
  for (Answer& answer : *answers) {
    note_repaired(answer.repaired);
    std::ranges::move(answer.reports, std::back_inserter(described.instances));
  }
  co_return described;
}

Async<Result<ListPage<TaskArn>>> EcsClient::list_tasks_page(ClusterArn cluster, TaskFilter filter,
                                                            std::string token) {
  const codec::ListTasksCall request{std::move(cluster),
                                     std::move(filter.started_by),
                                     std::move(filter.container_instance),
                                     std::move(filter.family),
                                     filter.stopped,
                                     std::move(token)};
  JsonCall call = make_read("ListTasks", codec::encode_list_tasks(request), budgets_, priority_);
  return list_page<TaskArn>(client_, std::move(call), "taskArns");
}

Async<Result<std::vector<TaskArn>>> EcsClient::list_tasks(ClusterArn cluster, TaskFilter filter) {
  std::function<Async<Result<ListPage<TaskArn>>>(std::string)> read_page =
      [this, &cluster, &filter](std::string token) {
        return list_tasks_page(cluster, filter, std::move(token));
      };
  co_return co_await list_all<TaskArn>("ListTasks", std::move(read_page));
}

Async<Result<DescribedTasks>> EcsClient::describe_tasks(ClusterArn cluster,
                                                        std::vector<TaskArn> tasks) {
  using Answer = codec::DescribeTasksAnswer;
  DescribedTasks described;
  described.asked_at = executor_.wall_now();
  JsonCall call = make_read("DescribeTasks", "", budgets_, priority_);
  std::function<std::string(const std::vector<TaskArn>&)> encode =
      [&cluster](const std::vector<TaskArn>& chunk) {
        return codec::encode_describe_tasks(cluster, chunk);
      };
  std::function<Result<Answer>(std::string_view)> decode = codec::decode_describe_tasks;
  auto answers = co_await describe_all<Answer>(executor_, client_, std::move(call), tasks,
                                               std::move(encode), std::move(decode));
  if (!answers) co_return std::unexpected(answers.error());
  described.missing = collect_missing(*answers, tasks, described.undescribed);
  for (Answer& answer : *answers) {
    note_repaired(answer.repaired);
    std::ranges::move(answer.reports, std::back_inserter(described.tasks));
  }
  co_return described;
}

Async<Result<DescribedTaskDefinition>> EcsClient::describe_task_definition(std::string name) {
  JsonCall call = make_read("DescribeTaskDefinition", codec::encode_describe_task_definition(name),
                            budgets_, priority_);
  Decode<codec::DescribeTaskDefinitionAnswer> decode = codec::decode_describe_task_definition;
  auto answer = co_await send<codec::DescribeTaskDefinitionAnswer>(client_, std::move(call),
                                                                   std::move(decode));
  if (answer) {
    co_return DescribedTaskDefinition{std::move(answer->arn), answer->active,
                                      std::move(answer->checked_containers)};
  }
  // ECS says ClientException, "Unable to describe task definition", for one that is not there.
  const Error& error = answer.error();
  if (error.kind == ErrorKind::kInvalid &&
      error.message.find("nable to describe task definition") != std::string::npos) {
    co_return fail(ErrorKind::kNotFound, error.message);
  }
  co_return std::unexpected(error);
}

Async<Result<std::vector<StartedOn>>> EcsClient::start_task(StartRequest request) {
  if (request.instances.empty() || request.instances.size() > kStartInstancesMax) {
    co_return fail(ErrorKind::kInvalid, "StartTask on " + std::to_string(request.instances.size()) +
                                            " instances; allowed are 1 to " +
                                            std::to_string(kStartInstancesMax));
  }
  const codec::StartTaskCall body{request.cluster, request.task_definition, request.instances,
                                  request.started_by, request.group};
  JsonCall call = make_write("StartTask", codec::encode_start_task(body), budgets_);
  Decode<codec::StartTaskAnswer> decode = codec::decode_start_task;
  auto answer = co_await send<codec::StartTaskAnswer>(client_, std::move(call), std::move(decode));
  if (!answer) co_return std::unexpected(answer.error());

  std::vector<StartedOn> started;
  for (const ContainerInstanceArn& instance : request.instances) {
    const auto task =
        std::ranges::find(answer->started, instance, &codec::StartTaskAnswer::Started::instance);
    if (task != answer->started.end()) {
      started.push_back({instance, task->task});
      continue;
    }
    const auto failure = std::ranges::find_if(
        answer->failures, [&](const auto& entry) { return names(entry, instance.value); });
    if (failure == answer->failures.end()) continue;
    const StartFailure reason{failure->reason, failure->detail};
    started.push_back({instance, std::unexpected(reason)});
  }
  if (started.empty()) {
    co_return fail(ErrorKind::kUnknown, "ecs StartTask: the answer says nothing of the instances");
  }
  co_return started;
}

Async<Status> EcsClient::stop_task(ClusterArn cluster, TaskArn task, std::string reason) {
  JsonCall call = make_write("StopTask", codec::encode_stop_task(cluster, task, reason), budgets_);
  // Its body repeats the task as it stands; the next event says so better.
  AcceptBody accept = [](std::string_view) { return done(); };
  const Status status = co_await client_.call(std::move(call), std::move(accept));
  // ECS says InvalidParameterException, "The referenced task was not found.".
  if (!status && status.error().kind == ErrorKind::kInvalid &&
      status.error().message.find("task was not found") != std::string::npos) {
    co_return fail(ErrorKind::kNotFound, status.error().message);
  }
  // Says nothing of the task: the cluster may be another region's or account's.
  if (!status && status.error().kind == ErrorKind::kNotFound) {
    co_return fail(ErrorKind::kInvalid, status.error().message);
  }
  co_return status;
}

}  // namespace blox::aws
