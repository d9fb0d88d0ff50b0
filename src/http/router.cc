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

bool matches(Segments pattern, Segments path) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    // An empty segment is no name, and a rest that begins with one would lose it.
    if (i >= path.size()) return false;
    if (!is_parameter(pattern[i])) {
      if (pattern[i] != path[i]) return false;
      continue;
    }
    if (path[i].empty()) return false;
    if (is_rest(pattern[i])) return true;
  }
  return path.size() == pattern.size();
}

// Requires: they match, and the path's encoding has been validated.
Parameters take_parameters(Segments pattern, Segments path) {
  Parameters parameters;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (!is_parameter(pattern[i])) continue;
    const std::string raw = is_rest(pattern[i]) ? join(path.subspan(i)) : path[i];
    parameters.emplace_back(parameter_name(pattern[i]), decode_percent(raw).value_or(""));
  }
  return parameters;
}

// Without the empty segment that a trailing slash makes. The root is "/" itself.
Segments without_slash(Segments path) {
  const bool slash = path.size() > 1 && path.back().empty();
  return slash ? path.first(path.size() - 1) : path;
}

Async<Response> answer(Response response) { co_return response; }

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

void Router::add(std::string method, std::string_view pattern, Handle handle,
                 RouteOptions options) {
  check(pattern.starts_with('/'), "a pattern starts with a slash");
  Route route{method + " " + std::string{pattern}, options.body_bytes_max, options.cost,
              options.is_open};
  entries_.push_back(Entry{std::move(route), std::move(method), split(pattern), std::move(handle)});
}

bool Router::takes(const Entry& entry, std::string_view method) {
  return entry.method == method || (entry.method == "GET" && method == "HEAD");
}

const Route& Router::route_of(const Request& head) const {
  if (head.url) {
    const Segments path{head.url->raw_segments};
    for (const auto& entry : entries_) {
      if (takes(entry, head.method) && matches(entry.segments, path)) return entry.route;
    }
  }
  return Handler::route_of(head);
}

Async<Response> Router::handle(Request request) {
  if (!request.url) {
    auto target = parse_target(request.target);
    if (!target) return answer(make_text(400, target.error().message));
    request.url = *std::move(target);
  }
  Target target = *std::exchange(request.url, std::nullopt);
  const Segments whole{target.raw_segments};
  const Segments path = without_slash(whole);
  std::vector<std::string> allowed;
  for (const auto& entry : entries_) {
    if (!matches(entry.segments, path)) continue;
    if (path.size() < whole.size()) {
      return answer(redirect_to("/" + join(path), target.raw_query));
    }
    if (takes(entry, request.method)) {
      return entry.handle(
          {std::move(request), take_parameters(entry.segments, path), std::move(target.query)});
    }
    allowed.push_back(entry.method);
    if (entry.method == "GET") allowed.push_back("HEAD");
  }
  if (allowed.empty()) return answer(make_text(404, "Not found: " + request.target));
  std::string methods;
  for (const auto& method : allowed) methods += (methods.empty() ? "" : ", ") + method;
  Response response = make_text(405, request.method + " is not allowed here, only " + methods);
  response.headers.emplace_back("Allow", std::move(methods));
  return answer(std::move(response));
}

}  // namespace blox::http
