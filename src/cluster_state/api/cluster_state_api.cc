#include "cluster_state/api/cluster_state_api.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <utility>

#include "cluster_state/api/change_stream.h"
#include "cluster_state/api/dead_letters_json.h"
#include "cluster_state/api/holes_text.h"
#include "cluster_state/api/kept_events_json.h"
#include "cluster_state/api/list_body.h"
#include "cluster_state/view/dead_letters.h"
#include "cluster_state/view/kept_events.h"

namespace blox::cluster_state {
namespace {

constexpr std::string_view kJson = "application/json; charset=UTF-8";
constexpr std::size_t kRecordsDefault = 100;
constexpr std::size_t kRecordsMax = 1'000;

// Of a list: what to resume a stream from. In headers, so that the body stays that of v0.3.
void add_bookmark_headers(const Snapshot& snapshot, http::Headers& headers) {
  headers.emplace_back("Blox-Entity-Version", std::to_string(snapshot.version()));
  headers.emplace_back("Blox-Store-Id", snapshot.store_id);
}

// Which clusters an answer about all of them leaves out, and of which it may lack objects. Of an
// answer about one `cluster` only whether it is among the latter.
void add_unread_headers(const UnreadState& unread, const Snapshot& snapshot,
                        const std::string& cluster, http::Headers& headers) {
  if (cluster.empty() && !unread.clusters.empty()) {
    headers.emplace_back("Blox-Unread-Clusters", list_unread(unread));
  }
  if (auto incomplete = list_incomplete(*snapshot.holes, cluster); !incomplete.empty()) {
    headers.emplace_back("Blox-Incomplete-Clusters", std::move(incomplete));
  }
}

// How many records are asked for.
Result<std::size_t> read_limit(const http::Query& query) {
  const auto text = http::find_query(query, "limit");
  if (!text) return kRecordsDefault;
  std::size_t limit = 0;
  const auto* end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, limit);
  if (parsed.ec == std::errc{} && parsed.ptr == end && limit >= 1 && limit <= kRecordsMax) {
    return limit;
  }
  return fail(ErrorKind::kInvalid,
              "limit '" + std::string{*text} + "' is not understood: it takes 1 to 1000");
}

Status check_known(const http::Query& query, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : query) {
    if (std::ranges::find(known, name) != known.end()) continue;
    std::string message = "'" + name + "' is not understood; known are:";
    for (const auto other : known) message.append(" ").append(other);
    return fail(ErrorKind::kInvalid, std::move(message));
  }
  return done();
}

http::Response not_loaded() {
  return to_response(
      Error{ErrorKind::kUnavailable, "The stored cluster state is still being loaded"});
}

}  // namespace

ClusterStateApi::ClusterStateApi(ClusterView& view, Metrics& metrics,
                                 ClusterStateApiOptions options)
    : view_(view),
      metrics_(metrics),
      options_(std::move(options)),
      bookmarks_(view, options_.annotate) {}

void ClusterStateApi::add_to(http::Router& router) {
  using Context = http::RequestContext;
  using Answer = Async<http::Response>;
  const std::pair<ObjectKind, std::string> kinds[] = {{ObjectKind::kTask, "tasks"},
                                                      {ObjectKind::kInstance, "instances"}};
  for (const auto& [listed, name] : kinds) {
    const ObjectKind kind = listed;
    router.add("GET", "/v1/" + name,
               [this, kind](Context context) -> Answer { co_return list(kind, context); },
               {.cost = http::Cost::kList});
    router.add("GET", "/v1/" + name + "/{cluster}/{arn...}",
               [this, kind](Context context) -> Answer { co_return get(kind, context); });
    router.add("GET", "/v1/stream/" + name,
               [this, kind](Context context) -> Answer { co_return stream(kind, context); },
               {.cost = http::Cost::kStream});
  }
  router.add("GET", "/v1/deadletters",
             [this](Context context) { return dead_letters(std::move(context)); },
             {.cost = http::Cost::kStore});
  router.add("GET", "/v1/events",
             [this](Context context) { return kept_events(std::move(context)); },
             {.cost = http::Cost::kStore});
  if (options_.reconcile) {
    router.add("POST", "/v1/reconcile",
               [this](Context context) -> Answer { co_return reconcile(context); },
               {.cost = http::Cost::kChange});
  }
  const http::RouteOptions probe{.cost = http::Cost::kProbe, .is_open = true};
  router.add(
      "GET", "/healthz", [](Context) -> Answer { co_return http::make_text(200, "ok"); }, probe);
  router.add("GET", "/readyz", [this](Context) -> Answer { co_return readiness(); }, probe);
  router.add("GET", "/metrics", [this](Context) -> Answer {
    http::Response response;
    response.headers.emplace_back("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    response.body = metrics_.to_text();
    co_return response;
  });
}

http::Response ClusterStateApi::list(ObjectKind kind, const http::RequestContext& context) {
  const auto options = read_list_options(kind, context.query);
  if (!options) return to_response(options.error());
  const auto snapshot = view_.snapshot();
  if (!snapshot) return not_loaded();
  const UnreadPtr state = unread();
  const ListFilter& filter = options->filter;
  const std::string cluster = filter.cluster_arn.value_or(filter.cluster_name.value_or(""));
  if (const auto why = why_unread(*state, cluster); why && !options->bookmarks) {
    return to_response(Error{ErrorKind::kUnavailable, *why});
  }
  std::string end = "]}";
  if (options->bookmarks) {
    end = "],\"bookmark\":" + codec::encode_bookmark(bookmarks_.bookmark_of(*snapshot)) + "}";
  }
  http::Response response;
  response.headers.emplace_back("Content-Type", kJson);
  add_bookmark_headers(*snapshot, response.headers);
  add_unread_headers(*state, *snapshot, cluster, response.headers);
  // Of one cluster alone all is asked for; and with a bookmark a client can tell.
  const bool is_of_all = cluster.empty() && !options->bookmarks;
  Selection selection{snapshot, kind, filter, is_of_all ? left_out(state) : nullptr};
  response.body = std::make_unique<ListBody>(std::move(selection), std::move(end));
  return response;
}

http::Response ClusterStateApi::get(ObjectKind kind, const http::RequestContext& context) {
  if (const auto& query = context.query; !query.empty()) {
    return to_response(Refusal{.status = 400,
                               .body = kUnsupportedFilter,
                               .detail = "'" + query.front().first + "': there are none here"});
  }
  const auto snapshot = view_.snapshot();
  if (!snapshot) return not_loaded();
  const std::string& cluster = context.parameter("cluster");
  const std::string& arn = context.parameter("arn");
  const auto entry = snapshot->table(kind).by_arn.find("", arn);
  if (!entry || entry->cluster_name != cluster) {
    if (const auto why = why_unread(*unread(), cluster)) {
      return to_response(Error{ErrorKind::kUnavailable, *why});
    }
    if (is_hole(*snapshot->holes, arn)) {
      return to_response(Error{ErrorKind::kUnavailable, "ECS lists it and does not describe it"});
    }
    return to_response(
        Refusal{.status = 404,
                .body = kind == ObjectKind::kTask ? kTaskNotFound : kInstanceNotFound,
                .detail = "no " + arn + " in a cluster of the name " + cluster});
  }
  http::Response response;
  response.headers.emplace_back("Content-Type", kJson);
  response.body = http::Slices{{.owner = entry, .bytes = entry->item(/*first=*/true)}};
  return response;
}

http::Response ClusterStateApi::stream(ObjectKind kind, const http::RequestContext& context) {
  const auto options = read_stream_options(context.query);
  if (!options) return to_response(options.error());
  const auto snapshot = view_.snapshot();
  if (!snapshot) return not_loaded();
  const UnreadPtr state = unread();
  if (const auto why = why_unread(*state, ""); why && !options->bookmarks) {
    return to_response(Error{ErrorKind::kUnavailable, *why});
  }
  auto body = open_change_stream(view_, kind, *options, bookmarks_, [this] { return unread(); });
  if (!body) return to_response(body.error());
  http::Response response;
  response.headers.emplace_back("Content-Type", "application/octet-stream");
  response.headers.emplace_back("Blox-Store-Id", snapshot->store_id);
  add_unread_headers(*state, *snapshot, "", response.headers);
  response.body = *std::move(body);
  return response;
}

http::Response ClusterStateApi::readiness() const {
  const auto snapshot = view_.snapshot();
  if (!snapshot) return not_loaded();
  const Status ready = options_.ready ? options_.ready() : done();
  if (!ready) return http::make_busy(503, ready.error().message);
  // A warning: what is lacking is told, and to be restarted for it would mend nothing.
  return http::make_text(200, "ready" + describe_holes(*snapshot->holes));
}

http::Response ClusterStateApi::reconcile(const http::RequestContext& context) const {
  if (const Status known = check_known(context.query, {"cluster"}); !known) {
    return to_response(known.error());
  }
  const std::string cluster{http::find_query(context.query, "cluster").value_or("")};
  const auto begins = options_.reconcile(cluster);
  if (!begins) return to_response(begins.error());
  return http::make_text(202, *begins ? "will be read from ECS soon"
                                      : "joins a read of ECS that waits or is under way");
}

Async<http::Response> ClusterStateApi::dead_letters(http::RequestContext context) {
  if (const Status known = check_known(context.query, {"limit"}); !known) {
    co_return to_response(known.error());
  }
  const auto limit = read_limit(context.query);
  if (!limit) co_return to_response(limit.error());
  const auto letters = co_await list_dead_letters(view_.store(), *limit);
  if (!letters) co_return to_response(letters.error());
  co_return http::make_json(200, encode_dead_letters(*letters));
}

Async<http::Response> ClusterStateApi::kept_events(http::RequestContext context) {
  if (const Status known = check_known(context.query, {"cluster", "detailType", "limit"}); !known) {
    co_return to_response(known.error());
  }
  const auto limit = read_limit(context.query);
  if (!limit) co_return to_response(limit.error());
  EventFilter filter{
      .cluster = std::string{http::find_query(context.query, "cluster").value_or("")},
      .detail_type = std::string{http::find_query(context.query, "detailType").value_or("")}};
  const auto events = co_await list_kept_events(view_.store(), std::move(filter), *limit);
  if (!events) co_return to_response(events.error());
  co_return http::make_json(200, encode_kept_events(*events));
}

}  // namespace blox::cluster_state
