// The HTTP face of the cluster-state-service: the v0.3 endpoints for tasks and instances, their
// streams, and what operators ask.
#pragma once

#include <functional>

#include "base/metrics.h"
#include "cluster_state/api/bookmark_lines.h"
#include "cluster_state/api/request_options.h"
#include "cluster_state/api/unread.h"
#include "cluster_state/view/cluster_view.h"
#include "http/router.h"

namespace blox::cluster_state {

struct ClusterStateApiOptions {
  /// What /readyz says once the view is loaded: ok, or why not. Not set: ok.
  std::function<Status()> ready;
  /// Has one cluster, a name or an ARN, or with an empty text all read from ECS soon. Shape: true
  /// when a read is begun for it, false when it joins one. Not set: 404.
  std::function<Result<bool>(const std::string& cluster)> reconcile;
  /// Called for each bookmark before it is written. Not set: nothing is added.
  Annotate annotate;
  /// What was not read from ECS yet. Not set: all is taken for read.
  FindUnread unread;
};

/// Adds its routes to a router, which the view, the metrics and it itself must outlive:
/// GET /v1/tasks, /v1/tasks/{cluster}/{arn}, /v1/stream/tasks, the same of instances,
/// /v1/deadletters, /v1/events, /healthz, /readyz, /metrics; POST /v1/reconcile.
/// Threading: the executor's thread.
class ClusterStateApi {
 public:
  ClusterStateApi(ClusterView& view, Metrics& metrics, ClusterStateApiOptions options = {});
  void add_to(http::Router& router);

 private:
  http::Response list(ObjectKind kind, const http::RequestContext& context);
  http::Response get(ObjectKind kind, const http::RequestContext& context);
  http::Response stream(ObjectKind kind, const http::RequestContext& context);
  http::Response readiness() const;
  http::Response reconcile(const http::RequestContext& context) const;
  UnreadPtr unread() const { return options_.unread ? options_.unread() : all_read_; }
  Async<http::Response> kept_events(http::RequestContext context);
  Async<http::Response> dead_letters(http::RequestContext context);

  ClusterView& view_;
  Metrics& metrics_;
  ClusterStateApiOptions options_;
  UnreadPtr all_read_ = std::make_shared<const UnreadState>();
  BookmarkLines bookmarks_;
};

}  // namespace blox::cluster_state
