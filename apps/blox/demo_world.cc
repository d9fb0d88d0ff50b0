#include "blox/demo_world.h"

#include <boost/json.hpp>
#include <utility>

#include "model/arn.h"

namespace blox::apps {
namespace {

namespace json = boost::json;

std::string text_at(const json::value& value, std::string_view pointer) {
  boost::system::error_code problem;
  const json::value* found = value.find_pointer(pointer, problem);
  return found != nullptr && found->is_string() ? std::string{found->as_string()} : std::string{};
}

json::array array_at(const json::value& value, std::string_view pointer) {
  boost::system::error_code problem;
  const json::value* found = value.find_pointer(pointer, problem);
  return found != nullptr && found->is_array() ? found->as_array() : json::array{};
}

int number_at(const json::value& value, std::string_view pointer) {
  boost::system::error_code problem;
  const json::value* found = value.find_pointer(pointer, problem);
  return found != nullptr && found->is_number() ? found->to_number<int>() : -1;
}

// Of an array; -1 when there is none, so that a judge who says nothing does not say "none".
int size_at(const json::value& value, std::string_view pointer) {
  boost::system::error_code problem;
  const json::value* found = value.find_pointer(pointer, problem);
  return found != nullptr && found->is_array() ? static_cast<int>(found->as_array().size()) : -1;
}

Result<json::value> parse(const Result<std::string>& body) {
  if (!body) return std::unexpected(body.error());
  boost::system::error_code problem;
  json::value value = json::parse(*body, problem);
  if (problem) return fail(ErrorKind::kInternal, "the simulator's answer: " + problem.message());
  return value;
}

TrueInstance read_instance(const json::value& value, const std::string& group) {
  TrueInstance instance;
  instance.arn = text_at(value, "/containerInstanceArn");
  instance.status = text_at(value, "/status");
  boost::system::error_code problem;
  const json::value* connected = value.find_pointer("/agentConnected", problem);
  instance.agent_connected = connected != nullptr && connected->is_bool() && connected->as_bool();
  for (const auto& task : array_at(value, "/tasks")) {
    if (text_at(task, "/group") != group) continue;
    instance.daemon_tasks.push_back(text_at(task, "/taskDefinitionArn"));
    instance.daemon_arns.push_back(text_at(task, "/taskArn"));
    instance.running_daemons += text_at(task, "/lastStatus") == "RUNNING" ? 1 : 0;
  }
  return instance;
}

}  // namespace

Async<Result<std::string>> DemoWorld::call(std::string operation, std::string body) {
  http::OutgoingRequest request;
  request.method = "POST";
  request.url = base_url_ + "/";
  request.headers = {{"X-Amz-Target", "AmazonEC2ContainerServiceV20141113." + operation},
                     {"Content-Type", "application/x-amz-json-1.1"}};
  request.body = std::move(body);
  auto answer = co_await transport_.send(std::move(request));
  if (!answer) co_return answer.error_in(operation);
  if (answer->status != 200) {
    co_return fail(ErrorKind::kInternal, operation + ": " + answer->body);
  }
  co_return std::move(answer->body);
}

Async<Result<std::string>> DemoWorld::control(std::string method, std::string path,
                                              std::string body) {
  http::OutgoingRequest request;
  request.method = std::move(method);
  request.url = base_url_ + "/simulator" + path;
  request.headers = {{"Content-Type", "application/json"}};
  request.body = std::move(body);
  auto answer = co_await transport_.send(std::move(request));
  if (!answer) co_return answer.error_in(path);
  if (answer->status != 200) co_return fail(ErrorKind::kInternal, path + ": " + answer->body);
  co_return std::move(answer->body);
}

Async<Status> DemoWorld::create_cluster(std::string name) {
  json::object body{{"clusterName", name}};
  const auto answer = co_await call("CreateCluster", json::serialize(body));
  if (!answer) co_return std::unexpected(answer.error());
  co_return done();
}

Async<Result<std::string>> DemoWorld::register_task_definition(std::string family,
                                                               std::string image) {
  json::object container{{"name", "main"}, {"image", image}, {"cpu", 64}, {"memory", 64}};
  json::object body{{"family", family}, {"containerDefinitions", json::array{container}}};
  const auto answer = parse(co_await call("RegisterTaskDefinition", json::serialize(body)));
  if (!answer) co_return std::unexpected(answer.error());
  co_return text_at(*answer, "/taskDefinition/taskDefinitionArn");
}

Async<Result<std::vector<std::string>>> DemoWorld::join(std::string cluster, int count) {
  json::object body{{"cluster", cluster}, {"count", count}};
  const auto answer = parse(co_await control("POST", "/instances", json::serialize(body)));
  if (!answer) co_return std::unexpected(answer.error());
  std::vector<std::string> arns;
  for (const auto& arn : array_at(*answer, "/containerInstanceArns")) {
    arns.emplace_back(arn.as_string());
  }
  co_return arns;
}

Async<Result<std::string>> DemoWorld::start_foreign_task(std::string cluster,
                                                         std::string definition,
                                                         std::string instance) {
  json::object body{{"cluster", cluster},
                    {"taskDefinition", definition},
                    {"containerInstances", json::array{instance}},
                    {"group", "service:web"}};
  const auto answer = parse(co_await call("StartTask", json::serialize(body)));
  if (!answer) co_return std::unexpected(answer.error());
  co_return text_at(*answer, "/tasks/0/taskArn");
}

Async<Status> DemoWorld::end_task(std::string task, int exit_code, std::string reason) {
  json::object body{{"exitCode", exit_code}, {"reason", reason}};
  const std::string path = "/tasks/" + std::string{short_id(task)} + "/kill";
  const auto answer = co_await control("POST", path, json::serialize(body));
  if (!answer) co_return std::unexpected(answer.error());
  co_return done();
}

Async<Status> DemoWorld::drain(std::string cluster, std::string instance) {
  json::object body{
      {"cluster", cluster}, {"containerInstances", json::array{instance}}, {"status", "DRAINING"}};
  const auto answer = co_await call("UpdateContainerInstancesState", json::serialize(body));
  if (!answer) co_return std::unexpected(answer.error());
  co_return done();
}

Async<Status> DemoWorld::limit_life(std::string revision, Duration life) {
  json::object body{
      {"revisions", json::object{{revision, json::object{{"life", format_duration(life)}}}}}};
  const auto answer = co_await control("PUT", "/faults", json::serialize(body));
  if (!answer) co_return std::unexpected(answer.error());
  co_return done();
}

Async<Result<Truth>> DemoWorld::look(std::string cluster, std::string group) {
  const auto state = parse(co_await control("GET", "/state?cluster=" + cluster, ""));
  if (!state) co_return std::unexpected(state.error());
  const auto judge = parse(co_await control("GET", "/judge", ""));
  if (!judge) co_return std::unexpected(judge.error());
  Truth truth;
  for (const auto& instance : array_at(*state, "/clusters/0/containerInstances")) {
    truth.instances.push_back(read_instance(instance, group));
  }
  truth.doubled = size_at(*judge, "/doubled");
  truth.bad_starts = number_at(*judge, "/badStartCount");
  truth.foreign_stops = number_at(*judge, "/foreignStopCount");
  if (truth.doubled < 0 || truth.bad_starts < 0 || truth.foreign_stops < 0) {
    co_return fail(ErrorKind::kInternal, "the simulator's judge does not say all that it is asked");
  }
  co_return truth;
}

}  // namespace blox::apps
