// Routes by table.
#include "http/router.h"

#include <gtest/gtest.h>

#include "base/scope.h"
#include "base/sim_loop.h"

namespace blox::http {
namespace {

Async<void> store(Async<Response> work, Response& response) { response = co_await std::move(work); }

std::string header_of(const Response& response, std::string_view name) {
  return std::string{find_header(response.headers, name).value_or("")};
}

// Answers with the route's name and what it was given: "task c=prod arn=a/b ?x=1&".
Router::Handle describe(std::string name) {
  return [name](RequestContext context) -> Async<Response> {
    std::string text = name;
    for (const auto& [key, value] : context.parameters) text += " " + key + "=" + value;
    if (!context.query.empty()) text += " ?";
    for (const auto& [key, value] : context.query) text += key + "=" + value + "&";
    co_return make_text(200, text);
  };
}

TEST(Router, FollowsTheTable) {
  Router router;
  router.add("GET", "/", describe("root"));
  router.add("GET", "/v1/tasks", describe("tasks"));
  router.add("GET", "/v1/tasks/special", describe("special"));
  router.add("GET", "/v1/tasks/{c}/{arn...}", describe("task"));
  router.add("GET", "/v1/environments/{name}", describe("get"));
  router.add("DELETE", "/v1/environments/{name}", describe("delete"));
  router.add("POST", "/v1/environments/{name}/deployments", describe("deploy"));
  const std::string arn = "arn:aws:ecs:eu-west-1:1:task/prod/9";
  const std::tuple<const char*, std::string, int, std::string> rows[] = {
      {"GET", "/", 200, "root"},
      {"GET", "/v1/tasks", 200, "tasks"},
      {"HEAD", "/v1/tasks", 200, "tasks"},
      {"GET", "/v1/tasks?b=1&a=%26+x&b=2&c&=", 200, "tasks ?b=1&a=& x&b=2&c=&=&"},
      {"GET", "/v1/tasks/special", 200, "special"},
      {"GET", "/v1/tasks/prod/" + arn, 200, "task c=prod arn=" + arn},
      {"GET", "/v1/tasks/prod/" + encode_path_segment(arn), 200, "task c=prod arn=" + arn},
      {"GET", "/v1/tasks/a%2Fb/x%252F", 200, "task c=a/b arn=x%2F"},
      {"GET", "http://host:80/v1/tasks", 400,
       "target 'http://host:80/v1/tasks': not a path with an optional query, percent-encoded as "
       "RFC 3986 says"},
      {"GET", "/v1/tasks/prod", 404, "Not found: /v1/tasks/prod"},
      {"GET", "/v2", 404, "Not found: /v2"},
      {"GET", "/v1/environments/web", 200, "get name=web"},
      {"DELETE", "/v1/environments/web", 200, "delete name=web"},
      {"POST", "/v1/environments/web", 405, "POST is not allowed here, only GET, HEAD, DELETE"},
      {"GET", "/v1/environments/web/deployments", 405, "GET is not allowed here, only POST"},
      {"GET", "/v1/tasks/?a=%20b", 301, "Moved permanently to /v1/tasks?a=%20b"},
      {"GET", "/v1/tasks/prod/a%2Fb/", 301, "Moved permanently to /v1/tasks/prod/a%2Fb"},
      {"GET", "/v2/", 404, "Not found: /v2/"},
      {"GET", "//v1/tasks", 301, "Moved permanently to /v1/tasks"},
      {"GET", "///v1//tasks//?a=b", 301, "Moved permanently to /v1/tasks?a=b"},
      {"POST", "//v1/tasks", 301, "Moved permanently to /v1/tasks"},
      {"GET", "/v1/tasks/prod//x", 301, "Moved permanently to /v1/tasks/prod/x"},
      {"GET", "/v1/./tasks/.", 301, "Moved permanently to /v1/tasks"},
      {"GET", "/v1/x/%2e%2E/tasks", 301, "Moved permanently to /v1/tasks"},
      {"GET", "/../../v1/tasks/prod/..", 301, "Moved permanently to /v1/tasks"},
      {"GET", "/v1/tasks/prod/..x", 200, "task c=prod arn=..x"},
      {"GET", "/v1/tasks/prod/...", 200, "task c=prod arn=..."},
      {"GET", "/v1/tasks/prod/%2e/", 404, "Not found: /v1/tasks/prod/%2e/"},
      {"GET", "//", 301, "Moved permanently to /"},
      {"GET", "/..", 301, "Moved permanently to /"},
      {"GET", "//evil.example/v1/tasks", 404, "Not found: //evil.example/v1/tasks"},
      {"GET", "//evil.example/..//evil.example", 404, "Not found: //evil.example/..//evil.example"},
      {"GET", "//evil.example/../v1/tasks", 301, "Moved permanently to /v1/tasks"},
  };
  for (const auto& [method, target, status, text] : rows) {
    SimLoop loop{1};
    Scope scope{loop};
    Response response;
    Request request;
    request.method = method;
    request.target = target;
    scope.spawn(store(router.handle(std::move(request)), response));
    loop.run_for(Duration::zero());
    EXPECT_EQ(response.status, status) << method << " " << target;
    EXPECT_EQ(std::get<std::string>(response.body), text) << method << " " << target;
    if (status == 405) {
      EXPECT_EQ(header_of(response, "allow"), text.substr(text.find("only ") + 5));
    }
    if (status == 301) {
      EXPECT_EQ(header_of(response, "location"), text.substr(text.find('/')));
      EXPECT_NE(header_of(response, "location").substr(0, 2), "//");
    }
  }
}

}  // namespace
}  // namespace blox::http
