// Router: from method and path to the function that answers. All services hang on one.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.h"
#include "http/url.h"

namespace blox::http {

/// A request with what its path and query say.
struct RequestContext {
  Request request;
  std::vector<std::pair<std::string, std::string>> parameters;  ///< Decoded, in the path's order.
  Query query;

  /// The path parameter `name`. Requires: the route's pattern has it.
  const std::string& parameter(std::string_view name) const;
};

/// What a Route has besides its name; see there.
struct RouteOptions {
  Cost cost = Cost::kCheap;
  bool is_open = false;
  std::size_t body_bytes_max = kBodyBytesMax;
};

/// A Handler made of routes. Add them all before it serves.
/// Unknown path: 404; known path, other method: 405 with Allow; a path that is known once it is
/// clean: 301 to that, as in v0.3. Clean is one without a trailing slash, two slashes in a row, "."
/// and "..". HEAD is answered by the route of GET.
class Router final : public Handler {
 public:
  /// Lives as long as the router, so a coroutine in it may use its captures.
  using Handle = std::function<Async<Response>(RequestContext)>;

  /// `pattern` is "/v1/tasks/{cluster}/{arn...}": `{name}` takes one segment that is not empty,
  /// `{name...}`, at the end only, all the rest (>= 1 character), slashes sent as "/" or "%2F".
  /// Of several that match, the first added answers.
  void add(std::string method, std::string_view pattern, Handle handle, RouteOptions options = {});

  const Route& route_of(const Request& head) const override;
  Async<Response> handle(Request request) override;

 private:
  struct Entry {
    Route route;
    std::string method;
    std::vector<std::string> segments;  // "v1", "{cluster}", "{arn...}".
    Handle handle;
  };
  static bool takes(const Entry& entry, std::string_view method);
  Response redirect_to_clean(std::span<const std::string> path, const std::string& target,
                             const std::string& query) const;

  std::vector<Entry> entries_;
};

}  // namespace blox::http
