#include "client/scheduler.h"

#include <utility>

#include "base/bounded_text.h"
#include "base/text.h"
#include "http/url.h"

namespace blox::client {
namespace {

// A list that never ends is a broken service, not a long list.
constexpr int kPageCountMax = 10'000;

std::string environment_target(const std::string& name) {
  return "/v1/environments/" + http::encode_path_segment(name);
}

void add_parameter(std::string& target, std::string_view name, std::string_view value) {
  target += target.find('?') == std::string::npos ? '?' : '&';
  target += std::string{name} + "=" + http::encode_path_segment(value);
}

ErrorKind kind_of_status(int status, bool reads) {
  switch (status) {
    case 403: return ErrorKind::kDenied;
    case 404: return ErrorKind::kNotFound;
    case 409: return ErrorKind::kConflict;
    case 429: return ErrorKind::kThrottled;
    case 503: return ErrorKind::kUnavailable;
    default: break;
  }
  if (status >= 400 && status < 500) return ErrorKind::kInvalid;
  // Any other answer to a write leaves open whether it was done before something went wrong.
  if (!reads) return ErrorKind::kUnknown;
  return status == 504 ? ErrorKind::kUnavailable : ErrorKind::kInternal;
}

std::unexpected<Error> refused(const http::Answer& answer, bool reads) {
  std::string message = shorten(without_line_end(answer.body));
  if (message.empty()) message = "status " + std::to_string(answer.status) + " without a reason";
  if (const auto detail = http::find_header(answer.headers, "Blox-Error-Detail")) {
    message += " (" + shorten(*detail) + ")";
  }
  return fail(kind_of_status(answer.status, reads), std::move(message));
}

template <class Object>
Result<Object> read_answer(const Result<std::string>& body,
                           Result<Object> (*decode)(std::string_view)) {
  if (!body) return std::unexpected(body.error());
  auto decoded = decode(*body);
  if (!decoded) return fail(ErrorKind::kInternal, decoded.error().message);
  return decoded;
}

}  // namespace

Scheduler::Scheduler(http::Transport& transport, SchedulerOptions options)
    : transport_(transport), options_(std::move(options)) {}

Async<Result<std::string>> Scheduler::call(std::string method, std::string target,
                                           std::string body) {
  const bool reads = method == "GET";
  http::OutgoingRequest request;
  request.method = std::move(method);
  request.url = options_.base_url + target;
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.body = std::move(body);
  request.deadline = options_.deadline;
  request.answer_bytes_max = options_.answer_bytes_max;
  request.fresh_connection = !reads;
  const auto answer = co_await transport_.send(std::move(request));
  if (!answer) {
    // A read changes nothing: whether it was sent makes no difference.
    const auto kind = reads && answer.error().kind == ErrorKind::kUnknown ? ErrorKind::kUnavailable
                                                                          : answer.error().kind;
    co_return fail(kind, http::without_userinfo(options_.base_url) + ": " + answer.error().message);
  }
  if (answer->status != 200) co_return refused(*answer, reads);
  co_return answer->body;
}

Async<Result<std::vector<Environment>>> Scheduler::list_environments(std::string cluster) {
  std::vector<Environment> all;
  std::string next_token;
  for (int page_count = 0; page_count < kPageCountMax; ++page_count) {
    std::string target = "/v1/environments";
    if (!cluster.empty()) add_parameter(target, "cluster", cluster);
    if (!next_token.empty()) add_parameter(target, "nextToken", next_token);
    const auto body = co_await call("GET", std::move(target), "");
    auto page = read_answer(body, &codec::decode_environment_page);
    if (!page) co_return std::unexpected(page.error());
    for (auto& item : page->items) all.push_back(std::move(item));
    next_token = std::move(page->next_token);
    if (next_token.empty()) co_return all;
  }
  co_return fail(ErrorKind::kInternal, "the list of environments does not end");
}

Async<Result<Environment>> Scheduler::get_environment(std::string name) {
  const auto body = co_await call("GET", environment_target(name), "");
  co_return read_answer(body, &codec::decode_environment_object);
}

Async<Result<Environment>> Scheduler::create_environment(EnvironmentRequest request) {
  const auto body = co_await call("POST", "/v1/environments", codec::encode_request(request));
  co_return read_answer(body, &codec::decode_environment_object);
}

Async<Result<Environment>> Scheduler::patch_environment(std::string name,
                                                        EnvironmentRequest request) {
  const auto body =
      co_await call("PATCH", environment_target(name), codec::encode_request(request));
  co_return read_answer(body, &codec::decode_environment_object);
}

Async<Status> Scheduler::delete_environment(std::string name, bool terminate_tasks) {
  std::string target = environment_target(name);
  if (terminate_tasks) add_parameter(target, "terminateTasks", "true");
  const auto body = co_await call("DELETE", std::move(target), "");
  co_return body ? done() : Status{std::unexpected(body.error())};
}

Async<Result<InstanceStatusList>> Scheduler::list_instances(std::string name) {
  const auto body = co_await call("GET", environment_target(name) + "/instances", "");
  co_return read_answer(body, &codec::decode_instance_status_list);
}

Async<Result<AdoptionList>> Scheduler::adopt(std::string name, bool dry_run) {
  std::string target = environment_target(name) + "/adopt";
  if (dry_run) add_parameter(target, "dryRun", "true");
  const auto body = co_await call("POST", std::move(target), "");
  co_return read_answer(body, &codec::decode_adoption_list);
}

Async<Result<Deployment>> Scheduler::create_deployment(std::string environment, std::string token,
                                                       bool supersede) {
  std::string target = environment_target(environment) + "/deployments";
  add_parameter(target, "deploymentToken", token);
  if (supersede) add_parameter(target, "supersede", "true");
  const auto body = co_await call("POST", std::move(target), "");
  co_return read_answer(body, &codec::decode_deployment_object);
}

Async<Result<std::vector<Deployment>>> Scheduler::list_deployments(std::string environment) {
  std::vector<Deployment> all;
  std::string next_token;
  for (int page_count = 0; page_count < kPageCountMax; ++page_count) {
    std::string target = environment_target(environment) + "/deployments";
    if (!next_token.empty()) add_parameter(target, "nextToken", next_token);
    const auto body = co_await call("GET", std::move(target), "");
    auto page = read_answer(body, &codec::decode_deployment_page);
    if (!page) co_return std::unexpected(page.error());
    for (auto& item : page->items) all.push_back(std::move(item));
    next_token = std::move(page->next_token);
    if (next_token.empty()) co_return all;
  }
  co_return fail(ErrorKind::kInternal, "the list of deployments does not end");
}

Async<Result<Deployment>> Scheduler::get_deployment(std::string environment, std::string id) {
  std::string target =
      environment_target(environment) + "/deployments/" + http::encode_path_segment(id);
  const auto body = co_await call("GET", std::move(target), "");
  co_return read_answer(body, &codec::decode_deployment_object);
}

}  // namespace blox::client
