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

// "." and "..", however they are encoded.
bool is_dots(std::string_view segment, std::size_t count) {
  for (; count > 0; --count) {
    const bool encoded = is_same_name(segment.substr(0, 3), "%2e");
    if (!encoded && !segment.starts_with('.')) return false;
    segment.remove_prefix(encoded ? 3 : 1);
  }
  return segment.empty();
}

// The root is "/" itself, an empty segment.
bool is_clean(Segments path) {
  if (path.size() == 1 && path.front().empty()) return true;
  return std::ranges::none_of(path, [](const std::string& segment) {
    return segment.empty() || is_dots(segment, 1) || is_dots(segment, 2);
  });
}

// As v0.3's router cleaned paths: no empty segment, so no two slashes in a row and none at the end;
// no "."; and each ".." takes the segment before it along.
std::vector<std::string> clean(Segments path) {
  std::vector<std::string> kept;
  for (const auto& segment : path) {
    if (segment.empty() || is_dots(segment, 1)) continue;
    if (!is_dots(segment, 2)) {
      kept.push_back(segment);
    } else if (!kept.empty()) {
      kept.pop_back();
    }
  }
  if (kept.empty()) kept.emplace_back();
  return kept;
}

Async<Response> answer(Response response) { co_return response; }

Response not_found(const std::string& target) { return make_text(404, "Not found: " + target); }

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

// Only to a path of ours: "//evil.example" would be another host's. A clean path of ours begins
// with one slash and a segment of a pattern.
Response Router::redirect_to_clean(std::span<const std::string> path, const std::string& target,
                                   const std::string& query) const {
  const auto cleaned = clean(path);
  const bool is_ours = std::ranges::any_of(
      entries_, [&](const Entry& entry) { return matches(entry.segments, cleaned); });
  return is_ours ? redirect_to("/" + join(cleaned), query) : not_found(target);
}

Async<Response> Router::handle(Request request) {
  if (!request.url) {
    auto target = parse_target(request.target);
    if (!target) return answer(make_text(400, target.error().message));
    request.url = *std::move(target);
  }
  Target target = *std::exchange(request.url, std::nullopt);
  const Segments path{target.raw_segments};
  if (!is_clean(path)) return answer(redirect_to_clean(path, request.target, target.raw_query));
  std::vector<std::string> allowed;
  for (const auto& entry : entries_) {
    if (!matches(entry.segments, path)) continue;
    if (takes(entry, request.method)) {
      return entry.handle(
          {std::move(request), take_parameters(entry.segments, path), std::move(target.query)});
    }
    allowed.push_back(entry.method);
    if (entry.method == "GET") allowed.push_back("HEAD");
  }
  if (allowed.empty()) return answer(not_found(request.target));
  std::string methods;
  for (const auto& method : allowed) methods += (methods.empty() ? "" : ", ") + method;
  Response response = make_text(405, request.method + " is not allowed here, only " + methods);
  response.headers.emplace_back("Allow", std::move(methods));
  return answer(std::move(response));
}

}  // namespace blox::http
