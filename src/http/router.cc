#include "http/router.h"

#include <algorithm>
#include <optional>
#include <span>

#include "base/check.h"

namespace blox::http {
namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;
using Segments = std::span<const std::string>;

bool is_parameter(std::string_view segment) { return segment.starts_with('{'); }
bool is_rest(std::string_view segment) { return segment.ends_with("...}"); }

std::string parameter_name(std::string_view segment) {
  return std::string{segment.substr(1, segment.size() - (is_rest(segment) ? 5 : 2))};
}

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    segments.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

std::string join(Segments segments) {
  std::string joined;
  for (const auto& segment : segments) {
    if (!joined.empty()) joined.push_back('/');
    joined += segment;
  }
  return joined;
}

bool add_parameter(Parameters& parameters, std::string_view segment, std::string_view raw) {
  auto value = decode_percent(raw);  // Cannot fail: parse_target has decoded all of it.
  if (!value || value->empty()) return false;
  parameters.emplace_back(parameter_name(segment), std::move(*value));
  return true;
}

std::optional<Parameters> match(Segments pattern, Segments path) {
  Parameters parameters;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (i >= path.size()) return std::nullopt;
    if (is_rest(pattern[i])) {
      // An empty first segment would be dropped by join, and is no name anyway.
      if (path[i].empty()) return std::nullopt;
      if (!add_parameter(parameters, pattern[i], join(path.subspan(i)))) return std::nullopt;
      return parameters;
    }
    if (is_parameter(pattern[i])) {
      if (!add_parameter(parameters, pattern[i], path[i])) return std::nullopt;
    } else if (pattern[i] != path[i]) {
      return std::nullopt;
    }
  }
  if (path.size() != pattern.size()) return std::nullopt;
  return parameters;
}

Response redirect_to(std::string path, const std::string& query) {
  if (!query.empty()) path += "?" + query;
  Response response = make_text(301, "Moved permanently to " + path);
  response.headers.emplace_back("Location", std::move(path));
  return response;
}

}  // namespace

const std::string& RequestContext::parameter(std::string_view name) const {
  const auto found = std::ranges::find(
      parameters, name, [](const auto& pair) -> const std::string& { return pair.first; });
  check(found != parameters.end(), "a route asks for a parameter that its pattern does not have");
  return found->second;
}

void Router::add(std::string method, std::string_view pattern, Handle handle) {
  check(pattern.starts_with('/'), "a pattern starts with a slash");
  routes_.push_back(Route{std::move(method), split(pattern), std::move(handle)});
}

Async<Response> Router::handle(Request request) {
  auto target = parse_target(request.target);
  if (!target) co_return make_text(400, target.error().message);
  co_return co_await route(std::move(request), std::move(*target));
}

Async<Response> Router::route(Request request, Target target) {
  Segments path{target.raw_segments};
  // The root is "/" itself; anywhere else a last empty segment is a trailing slash.
  const bool slash = path.size() > 1 && path.back().empty();
  if (slash) path = path.first(path.size() - 1);
  std::vector<std::string> allowed;
  for (const auto& route : routes_) {
    auto parameters = match(route.segments, path);
    if (!parameters) continue;
    if (slash) co_return redirect_to("/" + join(path), target.raw_query);
    if (route.method == request.method || (route.method == "GET" && request.method == "HEAD")) {
      RequestContext context{std::move(request), std::move(*parameters), std::move(target.query)};
      co_return co_await route.handle(std::move(context));
    }
    allowed.push_back(route.method);
    if (route.method == "GET") allowed.push_back("HEAD");
  }
  if (allowed.empty()) co_return make_text(404, "Not found: " + request.target);
  std::string methods;
  for (const auto& method : allowed) methods += (methods.empty() ? "" : ", ") + method;
  Response response = make_text(405, request.method + " is not allowed here, only " + methods);
  response.headers.emplace_back("Allow", std::move(methods));
  co_return response;
}

}  // namespace blox::http
