#include "scheduler/api/scheduler_api.h"

#include <utility>

#include "base/log.h"
#include "codec/scheduler_objects.h"
#include "scheduler/api/api_objects.h"
#include "scheduler/api/queries.h"
#include "scheduler/environments/validation.h"

namespace blox::scheduler {
namespace {

constexpr std::string_view kDetailHeader = "Blox-Error-Detail";

// A header holds one line of visible ASCII.
std::string as_header(std::string_view text) {
  std::string clean;
  for (const char letter : text.substr(0, 1'000)) {
    clean += letter >= ' ' && letter <= '~' ? letter : '?';
  }
  return clean;
}

http::Response refuse(const Refusal& refusal) {
  auto response = http::make_text(400, refusal.body);
  if (!refusal.detail.empty()) {
    response.headers.emplace_back(kDetailHeader, as_header(refusal.detail));
  }
  return response;
}

http::Response answer_error(const Error& error) {
  if (error.kind != ErrorKind::kInternal) {
    return http::make_error(error);
  }
  log::error("scheduler", "{}", error.message);
  auto response = http::make_text(500, "Unexpected internal server error");
  response.headers.emplace_back(kDetailHeader, as_header(error.message));
  return response;
}

http::Response answer_deployment(const Result<Deployment>& deployment) {
  if (!deployment) return answer_error(deployment.error());
  return http::make_json(200, codec::encode_object(make_object(*deployment)));
}

Async<http::Response> answer(http::Response response) { co_return response; }

const EnvironmentStatus* find_status(const StatusBoard& board, const EnvironmentUid& uid) {
  const auto found = board.environments.find(uid);
  return found == board.environments.end() ? nullptr : &found->second;
}

}  // namespace

SchedulerApi::SchedulerApi(Operations& operations, const StatusBoard& board, const Metrics& metrics,
                           std::function<Status()> ready)
    : operations_(operations), board_(board), metrics_(metrics), ready_(std::move(ready)) {
  add_service_routes();
  add_environment_routes();
  add_deployment_routes();
}

Async<http::Response> SchedulerApi::handle(http::Request request) {
  return router_.handle(std::move(request));
}

// A route whose answer rests on the records: no request gets to it before they are read.
void SchedulerApi::add_record_route(std::string method, std::string_view pattern,
                                    http::Router::Handle handle) {
  http::RouteOptions options;
  options.cost = method == "GET" ? http::Cost::kCheap : http::Cost::kChange;
  router_.add(
      std::move(method), pattern,
      [this, handle = std::move(handle)](Context context) -> Async<http::Response> {
        if (operations_.is_ready()) return handle(std::move(context));
        return answer(
            answer_error({ErrorKind::kUnavailable, "The records are not read yet; try again"}));
      },
      options);
}

void SchedulerApi::add_service_routes() {
  router_.add("GET", "/v1/ping", [](Context) { return answer(http::make_json(200, "")); });
  const http::RouteOptions probe{.cost = http::Cost::kProbe, .is_open = true};
  router_.add("GET", "/healthz", [](Context) { return answer(http::make_text(200, "ok")); }, probe);
  router_.add(
      "GET", "/readyz",
      [this](Context) {
        const auto ready = ready_();
        return answer(ready ? http::make_text(200, "ok")
                            : http::make_busy(503, ready.error().message));
      },
      probe);
  router_.add("GET", "/metrics", [this](Context) {
    http::Response response;
    response.headers.emplace_back("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    response.body = metrics_.to_text();
    return answer(std::move(response));
  });
}

void SchedulerApi::add_environment_routes() {
  add_record_route("POST", "/v1/environments",
                   [this](Context context) { return create_environment(std::move(context)); });
  add_record_route("GET", "/v1/environments", [this](Context context) -> Async<http::Response> {
    co_return list_environments(context);
  });
  add_record_route(
      "GET", "/v1/environments/{name}",
      [this](Context context) -> Async<http::Response> { co_return get_environment(context); });
  add_record_route("PATCH", "/v1/environments/{name}",
                   [this](Context context) { return patch_environment(std::move(context)); });
  add_record_route("DELETE", "/v1/environments/{name}",
                   [this](Context context) { return delete_environment(std::move(context)); });
  add_record_route(
      "GET", "/v1/environments/{name}/instances",
      [this](Context context) -> Async<http::Response> { co_return list_instances(context); });
}

void SchedulerApi::add_deployment_routes() {
  add_record_route("POST", "/v1/environments/{name}/adopt",
                   [this](Context context) { return adopt(std::move(context)); });
  add_record_route("POST", "/v1/environments/{name}/deployments",
                   [this](Context context) { return create_deployment(std::move(context)); });
  add_record_route(
      "GET", "/v1/environments/{name}/deployments",
      [this](Context context) -> Async<http::Response> { co_return list_deployments(context); });
  add_record_route(
      "GET", "/v1/environments/{name}/deployments/{id}",
      [this](Context context) -> Async<http::Response> { co_return get_deployment(context); });
}

http::Response SchedulerApi::answer_environment(const Result<Environment>& environment) const {
  if (!environment) return answer_error(environment.error());
  const auto object = make_object(*environment, find_status(board_, environment->uid));
  return http::make_json(200, codec::encode_object(object));
}

Async<http::Response> SchedulerApi::create_environment(Context context) {
  if (const auto refusal = find_refusal(context.query, {})) co_return refuse(*refusal);
  auto body = codec::decode_new_environment(context.request.body);
  if (!body) co_return answer_error(body.error());
  NewEnvironment asked;
  asked.name = std::move(body->name);
  asked.cluster = std::move(body->cluster);
  asked.task_definition = std::move(*body->task_definition);
  asked.max_unavailable = std::move(body->max_unavailable);
  asked.drain_deadline = std::move(body->drain_deadline);
  asked.min_healthy = std::move(body->min_healthy);
  const auto created = co_await operations_.create_environment(std::move(asked));
  co_return answer_environment(created);
}

http::Response SchedulerApi::list_environments(const Context& context) const {
  if (const auto refusal = find_refusal(context.query, {"cluster", "maxResults", "nextToken"})) {
    return refuse(*refusal);
  }
  const auto page = operations_.list_environments(query_text(context.query, "cluster"),
                                                  read_page_request(context.query));
  if (!page) return answer_error(page.error());
  codec::ObjectPage<codec::EnvironmentObject> objects{{}, page->next_token};
  for (const auto& environment : page->items) {
    objects.items.push_back(make_object(environment, find_status(board_, environment.uid)));
  }
  return http::make_json(200, codec::encode_page(objects));
}

http::Response SchedulerApi::get_environment(const Context& context) const {
  if (const auto refusal = find_refusal(context.query, {})) return refuse(*refusal);
  return answer_environment(operations_.get_environment(context.parameter("name")));
}

Async<http::Response> SchedulerApi::patch_environment(Context context) {
  if (const auto refusal = find_refusal(context.query, {})) co_return refuse(*refusal);
  auto body = codec::decode_environment_patch(context.request.body);
  if (!body) co_return answer_error(body.error());
  EnvironmentPatch patch{std::move(body->task_definition), std::move(body->max_unavailable),
                         std::move(body->drain_deadline), std::move(body->min_healthy)};
  const auto patched =
      co_await operations_.patch_environment(context.parameter("name"), std::move(patch));
  co_return answer_environment(patched);
}

Async<http::Response> SchedulerApi::delete_environment(Context context) {
  if (const auto refusal = find_refusal(context.query, {"terminateTasks"})) {
    co_return refuse(*refusal);
  }
  const auto terminate = read_query_flag(context.query, "terminateTasks");
  if (!terminate) co_return answer_error(terminate.error());
  const auto deleted =
      co_await operations_.delete_environment(context.parameter("name"), *terminate);
  co_return deleted ? http::Response{} : answer_error(deleted.error());
}

Async<http::Response> SchedulerApi::adopt(Context context) {
  if (const auto refusal = find_refusal(context.query, {"dryRun"})) co_return refuse(*refusal);
  const auto dry_run = read_query_flag(context.query, "dryRun");
  if (!dry_run) co_return answer_error(dry_run.error());
  const std::string name = context.parameter("name");
  const auto environment = operations_.get_environment(name);
  if (!environment) co_return answer_error(environment.error());
  const auto* status = find_status(board_, environment->uid);
  if (!status || !status->is_decided) {
    co_return answer_error(
        {ErrorKind::kUnavailable, "The cluster state is not known yet; try again" +
                                      (status ? ": " + status->reason : std::string{})});
  }
  auto unclaimed = status->unclaimed;
  const auto adoptions = co_await operations_.adopt(name, std::move(unclaimed), *dry_run);
  if (!adoptions) co_return answer_error(adoptions.error());
  co_return http::make_json(200, codec::encode_list(make_adoption_list(*adoptions, *dry_run)));
}

http::Response SchedulerApi::list_instances(const Context& context) const {
  if (const auto refusal = find_refusal(context.query, {})) return refuse(*refusal);
  const auto environment = operations_.get_environment(context.parameter("name"));
  if (!environment) return answer_error(environment.error());
  const auto list = make_instance_list(find_status(board_, environment->uid));
  return http::make_json(200, codec::encode_list(list));
}

Async<http::Response> SchedulerApi::create_deployment(Context context) {
  const std::string token = query_text(context.query, "deploymentToken");
  if (!is_uuid(token)) {  // In v0.3 the token is a part of the route.
    co_return http::make_text(404, "Not found: the query has to hold deploymentToken, a UUID");
  }
  if (const auto refusal = find_refusal(context.query, {"deploymentToken", "supersede"})) {
    co_return refuse(*refusal);
  }
  const auto supersede = read_query_flag(context.query, "supersede");
  if (!supersede) co_return answer_error(supersede.error());
  NewDeployment asked{token, *supersede};
  const auto created =
      co_await operations_.create_deployment(context.parameter("name"), std::move(asked));
  co_return answer_deployment(created);
}

http::Response SchedulerApi::list_deployments(const Context& context) const {
  // v0.3's description of its API demands deploymentToken here, so its clients send one.
  if (const auto refusal =
          find_refusal(context.query, {"maxResults", "nextToken", "deploymentToken"})) {
    return refuse(*refusal);
  }
  const auto page =
      operations_.list_deployments(context.parameter("name"), read_page_request(context.query));
  if (!page) return answer_error(page.error());
  codec::ObjectPage<codec::DeploymentObject> objects{{}, page->next_token};
  for (const auto& deployment : page->items) objects.items.push_back(make_object(deployment));
  return http::make_json(200, codec::encode_page(objects));
}

http::Response SchedulerApi::get_deployment(const Context& context) const {
  if (const auto refusal = find_refusal(context.query, {})) return refuse(*refusal);
  return answer_deployment(
      operations_.get_deployment(context.parameter("name"), context.parameter("id")));
}

}  // namespace blox::scheduler
