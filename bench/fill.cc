// What has to be there before something is measured: messages in the queue, tasks in ECS.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <vector>

#include "base/signal.h"
#include "calls.h"
#include "events.h"
#include "http/curl_transport.h"
#include "load.h"

namespace blox::bench {
namespace {

namespace json = boost::json;

constexpr std::size_t kConcurrency = 8;
constexpr std::uint64_t kBatch = 10;  // Source: quotas of SQS and of StartTask.
constexpr const char* kEcs = "AmazonEC2ContainerServiceV20141113.";

Async<Status> send_all(Executor& executor, http::Transport& transport,
                       std::vector<http::OutgoingRequest> requests) {
  std::vector<Async<Result<std::string>>> calls;
  calls.reserve(requests.size());
  for (auto& request : requests) calls.push_back(send(transport, std::move(request)));
  for (const auto& answer : co_await gather(executor, std::move(calls), kConcurrency)) {
    if (!answer) co_return std::unexpected(answer.error());
    if (answer->find("\"Failed\":[{") != std::string::npos ||
        answer->find("\"failures\":[{") != std::string::npos) {
      co_return fail(ErrorKind::kInternal, "a part was refused: " + *answer);
    }
  }
  co_return done();
}

json::object make_batch(const FillQueue& load, std::uint64_t first, WallTime now) {
  json::array entries;
  for (std::uint64_t i = first; i < std::min(first + kBatch, load.events); ++i) {
    const std::uint64_t task = i % load.objects;
    const auto version = static_cast<std::int64_t>(i / load.objects + 1);
    entries.push_back(
        json::object{{"Id", std::to_string(i)},
                     {"MessageBody", make_task_event(task, task % 100, version, i, now)}});
  }
  return {{"QueueUrl", load.endpoint + "/123456789012/" + load.queue},
          {"Entries", std::move(entries)}};
}

Async<Result<Figures>> fill_queue(IoLoop& loop, http::Transport& transport, const FillQueue& load) {
  const TimePoint start = loop.now();
  std::vector<http::OutgoingRequest> requests;
  for (std::uint64_t i = 0; i < load.events; i += kBatch) {
    requests.push_back(make_call(load.endpoint, "AmazonSQS.SendMessageBatch",
                                 make_batch(load, i, loop.wall_now())));
  }
  const auto sent = co_await send_all(loop, transport, std::move(requests));
  if (!sent) co_return std::unexpected(sent.error());
  co_return Figures{{"sent", static_cast<double>(load.events)},
                    {"seconds", to_seconds(loop.now() - start)}};
}

Async<Result<std::vector<std::string>>> join(http::Transport& transport, const StartTasks& load,
                                             std::uint64_t count) {
  http::OutgoingRequest request;
  request.method = "POST";
  request.url = load.endpoint + "/simulator/instances";
  const json::object body{
      {"cluster", kCluster}, {"count", count}, {"cpu", 1'000'000}, {"memory", 1'000'000}};
  request.body = json::serialize(body);
  const auto answer = co_await send(transport, std::move(request));
  if (!answer) co_return std::unexpected(answer.error());
  boost::system::error_code problem;
  const json::value parsed = json::parse(*answer, problem);
  const json::value* arns = parsed.find_pointer("/containerInstanceArns", problem);
  if (arns == nullptr) co_return fail(ErrorKind::kInternal, "no instances in " + *answer);
  std::vector<std::string> instances;
  for (const auto& arn : arns->as_array()) instances.emplace_back(arn.as_string());
  co_return instances;
}

Async<Result<Figures>> start_tasks(IoLoop& loop, http::Transport& transport,
                                   const StartTasks& load) {
  const auto instances = co_await join(transport, load, load.tasks / load.tasks_per_instance);
  if (!instances) co_return std::unexpected(instances.error());
  const json::object container{{"name", "main"},
                               {"image", "registry.example.com/agent:1"},
                               {"cpu", 64},
                               {"memory", 64},
                               {"essential", true}};
  const json::object definition{{"family", "load"},
                                {"containerDefinitions", json::array{container}}};
  auto defining =
      make_call(load.endpoint, std::string{kEcs} + "RegisterTaskDefinition", definition);
  const auto defined = co_await send(transport, std::move(defining));
  if (!defined) co_return std::unexpected(defined.error());

  std::vector<http::OutgoingRequest> requests;
  for (std::uint64_t i = 0; i < load.tasks; i += kBatch) {
    json::array targets;
    for (std::uint64_t j = i; j < std::min(i + kBatch, load.tasks); ++j) {
      targets.emplace_back((*instances)[j % instances->size()]);
    }
    const json::object body{{"cluster", kCluster},
                            {"taskDefinition", "load:1"},
                            {"startedBy", i < load.marked ? "marked" : "rest"},
                            {"containerInstances", std::move(targets)}};
    requests.push_back(make_call(load.endpoint, std::string{kEcs} + "StartTask", body));
  }
  const auto sent = co_await send_all(loop, transport, std::move(requests));
  if (!sent) co_return std::unexpected(sent.error());
  co_return Figures{{"started", static_cast<double>(load.tasks)}};
}

}  // namespace

Result<Figures> fill_queue(const FillQueue& load) {
  IoLoop loop;
  http::CurlTransport transport{loop};
  return run_to_end(loop, fill_queue(loop, transport, load));
}

Result<Figures> start_tasks(const StartTasks& load) {
  if (load.tasks_per_instance == 0 || load.tasks % load.tasks_per_instance != 0) {
    return fail(ErrorKind::kInvalid, "--tasks: a multiple of --tasks-per-instance");
  }
  IoLoop loop;
  http::CurlTransport transport{loop};
  return run_to_end(loop, start_tasks(loop, transport, load));
}

}  // namespace blox::bench
